// What happened to a customer, as the console shows it, and the ways back.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createClient } from '#client/clientele.ts';
import {
  at,
  button,
  change,
  dialog,
  heading,
  heard,
  open,
  openConsole,
  person,
  press,
  record,
  stored,
  unheard,
  value,
} from './record-support.ts';

openConsole();

describe('the history of a record', () => {
  test('tells who changed what, by which request, page by page', async () => {
    const { id } = await person();
    for (let turn = 1; turn <= 24; turn++) await change(id, { external_id: `crm-${turn}` });
    await at.page.goto(`/customers/${id}`);
    await at.page
      .getByText(/^Changed by editor/)
      .first()
      .waitFor();
    assert.equal(await at.page.getByText(/^Changed by editor/).count(), 20);
    await button('Show older changes').click();
    await at.page.getByText(/^Created by editor/).waitFor();
    assert.equal(await at.page.getByText(/^Changed by editor/).count(), 24);
    assert.equal(await button('Show older changes').count(), 0);

    const last = at.page.getByRole('listitem').filter({ hasText: 'crm-24' });
    assert.match((await last.textContent())!, /External idbefore crm-23→after crm-24/);
    await last.getByText('Details').click();
    const { results } = (await at.server.call('GET', `/api/customers/${id}/history?limit=1`)).body;
    await last.getByText(results[0].request_id).waitFor();
    await last.getByText('editor (API key)').waitFor();
  });

  test('names the cause of a change', async () => {
    const { id } = await person();
    const { causes, customers } = createClient({ url: at.server.base, key: at.server.keys.editor });
    const { id: cause_id } = await customers.bulkEdit({ action: 'update', customer: { is_active: false }, ids: [id] });
    await causes.ended(cause_id);
    await open(id);
    const link = at.page.getByRole('link', { name: 'a bulk edit' });
    await link.waitFor();
    assert.equal(await link.getAttribute('href'), `/activity/${cause_id}`);
  });

  test('leads back to any version, once one has seen what changes', async () => {
    const { id, email } = await person({ phone: '+1 212 555 0100' });
    await change(id, { last_name: 'King', phone: null });
    await change(id, { email: `king-${id}@example.com` });
    await open(id);
    await button('View version 1').click();
    await dialog().getByText('now King', { exact: true }).waitFor();
    await dialog().getByText('now none').waitFor();
    await dialog().getByRole('button', { name: 'Restore version 1' }).click();
    const rows = dialog().getByRole('row');
    assert.deepEqual(await rows.allTextContents(), [
      'FieldNowThen',
      'Last nameKingLovelace',
      `Emailking-${id}@example.com${email}`,
      'Phonenone+1 212 555 0100',
    ]);
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await stored(id)).version, 3);
    await button('Restore version 1').click();
    await dialog().getByRole('button', { name: 'Restore', exact: true }).click();
    await at.page.getByText('Version 1 stands again.').waitFor();
    await heading('Ada Lovelace').waitFor();
    const now = await stored(id);
    assert.deepEqual([now.email, now.phone, now.version], [email, '+1 212 555 0100', 4]);
  });

  test('does not lead back over a change that one has not seen, nor to what is taken', async () => {
    await unheard();
    const { id, email } = await person();
    await change(id, { email: `other-${id}@example.com` });
    await open(id);
    await change(id, { last_name: 'King' });
    await button('Restore version 1').click();
    await dialog().getByRole('button', { name: 'Restore', exact: true }).click();
    await dialog().getByText('The customer was changed meanwhile.').waitFor();
    await dialog().getByText('King').waitFor();
    await person({ email, first_name: 'Thea' });
    await dialog().getByRole('button', { name: 'Restore', exact: true }).click();
    await dialog().getByText('A customer with this email already exists.').waitFor();
    await dialog().getByRole('link', { name: 'Open the customer who has it' }).click();
    await heading('Thea Lovelace').waitFor();
    assert.equal(await dialog().count(), 0);
    await heard();
  });

  test('leads a deleted customer back to a version as well', async () => {
    const { id } = await person();
    await change(id, { last_name: 'King' });
    await at.server.call('DELETE', `/api/customers/${id}`);
    await open(id);
    await button('Restore version 1').click();
    await dialog().getByText('will be restored first').waitFor();
    await dialog().getByRole('button', { name: 'Restore', exact: true }).click();
    await heading('Ada Lovelace').waitFor();
    assert.equal((await stored(id)).last_name, 'Lovelace');
  });

  test('lets a single change be undone, and tells what stays', async () => {
    const { id } = await person();
    await change(id, { first_name: 'Augusta', last_name: 'King' });
    await change(id, { last_name: 'Noel' });
    await open(id);
    await button('Undo the change to version 2').click();
    await dialog().getByText('Not everything was undone').waitFor();
    assert.match((await dialog().getByRole('listitem').textContent())!, /Last name: It was changed again since\./);
    await dialog().getByRole('button', { name: 'Done' }).click();
    await heading('Ada Noel').waitFor();
    await button('Undo the change to version 3').click();
    await at.page.getByText('The change is undone.').waitFor();
    await heading('Ada King').waitFor();
    await at.page.getByRole('link', { name: 'an undo' }).first().waitFor();
  });
});

