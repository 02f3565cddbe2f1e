// One customer in the console: editing it where it stands, and two people at once.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../support/process.ts';
import {
  at,
  button,
  change,
  dialog,
  focused,
  heading,
  heard,
  input,
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

describe('a record', () => {
  test('shows who it is, with ways to reach them, and markup as the text that it is', async () => {
    const { id } = await person({ phone: '020 7946 0958', external_id: '<img src=x onerror=alert(1)>' });
    await change(id, { phone: '+44 20 7946 0958 ext. 7' });
    await open(id);
    assert.equal(await at.page.title(), 'Ada Lovelace · Clientele');
    await at.page.getByText('<img src=x onerror=alert(1)>').first().waitFor();
    assert.equal(await at.page.locator('img[src=x]').count(), 0);
    assert.equal(
      await at.page.getByRole('link', { name: /^Write to/ }).getAttribute('href'),
      `mailto:${(await stored(id)).email}`,
    );
    assert.equal(await at.page.getByRole('link', { name: /^Call/ }).getAttribute('href'), 'tel:+442079460958');
    await at.page.getByText('International: +442079460958').waitFor();
    const time = record().locator('time').first();
    assert.match((await time.getAttribute('datetime'))!, /^\d{4}-\d\d-\d\dT.*Z$/);
    assert.match((await time.getAttribute('title'))!, /\d{4}/);
  });

  test('is edited where it stands: a click opens a field, Enter saves it, Esc leaves it', async () => {
    const { id } = await person();
    await open(id);
    await value('Last name').click();
    await input('Last name').fill('King');
    await press('Enter');
    await heading('Ada King').waitFor();
    assert.equal((await stored(id)).last_name, 'King');
    assert.equal(await focused(), 'Last name King');

    await value('Phone').click();
    await input('Phone').fill('no number');
    await press('Escape');
    await value('Phone none').waitFor();
    assert.equal(await focused(), 'Phone none');
    assert.equal((await stored(id)).version, 2);

    await at.page.getByRole('switch', { name: 'Active' }).click();
    // It turns before the server has answered.
    await at.page.getByRole('switch', { name: 'Active', checked: false }).waitFor();
    await until(async () => !(await stored(id)).is_active, 'the customer is inactive');
  });

  test('is edited by keyboard alone, all fields at once', async () => {
    const { id, email } = await person();
    await open(id);
    await press('e');
    await input('First name').waitFor();
    await at.page.keyboard.type('Augusta');
    await press('Tab');
    await at.page.keyboard.type('Byron');
    await press('Tab', 'Tab');
    await at.page.keyboard.type('+1 212 555 0123');
    await press('Enter');
    await heading('Augusta Byron').waitFor();
    const { first_name, last_name, phone, version } = await stored(id);
    assert.deepEqual([first_name, last_name, phone, version], ['Augusta', 'Byron', '+1 212 555 0123', 2]);
    assert.equal(await focused(), 'Phone +1 212 555 0123');
    await press('Shift+Tab', 'Shift+Tab', 'Shift+Tab');
    assert.equal(await focused(), `Email ${email}`);
    await press('Enter', 'ControlOrMeta+a');
    await at.page.keyboard.type('augusta@example.com');
    await press('Enter');
    await value('Email augusta@example.com').waitFor();
    await press('Tab', 'Tab', 'Tab', 'Tab', 'Tab', 'Tab');
    assert.equal(await focused(), 'Active');
    await press('Space');
    await at.page.getByRole('switch', { name: 'Active', checked: false }).waitFor();
  });

  test('keeps a value that is refused, and says why where it stands', async () => {
    const holder = await person({ first_name: 'Holly', last_name: 'Holder' });
    const { id } = await person();
    await open(id);
    await value('Email').click();
    await input('Email').fill(holder.email);
    await press('Enter');
    await at.page.getByText('A customer with this email already exists.').waitFor();
    const field = input('Email');
    assert.equal(await field.inputValue(), holder.email);
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    const described = (await field.getAttribute('aria-describedby'))!;
    assert.match((await at.page.locator(`[id="${described}"]`).textContent())!, /already exists/);
    await at.page.getByRole('link', { name: 'Open the customer who has it' }).click();
    await heading('Holly Holder').waitFor();
    // What was typed is there when one comes back.
    await at.page.goBack();
    await heading('Ada Lovelace').waitFor();
    assert.equal(await input('Email').inputValue(), holder.email);
    await at.page.getByText('You typed this earlier').waitFor();
    await input('Email').fill('not an address');
    await press('Enter');
    await at.page.getByText('Email is not a valid address.').waitFor();
    await input('Email').fill(`mine-${id}@example.com`);
    await press('Enter');
    await value(`Email mine-${id}@example.com`).waitFor();
  });

  test('is for viewers to look at', async () => {
    const { id } = await person();
    const viewer = await at.server.signIn('viewer');
    await open(id, viewer.page);
    await viewer.page.getByText('You may look at customers here').waitFor();
    assert.equal(await viewer.page.getByLabel('Ada Lovelace').getByRole('switch').count(), 0);
    assert.equal(
      await viewer.page
        .getByLabel('Ada Lovelace')
        .getByRole('button', { name: /^(First name|Delete|Edit|Undo|Restore)/ })
        .count(),
      0,
    );
    viewer.watch.assertClean();
    await viewer.context.close();
  });

  test('that there is not says so', async () => {
    await at.page.goto('/customers/01900000-0000-7000-8000-000000000000');
    await heading('There is no such customer.').waitFor();
    await at.page.goto('/customers/nobody');
    await heading('There is no such customer.').waitFor();
  });
});

describe('two people at one record', () => {
  test('whose changes leave each other alone both have theirs', async () => {
    const { id } = await person();
    await unheard();
    await open(id);
    await value('Last name').click();
    await input('Last name').fill('King');
    await change(id, { phone: '+1 212 555 0123', is_active: false });
    await press('Enter');
    await heading('Ada King').waitFor();
    await at.page.getByText('Meanwhile somebody else changed phone and active; both changes stand.').waitFor();
    await value('Phone \\+1 212 555 0123').waitFor();
    const { last_name, phone, is_active, version } = await stored(id);
    assert.deepEqual([last_name, phone, is_active, version], ['King', '+1 212 555 0123', false, 3]);
    // An unobtrusive note tells who it was.
    await at.page.getByText(/^Changed by editor .*: phone and active/).waitFor();
    await heard();
  });

  test('who changed the same field choose, and lose nothing until they have', async () => {
    const { id } = await person();
    await open(id);
    await press('e');
    await input('First name').fill('Augusta');
    await input('Last name').fill('Byron');
    await change(id, { last_name: 'Noel' });
    await press('Enter');
    await dialog().getByText('Byron').waitFor();
    await dialog().getByText('Noel').waitFor();
    await dialog().getByText('Lovelace').waitFor();
    await dialog().getByText('First name: Augusta').waitFor();
    await dialog()
      .getByText(/^editor saved another value/)
      .waitFor();
    assert.equal((await stored(id)).version, 2);

    // Not chosen yet, and put off: all stays as it is typed.
    await dialog().getByRole('button', { name: 'Save what I chose' }).click();
    await dialog().getByText('Choose one for each field.').waitFor();
    await press('Escape');
    assert.equal(await input('Last name').inputValue(), 'Byron');
    await at.page.getByText('Meanwhile changed to “Noel” by somebody else.').waitFor();

    // By keyboard: the choice has the focus.
    await input('First name').focus();
    await press('Enter');
    await dialog().waitFor();
    await dialog().locator('input:focus').waitFor();
    await press('Space');
    await dialog().locator('input:checked').waitFor();
    await press('Enter');
    await heading('Augusta Byron').waitFor();
    assert.equal((await stored(id)).version, 3);
  });

  test('see what the other does as it happens, but never over what they are typing', async () => {
    const { id } = await person();
    await open(id);
    await value('Last name').click();
    await input('Last name').fill('Byron');
    await change(id, { first_name: 'Augusta', last_name: 'Noel' });
    await heading('Augusta Noel').waitFor();
    await value('First name Augusta').waitFor();
    await record()
      .getByText(/^Changed by editor .*: first name and last name/)
      .waitFor();
    assert.equal(await input('Last name').inputValue(), 'Byron');
    await at.page.getByText('Meanwhile changed to “Noel” by somebody else.').waitFor();
    await record().getByRole('button', { name: 'Dismiss' }).click();
    await input('Last name').press('Enter');
    // Their choice all the same.
    await dialog().getByText('Noel').waitFor();
    await press('Escape', 'Escape');
    await input('Last name').press('Escape');
    await value('Last name Noel').waitFor();
    // What one does oneself, elsewhere, needs no note.
    await at.me.call('PATCH', `/api/customers/${id}`, { phone: '+1 212 555 0123' });
    await value('Phone \\+1 212 555 0123').waitFor();
    assert.equal(
      await record()
        .getByText(/^Changed by .*: phone/)
        .count(),
      0,
    );
  });

  test('and theirs may be what stands', async () => {
    const { id } = await person();
    await open(id);
    await value('Last name').click();
    await input('Last name').fill('Byron');
    await change(id, { last_name: 'Noel' });
    await press('Enter');
    await dialog().getByText('Theirs').click();
    await dialog().getByRole('button', { name: 'Save what I chose' }).click();
    await heading('Ada Noel').waitFor();
    assert.equal((await stored(id)).version, 2);
    assert.equal(await at.page.getByRole('textbox', { name: 'Last name' }).count(), 0);
  });

  test('and whoever decides is asked again when it is changed once more', async () => {
    const { id } = await person();
    await unheard();
    await open(id);
    await value('Last name').click();
    await input('Last name').fill('Byron');
    await change(id, { last_name: 'Noel' });
    await press('Enter');
    await dialog().getByText('Noel').waitFor();
    await change(id, { last_name: 'Milbanke' });
    await dialog().getByText('Yours').click();
    await dialog().getByRole('button', { name: 'Save what I chose' }).click();
    await dialog().getByText('Milbanke').waitFor();
    await dialog().getByText('Yours').click();
    await dialog().getByRole('button', { name: 'Save what I chose' }).click();
    await heading('Ada Byron').waitFor();
    assert.equal((await stored(id)).last_name, 'Byron');
    await heard();
  });

  test('one of whom deletes it: what the other typed is kept', async () => {
    const { id } = await person();
    await open(id);
    await value('Last name').click();
    await input('Last name').fill('Byron');
    await at.server.call('DELETE', `/api/customers/${id}`);
    await press('Enter');
    await at.page.getByText('This customer was deleted meanwhile.').waitFor();
    await at.page
      .getByText(/^Deleted by editor/)
      .first()
      .waitFor();
    assert.equal(await input('Last name').inputValue(), 'Byron');
    await button('Restore').first().click();
    await at.page.getByText('Ada Lovelace is restored.').waitFor();
    assert.equal(await input('Last name').inputValue(), 'Byron');
    await input('Last name').press('Enter');
    await heading('Ada Byron').waitFor();
  });
});
