import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FairQueueOptions, openFairQueue } from './fair-queue.ts';

/** Works that end when told, and who has begun. */
function bench(options: Partial<FairQueueOptions> = {}) {
  const queue = openFairQueue({
    at_once: 2,
    at_once_each: 2,
    waiting: 100,
    waiting_each: 100,
    full: () => new Error('full'),
    ...options,
  });
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const ask = (owner: string) =>
    queue.run(owner, () => {
      begun.push(owner);
      return new Promise<void>((end) => ends.push(end));
    });
  const endOne = async () => {
    ends.shift()!();
    await new Promise(setImmediate);
  };
  return { queue, begun, ends, ask, endOne };
}

test('an owner with much to do does not hold up one with little', async () => {
  const { begun, ask, endOne } = bench();
  for (let index = 0; index < 20; index++) void ask('much');
  void ask('little');
  await endOne();
  await endOne();
  assert.ok(begun.includes('little') && begun.length === 4);
});

test('one owner never has all the turns where others must always find one', async () => {
  const { begun, ask } = bench({ at_once: 4, at_once_each: 3 });
  for (let index = 0; index < 10; index++) void ask('much');
  assert.equal(begun.length, 3);
  void ask('little');
  assert.deepEqual(begun.at(-1), 'little');
});

test('beyond the bounds it is refused at once, and nothing is begun', async () => {
  const { queue, begun, ask } = bench({ at_once: 1, at_once_each: 1, waiting: 3, waiting_each: 2 });
  void ask('a');
  void ask('a');
  void ask('a');
  await assert.rejects(ask('a'), /full/, 'too much of its own');
  void ask('b');
  await assert.rejects(ask('c'), /full/, 'too much in all');
  assert.equal(queue.waiting, 3);
  assert.deepEqual(begun, ['a']);
});

test('a burst is served to its end; where the queue never empties, those who waited long are refused', async () => {
  let now = 0;
  const { queue, begun, ask, endOne } = bench({ at_once: 1, at_once_each: 1, now: () => now });
  const burst = [ask('a'), ask('a'), ask('a')];
  now = 400;
  await endOne();
  await endOne();
  await endOne();
  await Promise.all(burst);
  const first = ask('b');
  const late = ask('b');
  late.catch(() => {});
  now = 1000;
  const fresh = ask('b');
  await endOne();
  await assert.rejects(late, /full/);
  await endOne();
  await Promise.all([first, fresh]);
  assert.deepEqual(begun, ['a', 'a', 'a', 'b', 'b']);
  assert.equal(queue.waiting, 0);
});

test('who waits because of others is not refused for it', async () => {
  let now = 0;
  const { ask, endOne } = bench({ at_once: 1, at_once_each: 1, now: () => now });
  const flood = [ask('much'), ask('much'), ask('much')].map((asked) => asked.catch(() => 'refused'));
  now = 300;
  const little = ask('little');
  now = 600;
  await endOne();
  await endOne();
  await little;
  assert.deepEqual(await Promise.all(flood), [undefined, 'refused', 'refused']);
});

test('a failure ends a turn as well', async () => {
  const { queue } = bench({ at_once: 1, at_once_each: 1 });
  await assert.rejects(
    queue.run('a', () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await queue.run('a', async () => 'yes'), 'yes');
});

test('whatever comes when: the bounds hold, and all that was taken is done', async () => {
  const steps = fc.array(fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.constant('end')), { maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(steps, async (what) => {
      const { queue, begun, ends, ask, endOne } = bench({ at_once: 3, at_once_each: 2, waiting: 10, waiting_each: 5 });
      let taken = 0;
      for (const step of what) {
        if (step === 'end') {
          if (ends.length > 0) await endOne();
        } else {
          taken++;
          ask(step).catch(() => taken--);
          await new Promise(setImmediate);
        }
        assert.ok(ends.length <= 3 && queue.waiting <= 10);
      }
      while (ends.length > 0) await endOne();
      assert.equal(begun.length, taken);
    }),
    { numRuns: 30 },
  );
});
