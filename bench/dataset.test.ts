import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { rows, terms, writeCsv } from './dataset.ts';

test('the customers never change: figures of different days are about the same data', async () => {
  const out = new PassThrough();
  const written = buffer(out);
  await writeCsv(10_000, out);
  out.end();
  const hash = createHash('sha256').update(await written);
  assert.equal(hash.digest('hex'), '73fae80063c2d81feadc53b4fa6f536f0a15b08918d8850a2e7cce3cec0ab969');
});

test('a term said to match one customer is in the data', () => {
  const [first] = terms(1000).one;
  const matching = [...rows(1000)].filter((row) => row.email.includes(first!) || row.phone.includes(first!));
  assert.equal(matching.length, 1);
});
