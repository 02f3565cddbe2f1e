-- The log is sealed block by block: who changes the past leaves a trace (docs/architecture.md, "The log"). What an event says
-- of a customer is mixed with that customer's salt before it is hashed. Without the salt the hash tells nothing, so erasing a
-- customer destroys it: the row stays, with null, which keeps anybody from making another.
CREATE TABLE customer_salts (
  workspace_id integer NOT NULL,
  customer_id uuid NOT NULL,
  salt bytea,
  PRIMARY KEY (workspace_id, customer_id)
);

-- A block of up to 1,000 events: for each of them 64 bytes, the hash of what it is and that of what it says; and `head`, the
-- hash of the head before and these. A block begins where the one before ends, so two that begin at one place cannot be.
CREATE TABLE seals (
  workspace_id integer NOT NULL,
  first_position bigint NOT NULL,
  last_position bigint NOT NULL,
  digests bytea NOT NULL,
  head bytea NOT NULL,
  sealed_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, first_position)
);
-- Hashes cannot be compressed; kept apart as they are, a part of them can be read alone.
ALTER TABLE seals ALTER COLUMN digests SET STORAGE EXTERNAL;
