-- What was done in bulk, and how far it has come. `details` is what was asked for, `progress` the counts so far, `place`
-- where to go on after an interruption: each batch moves them in the very transaction that has its effect.
ALTER TABLE causes
  ADD COLUMN state text NOT NULL DEFAULT 'done' CHECK (state IN ('running', 'done', 'cancelled', 'failed')),
  ADD COLUMN details json,
  ADD COLUMN progress json,
  ADD COLUMN place json,
  ADD COLUMN failure text,
  ADD COLUMN finished_at timestamptz;

-- What a request about many customers was answered: per customer the status and the position that tells its state, or the
-- problem. A request about one needs none.
ALTER TABLE idempotency_keys ADD COLUMN reply json;
