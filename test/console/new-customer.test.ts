// A new customer in the console, and what becomes of what somebody typed when something goes wrong meanwhile.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openRateLimiter } from '#server/rate-limit.ts';
import { PASSWORD } from './console-server.ts';
import {
  at,
  button,
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

const generous = openRateLimiter({ requests: 1_000_000, seconds: 1 });
const strict = openRateLimiter({ requests: 1, seconds: 3600 });
let isStrict = false;
const limiter = () => (isStrict ? strict : generous);
openConsole({
  rate_limiter: {
    policy: generous.policy,
    take: (caller) => limiter().take(caller),
    look: (caller) => limiter().look(caller),
  },
});

async function openForm(): Promise<void> {
  await at.page.goto('/customers');
  await button('New customer').first().click();
  await dialog().waitFor();
}

const found = async (email: string) => (await at.server.call('GET', `/api/customers?email=${email}`)).body.results;

describe('a new customer', () => {
  test('is typed and saved by keyboard alone', async () => {
    await openForm();
    assert.match(await focused(), /^First name/);
    await at.page.keyboard.type('Grace');
    await press('Tab');
    await at.page.keyboard.type('Hopper');
    await press('Tab');
    await at.page.keyboard.type('Grace@Example.com');
    await press('Tab');
    await at.page.keyboard.type('+1 212 555 0100');
    await press('Tab');
    await at.page.keyboard.type('navy-1');
    await press('Tab', 'Space', 'Enter');
    await at.page.getByText('Grace Hopper is created.').waitFor();
    assert.equal(await dialog().count(), 0);
    const [grace] = await found('grace@example.com');
    const { full_name, phone, external_id, is_active } = grace;
    assert.deepEqual([full_name, phone, external_id, is_active], ['Grace Hopper', '+1 212 555 0100', 'navy-1', false]);
    await button('Open').click();
    await heading('Grace Hopper').waitFor();
  });

  test('is refused field by field, with a way to whoever has the email already', async () => {
    const holder = await person({ first_name: 'Holly', last_name: 'Holder' });
    await openForm();
    await input('First name').fill('4');
    await input('Email').fill(holder.email);
    await input('Phone').fill('12');
    await press('Enter');
    await dialog().getByText('First name contains invalid characters.').waitFor();
    await dialog().getByText('Last name is required.').waitFor();
    await dialog().getByText('Phone must have 7 to 15 digits.').waitFor();
    assert.match(await focused(), /^First name/);
    for (const label of ['First name', 'Last name', 'Phone'])
      assert.equal(await input(label).getAttribute('aria-invalid'), 'true', label);
    await input('First name').fill('Ida');
    await input('Last name').fill('Rhodes');
    await input('Phone').fill('');
    await press('Enter');
    await dialog().getByText('A customer with this email already exists.').waitFor();
    assert.match(await focused(), /^Email/);
    await dialog().getByRole('link', { name: 'Open the customer who has it' }).click();
    await heading('Holly Holder').waitFor();
    // What was typed is there still.
    await openForm();
    await dialog().getByText('This is what you typed before.').waitFor();
    assert.equal(await input('Last name').inputValue(), 'Rhodes');
    await dialog().getByRole('button', { name: 'Start anew' }).click();
    assert.equal(await input('Last name').inputValue(), '');
    await press('Escape');
    await dialog().waitFor({ state: 'detached' });
  });

  test('is followed by another where one has several', async () => {
    await openForm();
    await input('First name').fill('Jean');
    await input('Last name').fill('Bartik');
    await input('Email').fill('jean@example.com');
    await dialog().getByRole('button', { name: 'Save and add another' }).click();
    await at.page.getByText('Jean Bartik is created.').waitFor();
    assert.equal(await input('Last name').inputValue(), '');
    assert.match(await focused(), /^First name/);
    await input('First name').fill('Betty');
    await input('Last name').fill('Holberton');
    await input('Email').fill('betty@example.com');
    await press('Enter');
    await at.page.getByText('Betty Holberton is created.').waitFor();
    assert.equal((await found('jean@example.com')).length + (await found('betty@example.com')).length, 2);
  });

  test('outlives a reload while it is typed, and is discarded only by who says so', async () => {
    await openForm();
    await input('Last name').fill('Jennings');
    await at.page.reload();
    assert.equal(await input('Last name').inputValue(), 'Jennings');
    await press('Escape');
    await at.page.getByText('Discard what you typed?').waitFor();
    assert.equal(await focused(), 'Keep typing');
    await press('Enter');
    await at.page.getByText('Discard what you typed?').waitFor({ state: 'detached' });
    assert.equal(await input('Last name').inputValue(), 'Jennings');
    await press('Escape');
    await button('Discard').click();
    await dialog().waitFor({ state: 'detached' });
    await openForm();
    assert.equal(await input('Last name').inputValue(), '');
    await press('Escape');
  });
});

describe('what somebody typed', () => {
  test('is there still when the server cannot be reached, and is saved once it can', async () => {
    const { id } = await person();
    await open(id);
    await value('Last name').click();
    await input('Last name').fill('Byron');
    await at.me.context.setOffline(true);
    await press('Enter');
    await at.page.getByText('The server cannot be reached.').first().waitFor();
    await button('Save again').waitFor();
    assert.equal(await input('Last name').inputValue(), 'Byron');
    assert.equal((await stored(id)).last_name, 'Lovelace');
    await at.me.context.setOffline(false);
    await button('Save again').click();
    await heading('Ada Byron').waitFor();
    assert.equal((await stored(id)).version, 2);
  });

  test('is there still after a reload, and so is what stood there before', async () => {
    const { id } = await person();
    await open(id);
    await value('Last name').click();
    await input('Last name').fill('Byron');
    await at.page.reload();
    await at.page.getByText('You typed this earlier and did not save it.').waitFor();
    assert.equal(await input('Last name').inputValue(), 'Byron');
    await button('Discard changes').click();
    await value('Last name Lovelace').waitFor();
    await at.page.reload();
    await value('Last name Lovelace').waitFor();
  });

  test('is there still for who closes the record, who is told so', async () => {
    const { id } = await person();
    await open(id);
    await value('Last name').click();
    await input('Last name').fill('Byron');
    await record().getByRole('button', { name: 'Close the record' }).click();
    await at.page.getByText('What you typed about Ada Lovelace is kept in this tab').waitFor();
    await button('Open').click();
    await input('Last name').waitFor();
    assert.equal(await input('Last name').inputValue(), 'Byron');
    await button('Discard changes').click();
  });

  test('is there still when too much was asked of the server, and is saved later', async () => {
    const { id } = await person();
    await open(id);
    await value('Last name').click();
    await input('Last name').fill('Byron');
    isStrict = true;
    try {
      // The one request of this hour.
      await at.page.evaluate(() => fetch('/api/session'));
      await press('Enter');
      await button('Save again').waitFor();
    } finally {
      isStrict = false;
    }
    await record()
      .getByRole('alert')
      .getByText(/Too many requests/)
      .waitFor();
    assert.equal(await input('Last name').inputValue(), 'Byron');
    await button('Save again').click();
    await heading('Ada Byron').waitFor();
  });

  test('is saved once somebody has signed in again whose session ended meanwhile', async () => {
    await unheard(); // the end of the stream would tell of it too
    const { id } = await person();
    await open(id);
    await value('Last name').click();
    await input('Last name').fill('Byron');
    await at.me.call('DELETE', '/api/session');
    await press('Enter');
    await at.page.getByText('You have been signed out').waitFor();
    await at.page.getByLabel(/^Password/).fill(PASSWORD);
    await press('Enter');
    await heading('Ada Byron').waitFor();
    assert.equal((await stored(id)).last_name, 'Byron');
    await heard();
  });

  test('in a new customer outlives the session as well', async () => {
    await unheard();
    await openForm();
    await input('First name').fill('Kay');
    await input('Last name').fill('McNulty');
    await input('Email').fill('kay@example.com');
    await at.me.call('DELETE', '/api/session');
    await press('Enter');
    await at.page.getByText('You have been signed out').waitFor();
    await at.page.getByLabel(/^Password/).fill(PASSWORD);
    await press('Enter');
    await at.page.getByText('Kay McNulty is created.').waitFor();
    await heard();
  });
});
