// Codes that stand beside a password: of an authenticator app, or for when that is lost.
import { Type } from 'typebox';
import type { FieldKind } from './field.ts';

const CODE_MOST = 100;
const TOTP_CODE = /^\d{6}$/;
/** 120 bits in 24 of Crockford's 32 signs, which leave out those that are taken for another. */
const RECOVERY_CODE = /^[\da-hjkmnp-tv-z]{24}$/;

/** A code as somebody reads it off: with spaces and hyphens, in capitals, with o for 0. Kept as the server compares it. */
export const secondFactorCode: FieldKind<string> = {
  schema: Type.String({
    minLength: 1,
    maxLength: CODE_MOST,
    description: 'The 6 digits that the app shows, or a recovery code. Spaces and hyphens do not count.',
    examples: ['123456'],
  }),
  normalise(value, label) {
    if (value === undefined || value === null || value === '')
      return { refusal: { code: 'required', detail: `${label} is required.` } };
    if (typeof value !== 'string') return { refusal: { code: 'wrong_type', detail: `${label} must be text.` } };
    if (value.length > CODE_MOST)
      return { refusal: { code: 'too_long', detail: `${label} has at most ${CODE_MOST} characters.` } };
    const plain = value.replace(/[\s-]/g, '').toLowerCase();
    if (TOTP_CODE.test(plain)) return { value: plain };
    const read = plain.replaceAll('o', '0').replace(/[il]/g, '1');
    if (RECOVERY_CODE.test(read)) return { value: read };
    const detail = `${label} has the 6 digits that the app shows, or the 24 letters and digits of a recovery code.`;
    return { refusal: { code: 'invalid_code', detail } };
  },
};

export const isTotpCode = (code: string): boolean => TOTP_CODE.test(code);
