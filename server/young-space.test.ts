// The room for short-lived objects stays as small as the process began with until there are many connections.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const file = JSON.stringify(join(import.meta.dirname, 'young-space.ts'));
const SCRIPT = `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { limitYoungSpace } from ${file};
  const megabytes = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / 2 ** 20;
  let connections = 199;
  const limit = limitYoungSpace(() => connections);
  const kept = [];
  const work = () => {
    for (let count = 0; count < 1_000_000; count++) kept[count % 10_000] = { count, text: [count, count, count] };
    return megabytes();
  };
  const few = work();
  connections = 200;
  await sleep(300);
  const many = work();
  limit.stop();
  console.log(JSON.stringify({ few, many }));
`;

function sizes(...flags: string[]): { few: number; many: number } {
  const args = [...flags, '--input-type=module', '--eval', SCRIPT];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

test('grows beyond what the process began with only where there are many connections', () => {
  const { few, many } = sizes('--min-semi-space-size=1', '--max-semi-space-size=8');
  assert.equal(few, 2); // both halves
  assert.ok(many > 4, `${many} MB`);
});

test('is left to V8 where nothing was said', () => {
  assert.ok(sizes('--max-semi-space-size=8').few > 4);
});
