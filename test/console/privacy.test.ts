// What is kept about somebody, and erasing them, as the console offers it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertAccessible } from './axe.ts';
import { at, button, dialog, open, openConsole, person } from './record-support.ts';

openConsole({}, 'admin');

describe('privacy on a record', () => {
  test('does not offer to erase where one may not', async () => {
    const { page, context } = await at.server.signIn('editor');
    await open((await person()).id, page);
    await page.getByRole('link', { name: 'All that is kept, as a page' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Erase for good' }).count(), 0);
    await context.close();
  });

  test('leads to a page with all that is kept', async () => {
    const { id, email } = await person({ phone: '+1 212 555 0100' });
    await open(id);
    const link = at.page.getByRole('link', { name: 'All that is kept, as a page' });
    const [page] = await Promise.all([at.page.context().waitForEvent('page'), link.click()]);
    await page.getByRole('heading', { name: /^What is kept about/ }).waitFor();
    await page.getByText(email).first().waitFor();
    await assertAccessible(page);
    await page.close();
  });

  test('is erasing, once asked; then a receipt is all there is, and nobody enters them again', async () => {
    const { id, email, full_name } = await person();
    await open(id);
    await button('Erase for good').click();
    const asked = dialog();
    await asked.getByText('Nothing brings it back.').waitFor();
    await assertAccessible(at.page);
    await asked.getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await at.server.call('GET', `/api/customers/${id}`)).status, 200);
    await button('Erase for good').click();
    await dialog().getByRole('button', { name: 'Erase for good' }).click();
    await at.page.getByText(`${full_name} is erased.`).waitFor();
    assert.equal((await at.server.call('GET', `/api/customers/${id}`)).status, 404);
    await at.page.goto(`/customers/${id}`);
    await at.page.getByText('This customer was erased.').waitFor();
    await at.page.getByText(/Position \d+ of the log; 1 event without values/).waitFor();
    await assertAccessible(at.page);
    const again = await at.server.call('POST', '/api/customers', { first_name: 'A', last_name: 'B', email });
    assert.equal(again.body.errors[0].code, 'suppressed');
  });
});
