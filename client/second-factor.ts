// The calls about the second factor of whoever is signed in.
import type { RecoveryCodes, TotpSetup } from '#contract/second-factor.ts';
import type { CallOptions, Send } from './send.ts';

const TOTP = '/api/account/totp';
type Proof = { password: string; code: string };

/** Each is sent once: a code counts once, so repeated it would be refused by its own success. */
export function secondFactorCalls(send: Send) {
  return {
    /** The secret for an authenticator app. Nothing is asked for until a code of it is confirmed. */
    async begin(input: { password: string }, options?: CallOptions): Promise<TotpSetup> {
      return send({ method: 'POST', path: TOTP, body: input, once: true, options });
    },

    /** Switches the second factor on, and tells the recovery codes, this once. */
    async confirm(input: { code: string }, options?: CallOptions): Promise<RecoveryCodes> {
      return send({ method: 'PUT', path: TOTP, body: input, once: true, options });
    },

    /** Switches it off. */
    async remove(input: Proof, options?: CallOptions): Promise<void> {
      return send({ method: 'DELETE', path: TOTP, body: input, once: true, empty: true, options });
    },

    /** New recovery codes, told this once; those before count no longer. */
    async createRecoveryCodes(input: Proof, options?: CallOptions): Promise<RecoveryCodes> {
      return send({ method: 'POST', path: '/api/account/recovery-codes', body: input, once: true, options });
    },
  };
}