describe('a customer that is deleted', () => {
  test('is back by the message that says so, by keyboard', async () => {
    const { id } = await person();
    await open(id);
    await button('Delete this customer').focus();
    await press('Enter');
    const message = at.page.getByRole('region', { name: 'Messages' });
    await message.getByText('Ada Lovelace is deleted.').waitFor();
    assert.equal((await at.server.call('GET', `/api/customers/${id}`)).status, 404);
    await message.getByRole('button', { name: 'Undo' }).focus();
    await press('Enter');
    await message.getByText('Ada Lovelace is restored.').waitFor();
    assert.equal((await stored(id)).version, 3);
  });

  test('is not deleted where somebody changed it meanwhile', async () => {
    const { id } = await person();
    await unheard();
    await open(id);
    await change(id, { last_name: 'King' });
    await button('Delete this customer').click();
    await at.page.getByText('Ada Lovelace was changed meanwhile and is not deleted.').waitFor();
    await heading('Ada King').waitFor();
    assert.equal((await stored(id)).version, 2);
    await heard();
  });

  test('says by whom, and is restored unless somebody has its email by now', async () => {
    const { id, email } = await person();
    await at.me.call('DELETE', `/api/customers/${id}`);
    const holder = await person({ email, first_name: 'Thea' });
    await open(id);
    await at.page.getByText(`Deleted by ${at.me.name},`).first().waitFor();
    await record().getByText('Deleted', { exact: true }).waitFor();
    assert.equal(await value('Last name').count(), 0);
    await button('Restore').first().click();
    await at.page.getByText('A customer with this email already exists.').waitFor();
    assert.equal(
      await at.page.getByRole('link', { name: 'Open the customer who has it' }).getAttribute('href'),
      `/customers/${holder.id}`,
    );
    await change(holder.id, { email: `thea-${id}@example.com` });
    await button('Restore').first().click();
    await value('Last name Lovelace').waitFor();
  });

  test('is listed with the others, and restored there', async () => {
    const ids: string[] = [];
    for (let turn = 0; turn < 52; turn++) ids.push((await person({ last_name: `Gone${'ab'[turn % 2]}` })).id);
    for (const id of ids) await at.server.call('DELETE', `/api/customers/${id}`);
    await at.page.goto('/customers');
    await at.page.getByRole('link', { name: 'Deleted customers' }).click();
    const rows = at.page.getByRole('row');
    await rows.nth(50).waitFor();
    assert.equal(await rows.count(), 51);
    await button('Show more').focus();
    await press('Enter');
    await rows.nth(52).waitFor();
    const first = rows.nth(1);
    await first.getByRole('button', { name: /^Restore Ada Gone/ }).click();
    await at.page.getByText(/^Ada Gone[ab] is restored\.$/).waitFor();
    assert.equal((await stored(ids.at(-1)!)).version, 3);
    await at.page
      .getByRole('link', { name: /Ada Gone/ })
      .first()
      .click();
    await at.page
      .getByText(/^Deleted by editor/)
      .first()
      .waitFor();
  });
});
