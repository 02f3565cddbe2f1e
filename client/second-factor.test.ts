// The calls about second factors, as a page of the server's own makes them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from 'otpauth';
import { codeAt } from '#server/access/totp.ts';
import { PASSWORD, signUp } from '../test/support/people.ts';
import { startServer } from '../test/support/server.ts';
import { createClient, Problem } from './clientele.ts';

test('a second factor is set up, asked for, renewed and taken away', async () => {
  const server = await startServer();
  try {
    const { email } = await signUp(server, 'viewer');
    let asked = 0;
    /** A client in a browser of its own, which keeps the cookie. */
    const browse = () => {
      let cookie = '';
      const keeping: typeof fetch = async (input, init) => {
        asked++;
        const headers = new Headers(init?.headers);
        headers.set('sec-fetch-site', 'same-origin');
        if (cookie !== '') headers.set('cookie', cookie);
        const reply = await fetch(input, { ...init, headers });
        for (const set of reply.headers.getSetCookie()) cookie = set.split(';')[0]!;
        return reply;
      };
      return createClient({ url: server.base, fetch: keeping });
    };
    const client = browse();
    assert.deepEqual(await client.session.ways(), { openid: null, mail: false });
    await client.session.signIn({ email, password: PASSWORD });
    assert.equal((await client.account.read()).second_factor, false);
    const { secret } = await client.secondFactor.begin({ password: PASSWORD });
    const code = (steps: number) => codeAt(Secret.fromBase32(secret).bytes, Date.now() + steps * 30_000);
    const [first, second] = (await client.secondFactor.confirm({ code: code(0) })).recovery_codes;
    const elsewhere = browse();
    asked = 0;
    await assert.rejects(elsewhere.session.signIn({ email, password: PASSWORD }), (error) => {
      assert.ok(error instanceof Problem);
      assert.deepEqual([error.status, error.code, error.errors], [401, 'second_factor_required', []]);
      return true;
    });
    await elsewhere.session.signIn({ email, password: PASSWORD, code: code(1) });
    assert.equal(asked, 2, 'neither was sent again');
    const { recovery_codes } = await client.secondFactor.createRecoveryCodes({ password: PASSWORD, code: first! });
    await assert.rejects(
      client.secondFactor.remove({ password: PASSWORD, code: second! }),
      (error) => error instanceof Problem && error.errors[0]!.code === 'wrong_code',
    );
    await client.secondFactor.remove({ password: PASSWORD, code: recovery_codes[0]! });
    assert.equal((await client.account.read()).second_factor, false);
  } finally {
    await server.stop();
  }
});
