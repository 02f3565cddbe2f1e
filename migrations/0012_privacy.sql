-- Who was erased and is not to be entered again: keyed hashes of their emails and external ids. The key is not in the
-- database, and without it they tell nothing. `key_id` tells with which key a hash was made.
CREATE TABLE suppressions (
  workspace_id integer NOT NULL REFERENCES workspaces (id),
  hash text COLLATE "C" NOT NULL,
  key_id text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, hash)
);

-- Days after which deleted customers, and those who have been inactive without a change, are erased; null: never.
CREATE TABLE retention_rules (
  workspace_id integer PRIMARY KEY REFERENCES workspaces (id),
  erase_deleted_after_days integer CHECK (erase_deleted_after_days > 0),
  erase_inactive_after_days integer CHECK (erase_inactive_after_days > 0)
);
