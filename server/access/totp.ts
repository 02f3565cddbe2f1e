// Time-based one-time passwords (RFC 6238), as all authenticator apps make them: SHA-1, six digits, 30 seconds.
import { randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';

const KIND = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
/** As long as the hash, as RFC 4226 recommends in section 4. */
const SECRET_BYTES = 20;
/** Steps by which the clock of the app may be off, either way (RFC 6238, section 5.2). */
const WINDOW = 1;

export const newTotpSecret = (): Buffer => randomBytes(SECRET_BYTES);

/** A secret as an app takes it: typed in, and in a QR code, where `email` is what the app calls the account. */
export function totpSetup(bytes: Uint8Array, email: string): { secret: string; uri: string } {
  const secret = secretOf(bytes);
  const totp = new TOTP({ ...KIND, issuer: 'Clientele', label: email, secret });
  return { secret: secret.base32, uri: totp.toString() };
}

/** The number of the 30 seconds that a code is for; null where it is none of the secret's, or not of about now. */
export function stepOf(bytes: Uint8Array, code: string, now_ms: number): number | null {
  const off = TOTP.validate({ ...KIND, token: code, secret: secretOf(bytes), timestamp: now_ms, window: WINDOW });
  return off === null ? null : TOTP.counter({ period: KIND.period, timestamp: now_ms }) + off;
}

/** The code that an app shows. */
export const codeAt = (bytes: Uint8Array, at_ms: number): string =>
  TOTP.generate({ ...KIND, secret: secretOf(bytes), timestamp: at_ms });

const secretOf = (bytes: Uint8Array) => new Secret({ buffer: new Uint8Array(bytes).buffer });
