// One customer, with eyes or without, in light and in dark: what axe-core finds in every state of it.
import { test } from 'node:test';
import type { Customer } from '#contract/customers.ts';
import { assertAccessible } from './axe.ts';
import { at, button, change, dialog, input, open, openConsole, person } from './record-support.ts';

openConsole();

test('nothing stands in anybody’s way', { timeout: 240_000 }, async () => {
  const me = await at.server.signIn('editor');
  at.page = me.page;
  const { page } = me;
  const see = (what: string) => assertAccessible(page, what);

  await page.goto('/deleted');
  await page.getByRole('heading', { name: 'Deleted customers' }).waitFor();
  await page.getByText(/No customer is deleted|these are all/).waitFor();
  await see('deleted customers');

  const { id, email }: Customer = await person({ phone: '020 7946 0958', external_id: 'crm-1' });
  await change(id, { last_name: 'King', is_active: false, phone: '+44 20 7946 0958 ext. 2' });
  await open(id);
  await page.getByText('Details').first().click();
  await see('a record');
  await button('Edit this customer').click();
  await input('First name').fill('');
  await input('Email').fill('x');
  await input('First name').press('Enter');
  await page.getByText('First name is required.').waitFor();
  await see('refused values');
  await input('First name').fill('Ada');
  await input('Email').fill(email);
  await input('Last name').fill('Byron');
  await change(id, { last_name: 'Noel' });
  await input('Last name').press('Enter');
  await dialog().waitFor();
  await see('a conflict');
  await dialog().getByText('Theirs').click();
  await dialog().getByRole('button', { name: 'Save what I chose' }).click();
  await page.getByText(/^Changed by editor .*: last name/).waitFor();
  await see('a note of a change');
  await button('View version 1').click();
  await see('a version');
  await dialog().getByRole('button', { name: 'Restore version 1' }).click();
  await see('a version to go back to');
  await dialog().getByRole('button', { name: 'Cancel' }).click();
  await button('Delete this customer').click();
  await page.getByText('Ada Noel is deleted.').waitFor();
  await person({ email });
  await open(id);
  await button('Restore').first().click();
  await page.getByText('A customer with this email already exists.').waitFor();
  await see('a deleted record that cannot come back');
  await page.goto('/deleted');
  await page.getByRole('row').nth(1).waitFor();
  await see('deleted customers');

  await page.goto('/customers/nobody');
  await page.getByText('There is no such customer.').waitFor();
  await see('no record');
  await page.goto('/customers');
  await button('New customer').first().click();
  await see('a new customer');
  await input('Last name').fill('4');
  await input('Last name').press('Enter');
  await page.getByText('First name is required.').waitFor();
  await see('a new customer that is refused');
  await page.keyboard.press('Escape');
  await page.getByText('Discard what you typed?').waitFor();
  await see('what is typed, to be discarded');
  me.watch.assertClean({ statuses: [400, 404, 412] });
  await me.context.close();
});
