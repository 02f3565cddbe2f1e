import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineOf } from './progress.ts';

test('how far it is, how fast, and how long it takes yet', () => {
  assert.equal(
    lineOf({ verb: 'Importing', done: 400_000, total: 1_000_000, unit: 'rows' }, 40),
    'Importing  [############                  ] 40 %  400,000 of 1,000,000 rows, 10,000 a second, 1 min 0 s left',
  );
  assert.equal(
    lineOf({ verb: 'Checking', done: 30_000_000, total: 30_000_000, unit: 'bytes' }, 1.5),
    'Checking  [##############################] 100 %  30 of 30 MB, 20 a second, 0 s left',
  );
});

test('at the beginning there is no pace, and where nobody knows the end no share', () => {
  assert.equal(
    lineOf({ verb: 'Undoing', done: 0, total: 5, unit: 'changes' }, 0),
    'Undoing  [                              ] 0 %  0 of 5 changes',
  );
  assert.equal(lineOf({ verb: 'Reading', done: 1_234_567, unit: 'bytes' }, 1), 'Reading  1.2 MB, 1.2 a second');
});
