// The SQL of second factors and of recovery codes.
import type { Statement } from '../database.ts';

export const READ_SECOND_FACTOR: Statement = {
  name: 'read_second_factor',
  text: `SELECT encode(totp_secret, 'hex'), totp_confirmed_at IS NOT NULL, password_hash,
      (SELECT count(*) FROM recovery_codes WHERE account_id = accounts.id) FROM accounts WHERE id = $1`,
};

/** Secrets that are kept as they are, and encrypted ones: their first byte tells. */
export const COUNT_TOTP_SECRETS: Statement = {
  name: 'count_totp_secrets',
  text: `SELECT count(*) FILTER (WHERE get_byte(totp_secret, 0) = 0), count(*) FILTER (WHERE get_byte(totp_secret, 0) <> 0)
    FROM accounts WHERE totp_secret IS NOT NULL`,
};

/** Keeps a secret ($2) that is yet to be confirmed; nothing where one is on. */
export const BEGIN_TOTP: Statement = {
  name: 'begin_totp',
  text: `UPDATE accounts SET totp_secret = decode($2, 'hex') WHERE id = $1 AND totp_confirmed_at IS NULL RETURNING id`,
};

/** Where the secret is still the one ($2) of which a code was compared. */
export const CONFIRM_TOTP: Statement = {
  name: 'confirm_totp',
  text: `UPDATE accounts SET totp_confirmed_at = now(), totp_step = $3
    WHERE id = $1 AND totp_confirmed_at IS NULL AND totp_secret = decode($2, 'hex') RETURNING id`,
};

/** A step counts once, and none before it any more: of two requests with the same code one gets in. */
export const USE_STEP: Statement = {
  name: 'use_step',
  text: `UPDATE accounts SET totp_step = $2
    WHERE id = $1 AND totp_confirmed_at IS NOT NULL AND totp_step < $2 RETURNING id`,
};

export const USE_RECOVERY_CODE: Statement = {
  name: 'use_recovery_code',
  text: `DELETE FROM recovery_codes WHERE account_id = $1 AND code_hash = decode($2, 'hex') RETURNING account_id`,
};

export const REMOVE_TOTP: Statement = {
  name: 'remove_totp',
  text: 'UPDATE accounts SET totp_secret = NULL, totp_confirmed_at = NULL, totp_step = NULL WHERE id = $1',
};

export const DELETE_RECOVERY_CODES: Statement = {
  name: 'delete_recovery_codes',
  text: 'DELETE FROM recovery_codes WHERE account_id = $1',
};

/** Where the second factor is on. */
export const INSERT_RECOVERY_CODES: Statement = {
  name: 'insert_recovery_codes',
  text: `INSERT INTO recovery_codes (account_id, code_hash)
    SELECT id, decode(unnest($2::text[]), 'hex') FROM accounts WHERE id = $1 AND totp_confirmed_at IS NOT NULL`,
};
