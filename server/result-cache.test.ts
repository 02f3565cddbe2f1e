import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openResultCache, type Result } from './result-cache.ts';

const result = (position: number, bytes = 500): Result => ({ position, body: Buffer.alloc(bytes), headers: {} });

test('what was kept is found, at the position it was kept for', () => {
  const cache = openResultCache(100_000);
  cache.keep('a', result(1));
  cache.keep('a', result(2));
  assert.equal(cache.find('a')?.position, 2);
  assert.equal(cache.find('b'), undefined);
});

test('what was used longest ago goes first, and the bytes stay within the limit', () => {
  const cache = openResultCache(10_000);
  for (const key of 'abcdefghi') cache.keep(key, result(1));
  cache.find('a');
  cache.keep('j', result(1));
  assert.ok(cache.bytes <= 10_000);
  assert.deepEqual(
    [...'abj'].map((key) => cache.find(key) !== undefined),
    [true, false, true],
  );
});

test('one answer cannot empty the cache, nor stay where it has grown too large', () => {
  const cache = openResultCache(10_000);
  cache.keep('small', result(1));
  cache.keep('grown', result(1));
  cache.keep('grown', result(2, 5000));
  assert.equal(cache.find('grown'), undefined);
  assert.ok(cache.find('small'));
});

test('a limit of 0 keeps nothing', () => {
  const cache = openResultCache(0);
  cache.keep('a', result(1, 0));
  assert.equal(cache.find('a'), undefined);
  assert.equal(cache.bytes, 0);
});
