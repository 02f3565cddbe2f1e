import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asProblem } from './problem.ts';

test('what PostgreSQL says of a full disk is told as that, and other losses as losses', () => {
  const problemOf = (code: string) => asProblem(Object.assign(new Error('no'), { code }));
  assert.deepEqual(
    ['53100', '53300', '57P01', 'ECONNRESET'].map((code) => problemOf(code).code),
    ['storage_full', 'database_unavailable', 'database_unavailable', 'database_unavailable'],
  );
  for (const code of ['53100', 'ECONNRESET']) {
    assert.equal(problemOf(code).status, 503);
    assert.equal(problemOf(code).headers['retry-after'], '1');
  }
});
