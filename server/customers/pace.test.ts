// How much work in the background takes at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPace } from './pace.ts';

test('work takes many writes at once while it is alone, and few as soon as anybody else has written', () => {
  const pace = openPace();
  const alone = pace.size();
  pace.note(7, 507); // whatever was written before the work began
  pace.note(507, 1007);
  assert.equal(pace.size(), alone);
  pace.note(1008, 1508); // 1,008 is somebody else's
  assert.ok(pace.size() <= alone / 5);
  pace.note(1508, 1558);
  assert.ok(pace.size() <= alone / 5, 'people who work write again');
});

test('work that begins anew does not take its own former writes for another’s', () => {
  const [first, second] = [openPace(), openPace()];
  first.note(0, 500);
  second.note(500, 1000);
  second.note(1000, 1500);
  assert.equal(second.size(), openPace().size());
});
