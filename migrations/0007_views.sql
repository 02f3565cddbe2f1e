-- Lists under a name. `owner` is the type and id of who made it (`made_by` in full): a view is theirs alone unless it is shared.
CREATE TABLE views (
  workspace_id integer NOT NULL REFERENCES workspaces (id),
  id uuid NOT NULL,
  owner text COLLATE "C" NOT NULL,
  made_by json NOT NULL,
  name text NOT NULL,
  query text NOT NULL,
  shared boolean NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
CREATE INDEX views_owner ON views (workspace_id, owner);
CREATE INDEX views_shared ON views (workspace_id) WHERE shared;
