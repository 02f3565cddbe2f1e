// Which passwords are taken, and how they are kept.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseOptions } from '@node-rs/argon2';
import fc from 'fast-check';
import { newPassword, password } from '#contract/people.ts';
import { pieces } from './guesses.ts';
import { faultOf, hashPassword, isPassword, NOBODYS } from './passwords.ts';

const olive = { email: 'olive.owner@flowershop.example', name: 'Olive Owner' };

describe('a password is refused that is', () => {
  const common = `passwordpassword Password1234 password123! P@ssw0rd2024 123456789012 aaaaaaaaaaaa abcabcabcabc abcdefghijklm
    qwertyuiop12 qwertyuiop[] 1q2w3e4r5t6y 1qaz2wsx3edc zaq12wsxcde3 q1w2e3r4t5y6 iloveyou2024 Summer2024!! letmein12345
    administrator changeme1234 welcome12345 monkeydragon1 correcthorsebatterystaple trustno1trustno1 clienteleclientele
    Clientele2026! oliveowner2024 flowershop1234 FlowerShop!!! 000000000000 098765432109 poiuytrewq12 thisismypassword
    liverpoolfc1 olive.owner@flowershop.example OLIVE.OWNER1 superman123456 asdfghjkl123 111122223333`;
  for (const one of common.trim().split(/\s+/))
    test(one, () =>
      assert.deepEqual(
        faultOf(one, olive, '/password').map(({ code }) => code),
        ['common_password'],
      ),
    );

  test('too short, too long, or no text', () => {
    const code = (value: unknown) => newPassword.normalise(value, 'Password').refusal?.code;
    assert.equal(code('elevenchars'), 'too_short');
    assert.equal(code('🦢'.repeat(11)), 'too_short');
    assert.equal(code('🦢'.repeat(12)), undefined);
    assert.equal(code('x'.repeat(1001)), 'too_long');
    assert.equal(code('é'.repeat(501)), 'too_long');
    assert.equal(code('é'.repeat(500)), undefined);
    assert.equal(code('ﷺ'.repeat(60)), 'too_long');
    for (const nothing of [undefined, null, '']) assert.equal(code(nothing), 'required');
    for (const other of [1, {}, [], true]) assert.equal(code(other), 'wrong_type');
    assert.equal(code(`${'x'.repeat(12)}\ud800`), 'invalid_characters');
  });
});

test('a password is taken that has enough to guess', () => {
  const good = `seven white herons at noon|Xk9#mQ2$vL7p|correct rodeo battery lamp|ich mag keine grauen tage|наши гуси летят на юг
    |四十二羽の白鳥が飛ぶ夜明け|tr0ub4dor&3xylo|kitchen table under rain 7`;
  for (const one of good.split('|')) assert.deepEqual(faultOf(one.trim(), olive, '/password'), [], one);
});

test('what an accent is put together from does not matter, and nothing is trimmed', () => {
  const value = (typed: string) => password.normalise(typed, 'Password').value;
  assert.equal(value('Zoe\u0308 among herons'), value('Zo\u00eb among herons'));
  assert.notEqual(value(' seven herons '), value('seven herons'));
});

test('any text is judged, and its own normal form alike', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const typed = newPassword.normalise(text, 'Password');
      if (typed.refusal) return;
      assert.deepEqual(newPassword.normalise(typed.value, 'Password'), typed);
      const whole = pieces(typed.value, ['olive'], Number.POSITIVE_INFINITY);
      assert.ok(whole >= 1 && whole <= typed.value.length);
      assert.equal(pieces(typed.value, ['olive'], 5) >= 5, whole >= 5, 'to stop early makes no difference');
    }),
  );
  const words = fc.constantFrom('password', 'olive', '1234', '2024', 'x', 'qwertz', '!', 'zzz', 'correcthorse');
  fc.assert(
    fc.property(fc.array(words, { minLength: 1, maxLength: 60 }), (parts) => {
      const text = parts.join('');
      const whole = pieces(text, ['olive'], Number.POSITIVE_INFINITY);
      assert.ok(whole <= parts.length + 1);
      assert.equal(pieces(text, ['olive'], 5) >= 5, whole >= 5);
    }),
  );
});

describe('a password is kept', () => {
  test('as argon2id of 19 MiB, two passes and one lane, each time with another salt', async () => {
    const [one, other] = await Promise.all([hashPassword('seven herons', 'a'), hashPassword('seven herons', 'b')]);
    assert.notEqual(one, other);
    assert.match(one!, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.ok(await isPassword(one!, 'seven herons', 'a'));
    assert.ok(!(await isPassword(one!, 'seven heronz', 'a')));
  });

  test('and where there is none, one of the same cost is compared, which no password is', async () => {
    assert.deepEqual(parseOptions(NOBODYS), parseOptions(await hashPassword('seven herons', 'a')));
    for (const typed of ['', 'seven herons', NOBODYS]) assert.equal(await isPassword(null, typed, 'a'), false);
  });

  test('by few computations at once: a flood is refused in part, and served in part', async () => {
    const flood = await Promise.allSettled(Array.from({ length: 100 }, (_, at) => hashPassword(`flood ${at}`, 'a')));
    const refused = flood.filter((one) => one.status === 'rejected');
    assert.ok(refused.length >= 50 && refused.length < 100, String(refused.length));
    for (const { reason } of refused) assert.deepEqual([reason.status, reason.code], [503, 'overloaded']);
  });
});
