// What is remembered of who asked, and for how long.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Database } from '../database.ts';
import type { Actor } from './actor.ts';
import { unauthenticated } from './keys.ts';
import { forgetKey, seenKeys } from './seen.ts';

const key = (name: string) => ({ id: 'k', name, workspace: { id: 1 } }) as Actor;

/** A memory of its own, by a database that is its name alone; what is asked of it answers when told to. */
function open() {
  const database = {} as Database;
  const waiting: PromiseWithResolvers<Actor>[] = [];
  let strangers = 0;
  return {
    waiting,
    strangers: () => strangers,
    forget: () => forgetKey(database, 'k'),
    find: async () =>
      (
        await seenKeys.find(
          database,
          'digest',
          () => {
            strangers++;
          },
          () => {
            const asked = Promise.withResolvers<Actor>();
            waiting.push(asked);
            return asked.promise;
          },
        )
      ).name,
  };
}

test('whoever was found is not looked up again for a second', async () => {
  const { find, waiting } = open();
  const first = find();
  waiting[0]!.resolve(key('one'));
  assert.deepEqual([await first, await find(), waiting.length], ['one', 'one', 1]);
});

test('whoever changed is looked up again, without being a stranger', async () => {
  const { find, forget, strangers, waiting } = open();
  const first = find();
  waiting[0]!.resolve(key('before'));
  await first;
  forget();
  const second = find();
  waiting[1]!.resolve(key('after'));
  assert.deepEqual([await second, await find(), waiting.length, strangers()], ['after', 'after', 2, 1]);
});

test('what was asked before a change is not remembered after it', async () => {
  const { find, forget, waiting } = open();
  const first = find();
  forget();
  waiting[0]!.resolve(key('before'));
  assert.equal(await first, 'before');
  const second = find();
  waiting[1]!.resolve(key('after'));
  assert.equal(await second, 'after');
});

test('whoever is refused is a stranger from then on; a failure changes nothing', async () => {
  const { find, forget, strangers, waiting } = open();
  for (const [at, end] of [
    () => waiting[0]!.resolve(key('one')),
    () => waiting[1]!.reject(new Error('lost')),
  ].entries()) {
    if (at > 0) forget();
    const asked = find();
    end();
    await asked.catch(() => {});
  }
  assert.equal(strangers(), 1);
  const refused = find();
  waiting[2]!.reject(unauthenticated('no'));
  await assert.rejects(refused, { status: 401 });
  find().catch(() => {});
  assert.equal(strangers(), 2);
});
