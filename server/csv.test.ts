import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { csvLine, guard, unguard } from './csv.ts';

test('what a spreadsheet would run as a formula gets an apostrophe before it, and nothing else does', () => {
  for (const cell of ['=1+1', '+44 20', '-5', '@SUM(A1)', '\tx', '\rx', "'=1", "''+1"])
    assert.equal(guard(cell), `'${cell}`);
  for (const cell of ["'t Hooft", 'Ada', '', "O'Brien", "'", 'a=1']) assert.equal(guard(cell), cell);
});

test('an apostrophe is taken off again only where guard put it', () => {
  assert.equal(unguard("'t Hooft"), "'t Hooft");
  const cell = fc.string({ unit: fc.constantFrom("'", '=', '+', '-', '@', '\t', '\r', 'a', ' ') });
  fc.assert(fc.property(cell, (text) => unguard(guard(text)) === text));
});

test('cells are quoted where they need it', () => {
  assert.equal(csvLine(['a', 'b"c', 'd,e', 'f\ng', '']), 'a,"b""c","d,e","f\ng",\n');
  assert.equal(csvLine(['a,b', 'c;d'], ';'), 'a,b;"c;d"\n');
});
