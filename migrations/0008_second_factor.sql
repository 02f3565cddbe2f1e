-- A second factor: the secret of an authenticator app, encrypted where there is a key for that, and on once a code of it has
-- been confirmed. Each of its codes counts once: only one of a later step than `totp_step`.
ALTER TABLE accounts
  ADD COLUMN totp_secret bytea,
  ADD COLUMN totp_confirmed_at timestamptz,
  ADD COLUMN totp_step bigint,
  ADD CHECK (totp_confirmed_at IS NULL OR (totp_secret IS NOT NULL AND totp_step IS NOT NULL));

-- Those that have not been used. Of a code only the SHA-256 is kept.
CREATE TABLE recovery_codes (
  account_id uuid NOT NULL REFERENCES accounts (id),
  code_hash bytea NOT NULL,
  PRIMARY KEY (account_id, code_hash)
);

-- Who a person is to an OpenID provider, whatever address they have there by now.
CREATE TABLE identities (
  issuer text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  account_id uuid NOT NULL REFERENCES accounts (id),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE UNIQUE INDEX identities_account ON identities (account_id, issuer);
