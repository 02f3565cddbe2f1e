-- How far the log of a workspace has been published to NATS, and who is at it until when.
CREATE TABLE publications (
  workspace_id integer PRIMARY KEY REFERENCES workspaces (id),
  position bigint NOT NULL,
  taken_by uuid,
  taken_until timestamptz
);
