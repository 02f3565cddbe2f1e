// The first minute: an empty list offers sample customers, and takes them away again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ConsoleServer, startConsole } from './console-server.ts';
import { rowAt } from './list-page.ts';

let server: ConsoleServer;
before(async () => {
  server = await startConsole();
});
after(() => server.stop());

test('sample customers come at a press, and go by the undo of their import', async () => {
  const editor = await server.signIn('editor');
  const { page } = editor;
  await page.goto('/customers');
  await page.getByRole('button', { name: 'Add sample customers' }).click();
  await rowAt(page, 0).locator('a').waitFor();
  const { count } = await editor.call('GET', '/api/customers?limit=1');
  assert.equal(count, 60);
  const timeline = await editor.call('GET', '/api/customers/stats/timeline');
  const days = timeline.results.filter(({ customers }: { customers: number }) => customers > 0);
  assert.ok(days.length > 20, 'They seem to have come over months.');
  await page.getByRole('button', { name: 'Remove them' }).click();
  await page.getByRole('button', { name: 'Add sample customers' }).waitFor();
  assert.equal((await editor.call('GET', '/api/customers?limit=1')).count, 0);
  editor.watch.assertClean();
});
