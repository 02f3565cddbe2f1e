// The SQL of who people are to an OpenID provider.
import type { Statement } from '../database.ts';

export const FIND_IDENTITY: Statement = {
  name: 'find_identity',
  text: 'SELECT account_id FROM identities WHERE issuer = $1 AND subject = $2',
};

export const HAS_IDENTITY: Statement = {
  name: 'has_identity',
  text: 'SELECT 1 FROM identities WHERE account_id = $1 AND issuer = $2',
};

export const INSERT_IDENTITY: Statement = {
  name: 'insert_identity',
  text: 'INSERT INTO identities (issuer, subject, account_id, created_at) VALUES ($1, $2, $3, $4)',
};
