-- How many customers that are not deleted were created on each day (UTC). Their sum is the total of the ledger, since the
-- transaction that changes the one changes the other. Today's row changes with every batch, hence the room on the page.
CREATE TABLE customer_days (
  workspace_id integer NOT NULL,
  day date NOT NULL,
  total bigint NOT NULL,
  PRIMARY KEY (workspace_id, day)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

-- Servers of the version before may be writing meanwhile, and go on until they are replaced. So the customers are counted
-- together with the positions that the counts hold for, and `days_position` tells how far the days have been kept: whoever
-- finds it behind makes up for the rest from the log. The ledgers are locked for the last two statements only.
CREATE TABLE counted_days AS
  SELECT workspace_id, position, day, total FROM ledgers LEFT JOIN (
    SELECT workspace_id, created_at::date AS day, count(*) AS total FROM customers WHERE deleted_at IS NULL GROUP BY 1, 2
  ) AS days USING (workspace_id);
INSERT INTO customer_days SELECT workspace_id, day, total FROM counted_days WHERE day IS NOT NULL;
ALTER TABLE ledgers ADD COLUMN days_position bigint NOT NULL DEFAULT 0;
UPDATE ledgers SET days_position = counted.position
  FROM (SELECT DISTINCT workspace_id, position FROM counted_days) AS counted WHERE ledgers.workspace_id = counted.workspace_id;
DROP TABLE counted_days;
