-- The file of an import, how it is read, and what a look through all of it has found. Its state is that of the cause with
-- the same id.
CREATE TABLE imports (
  workspace_id integer NOT NULL,
  id uuid NOT NULL,
  filename text NOT NULL,
  bytes bigint NOT NULL,
  file_format json NOT NULL,
  file_columns json NOT NULL,
  match_field text NOT NULL CHECK (match_field IN ('email', 'external_id')),
  sample json NOT NULL,
  found json,
  run_at timestamptz,
  PRIMARY KEY (workspace_id, id)
);
