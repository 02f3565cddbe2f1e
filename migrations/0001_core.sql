-- Every table that holds a workspace's data has workspace_id first in its primary key, in every index and in every
-- statement: that is what keeps tenants apart, and what lets the tables be sharded by it.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

CREATE TABLE workspaces (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug text COLLATE "C" NOT NULL UNIQUE,
  name text NOT NULL,
  region text,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- One row a workspace. Its lock orders the workspace's writes, its position numbers the events without a gap, its
-- counts are exact at any size. Updated by every write, hence the room on the page.
CREATE TABLE ledgers (
  workspace_id integer PRIMARY KEY REFERENCES workspaces (id),
  position bigint NOT NULL DEFAULT 0,
  last_at timestamptz NOT NULL DEFAULT '2000-01-01Z',
  total_customers bigint NOT NULL DEFAULT 0,
  active_customers bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

CREATE TABLE keys (
  workspace_id integer NOT NULL REFERENCES workspaces (id),
  id uuid NOT NULL,
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'viewer')),
  secret_hash bytea NOT NULL,
  created_at timestamptz NOT NULL,
  revoked_at timestamptz,
  PRIMARY KEY (workspace_id, id)
);

CREATE TABLE causes (
  workspace_id integer NOT NULL REFERENCES workspaces (id),
  id uuid NOT NULL,
  kind text NOT NULL,
  actor json NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

-- The log: append-only. Neither it nor the customers refer to the workspace by a foreign key, which would be looked up
-- for each row: whoever writes them holds the lock of the workspace's ledger, and that refers to it.
-- `before` holds the changed fields' former values, `after` the whole record.
CREATE TABLE events (
  workspace_id integer NOT NULL,
  position bigint NOT NULL,
  at timestamptz NOT NULL,
  type text NOT NULL,
  customer_id uuid,
  customer_version integer,
  actor json NOT NULL,
  request_id text,
  cause_id uuid,
  before json,
  after json,
  PRIMARY KEY (workspace_id, position)
);
CREATE INDEX events_customer ON events (workspace_id, customer_id, position) WHERE customer_id IS NOT NULL;
CREATE INDEX events_cause ON events (workspace_id, cause_id, position) WHERE cause_id IS NOT NULL;

CREATE TABLE idempotency_keys (
  workspace_id integer NOT NULL REFERENCES workspaces (id),
  actor_id text NOT NULL,
  key text COLLATE "C" NOT NULL,
  fingerprint text NOT NULL,
  status smallint NOT NULL,
  position bigint NOT NULL,
  subject_id uuid,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, actor_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (workspace_id, created_at);

-- `first_key` and `last_key` are the folded names. `search` is what a word is looked for in: the newline keeps a word from
-- matching across fields, and the last line holds digits only. `starts` holds the first letter and the first two of each
-- name, email and number, by which words too short for trigrams are found. What searches and orderings read stands first,
-- since a row is taken apart from its beginning up to the last column wanted.
CREATE TABLE customers (
  workspace_id integer NOT NULL,
  version integer NOT NULL,
  id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  is_active boolean NOT NULL,
  search text COLLATE "C" NOT NULL,
  first_key text COLLATE "C" NOT NULL,
  last_key text COLLATE "C" NOT NULL,
  email text COLLATE "C" NOT NULL,
  starts text COLLATE "C" NOT NULL,
  first_name text NOT NULL,
  last_name text NOT NULL,
  phone text,
  phone_e164 text,
  external_id text COLLATE "C",
  PRIMARY KEY (workspace_id, id)
);

CREATE UNIQUE INDEX customers_email ON customers (workspace_id, email) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX customers_external_id ON customers (workspace_id, external_id)
  WHERE deleted_at IS NULL AND external_id IS NOT NULL;

-- An ordering leads with is_active, so that a filtered list never walks the rows it leaves out; the unfiltered list
-- merges the two ranges. Behind the id, which decides between ties, the orderings of time hold the other time as well:
-- a range of it is then tested within the index, without a look at the rows.
CREATE INDEX customers_by_last_name ON customers (workspace_id, is_active, last_key, first_key, id) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_first_name ON customers (workspace_id, is_active, first_key, last_key, id) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_email ON customers (workspace_id, is_active, email, id) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_created_at ON customers (workspace_id, is_active, created_at, id, updated_at) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_updated_at ON customers (workspace_id, is_active, updated_at, id, created_at) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_deleted_at ON customers (workspace_id, deleted_at, id) WHERE deleted_at IS NOT NULL;

-- One row in sixteen, picked by the random end of its id and spread over 256 steps: a fair sample of any size, read
-- by index whatever share of the table a workspace has.
CREATE INDEX customers_sample ON customers (workspace_id, get_byte(uuid_send(id), 14))
  WHERE deleted_at IS NULL AND get_byte(uuid_send(id), 15) < 16;

-- The columns stand in the order in which a search looks at them: a row that fails the words is not looked for among the
-- workspace's, which made rare words five times dearer. Rows just written wait in a short list that every search reads
-- through; the server empties it after writes, and PostgreSQL itself when it is full.
CREATE INDEX customers_search ON customers
  USING gin (search gin_trgm_ops, string_to_array(starts, ' '), is_active, workspace_id)
  WITH (fastupdate = on, gin_pending_list_limit = 8192) WHERE deleted_at IS NULL;
