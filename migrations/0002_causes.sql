-- What was done in bulk, and how far it has come. `details` is what was asked for, `progress` the counts so far, `place`
-- where to go on after an interruption (a `ready` one waits to be told to): each batch moves them in the very transaction that has its effect. Whoever works
-- on one has it until `taken_until`, and moves that along, `taken_by` being a mark of their own; `runs_at` names the folder with the file that it reads.
ALTER TABLE causes
  ADD COLUMN state text NOT NULL DEFAULT 'done' CHECK (state IN ('running', 'ready', 'done', 'cancelled', 'failed')),
  ADD COLUMN undoes uuid,
  ADD COLUMN details json,
  ADD COLUMN progress json,
  ADD COLUMN place json,
  ADD COLUMN failure text,
  ADD COLUMN finished_at timestamptz,
  ADD COLUMN taken_by uuid,
  ADD COLUMN taken_until timestamptz,
  ADD COLUMN runs_at text;
CREATE INDEX causes_running ON causes (workspace_id, taken_until) WHERE state = 'running';
CREATE INDEX causes_undoes ON causes (workspace_id, undoes, id) WHERE undoes IS NOT NULL;

-- What an undo left as it was, by the event that it would have taken back, and why.
CREATE TABLE kept_changes (
  workspace_id integer NOT NULL,
  cause_id uuid NOT NULL,
  position bigint NOT NULL,
  customer_id uuid NOT NULL,
  fields json NOT NULL,
  PRIMARY KEY (workspace_id, cause_id, position)
);

-- What a request about many customers was answered: per customer the status and the position that tells its state, or the
-- problem. A request about one needs none.
ALTER TABLE idempotency_keys ADD COLUMN reply json;
