// The keyed hash is the one that RFC 2104 defines.
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { openHmac } from './suppression.ts';

test('a keyed hash is HMAC-SHA-256', () => {
  const key = randomBytes(32);
  const hmac = openHmac(key);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3000, size: 'max' }), (text) => {
      assert.equal(hmac(text), createHmac('sha256', key).update(Buffer.from(text)).digest('base64url'));
    }),
  );
});
