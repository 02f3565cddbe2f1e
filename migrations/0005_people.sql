-- People. An account belongs to the installation, not to a workspace: one person may be a member of several. Of secrets
-- that let somebody in only the SHA-256 is kept; of a password, which people choose, an argon2id hash.
CREATE TABLE accounts (
  id uuid PRIMARY KEY,
  email text COLLATE "C" NOT NULL UNIQUE,
  name text NOT NULL,
  password_hash text,
  created_at timestamptz NOT NULL
);

CREATE TABLE members (
  workspace_id integer NOT NULL REFERENCES workspaces (id),
  account_id uuid NOT NULL REFERENCES accounts (id),
  role text NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'viewer')),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, account_id)
);
-- The one index that does not begin with the workspace: it finds out which ones a person may open.
CREATE INDEX members_account ON members (account_id, workspace_id);

CREATE TABLE sessions (
  secret_hash bytea PRIMARY KEY,
  id uuid NOT NULL,
  account_id uuid NOT NULL REFERENCES accounts (id),
  created_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  user_agent text,
  address text
);
CREATE UNIQUE INDEX sessions_account ON sessions (account_id, id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- Without an email it is an owner link: whoever opens it says who they are.
CREATE TABLE invitations (
  workspace_id integer NOT NULL REFERENCES workspaces (id),
  id uuid NOT NULL,
  secret_hash bytea NOT NULL,
  email text COLLATE "C",
  role text NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'viewer')),
  made_by json NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  PRIMARY KEY (workspace_id, id)
);

CREATE TABLE password_resets (
  id uuid PRIMARY KEY,
  secret_hash bytea NOT NULL,
  account_id uuid NOT NULL REFERENCES accounts (id),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
CREATE INDEX password_resets_account ON password_resets (account_id);
