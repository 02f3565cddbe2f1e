import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { secondFactorCode } from '#contract/code.ts';
import { openSecret, sealSecret } from '../secrets.ts';
import { codeAt, newTotpSecret, stepOf, totpSetup } from './totp.ts';

const SECRET = Buffer.from('12345678901234567890');

describe('a code', () => {
  test('is that of RFC 6238, appendix B, of which six digits are shown', () => {
    for (const [seconds, code] of [
      [59, '94287082'],
      [1111111109, '07081804'],
      [1111111111, '14050471'],
      [1234567890, '89005924'],
      [2000000000, '69279037'],
      [20000000000, '65353130'],
    ] as const) {
      assert.equal(codeAt(SECRET, seconds * 1000), code.slice(2));
      assert.equal(stepOf(SECRET, code.slice(2), seconds * 1000), Math.floor(seconds / 30));
    }
  });

  test('is taken for as long as a clock may be off by a step, and not a second longer', () => {
    const at = 1_700_000_010_000; // the beginning of a step
    const step = at / 30_000;
    const code = codeAt(SECRET, at);
    for (const [off, expected] of [
      [-30_001, null],
      [-30_000, step],
      [-1, step],
      [0, step],
      [29_999, step],
      [59_999, step],
      [60_000, null],
    ] as const)
      assert.equal(stepOf(SECRET, code, at + off), expected, `${off} ms`);
  });

  test('of another secret, or of another length, is none', () => {
    const at = 1_700_000_010_000;
    assert.equal(stepOf(Buffer.from('12345678901234567891'), codeAt(SECRET, at), at), null);
    for (const code of ['', '12345', '1234567', 'abcdef']) assert.equal(stepOf(SECRET, code, at), null);
  });
});

test('an app reads the secret from base32 and from the URI', () => {
  const { secret, uri } = totpSetup(SECRET, 'ada+x@example.com');
  assert.equal(secret, 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
  const url = new URL(uri);
  assert.equal(`${url.protocol}//${url.host}`, 'otpauth://totp');
  assert.equal(decodeURIComponent(url.pathname), '/Clientele:ada+x@example.com');
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    issuer: 'Clientele',
    secret,
    algorithm: 'SHA1',
    digits: '6',
    period: '30',
  });
  assert.equal(newTotpSecret().length, 20);
  assert.notDeepEqual(newTotpSecret(), newTotpSecret());
});

describe('a kept secret', () => {
  const key = randomBytes(32);
  const id = randomUUID();

  test('is encrypted where there is a key, and comes back with it alone and for its account alone', () => {
    const kept = sealSecret(SECRET, id, key);
    assert.ok(!kept.includes(SECRET));
    assert.notDeepEqual(sealSecret(SECRET, id, key), kept);
    assert.deepEqual(openSecret(kept, id, key), SECRET);
    assert.throws(() => openSecret(kept, randomUUID(), key), /another than it was/);
    assert.throws(() => openSecret(kept, id, randomBytes(32)), /another than it was/);
    assert.throws(() => openSecret(kept, id, null), /secrets_key is missing/);
    const damaged = Buffer.from(kept);
    damaged[damaged.length - 1]! ^= 1;
    assert.throws(() => openSecret(damaged, id, key), /another than it was/);
  });

  test('comes back without a key where it was kept without one, and with one too', () => {
    const kept = sealSecret(SECRET, id, null);
    assert.deepEqual(openSecret(kept, id, null), SECRET);
    assert.deepEqual(openSecret(kept, id, key), SECRET);
  });
});

describe('what is typed as a code', () => {
  const read = (value: unknown) => secondFactorCode.normalise(value, 'Code');
  test('may have spaces, hyphens, capitals and letters that look like digits', () => {
    assert.deepEqual(read(' 123 456 '), { value: '123456' });
    assert.deepEqual(read('ABCD-EFGH-JKMN-PQRS-TVWX-YZOl'), { value: 'abcdefghjkmnpqrstvwxyz01' });
    const { value } = read('abcd efgh jkmn pqrs tvwx yz01');
    assert.deepEqual(read(value), { value });
  });

  test('is refused where it is neither, with what is wrong', () => {
    for (const wrong of ['12345', '1234567', 'abc', 'abcdefghjkmnpqrstvwxyzu1', '١٢٣٤٥٦'])
      assert.equal(read(wrong).refusal?.code, 'invalid_code', wrong);
    assert.equal(read('').refusal?.code, 'required');
    assert.equal(read(123456).refusal?.code, 'wrong_type');
    assert.equal(read('1'.repeat(101)).refusal?.code, 'too_long');
  });
});
