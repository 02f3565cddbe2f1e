-- Who matched when a bulk edit was filed, some hundreds to a row, until it is done with them.
CREATE TABLE bulk_edit_targets (
  workspace_id integer NOT NULL,
  cause_id uuid NOT NULL,
  number integer NOT NULL,
  ids uuid[] NOT NULL,
  PRIMARY KEY (workspace_id, cause_id, number)
);
