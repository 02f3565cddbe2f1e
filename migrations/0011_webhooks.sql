-- A webhook is a cursor over the log: every event up to `position` was delivered, is of a type that it does not want, or belongs to a
-- customer who is parked. Whoever delivers has it until `taken_until`, by a mark of their own. `failing_since`: nothing has been
-- delivered since, though it was tried.
CREATE TABLE webhooks (
  workspace_id integer NOT NULL REFERENCES workspaces (id),
  id uuid NOT NULL,
  url text NOT NULL,
  description text NOT NULL,
  event_types text[],
  enabled boolean NOT NULL,
  disabled_reason text CHECK (disabled_reason IN ('gone', 'failing')),
  secret bytea NOT NULL,
  former_secret bytea,
  former_secret_until timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  position bigint NOT NULL,
  delivered_at timestamptz,
  failing_since timestamptz,
  rests_until timestamptz,
  taken_by uuid,
  taken_until timestamptz,
  PRIMARY KEY (workspace_id, id)
);

-- Customers of whom a delivery has failed: from `position` on theirs are delivered on their own, in order, while those of others
-- go on. `lane` is the customer, or zero for the events that are of none.
CREATE TABLE parked_lanes (
  workspace_id integer NOT NULL,
  webhook_id uuid NOT NULL,
  lane uuid NOT NULL,
  position bigint NOT NULL,
  attempts integer NOT NULL,
  since timestamptz NOT NULL,
  next_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, webhook_id, lane)
);
CREATE INDEX parked_lanes_next ON parked_lanes (workspace_id, webhook_id, next_at);

-- What became of each try; the ids follow time. Nothing of what was said.
CREATE TABLE deliveries (
  workspace_id integer NOT NULL,
  webhook_id uuid NOT NULL,
  id uuid NOT NULL,
  position bigint,
  type text NOT NULL,
  customer_id uuid,
  attempt integer NOT NULL,
  at timestamptz NOT NULL,
  ms integer NOT NULL,
  status smallint,
  failure text,
  PRIMARY KEY (workspace_id, webhook_id, id)
);
CREATE INDEX deliveries_failed ON deliveries (workspace_id, webhook_id, id) WHERE failure IS NOT NULL;
