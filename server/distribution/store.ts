// The SQL of distributing the tables: questions to PostgreSQL's and Citus' own catalogs, and the commands.

/** The version of Citus that the server has to offer, and the one that is in this database. */
export const READ_CITUS = `SELECT (SELECT default_version FROM pg_available_extensions WHERE name = 'citus') AS offered,
  (SELECT extversion FROM pg_extension WHERE extname = 'citus') AS installed`;

export const LIST_TABLES = `SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`;

/** Tables that are distributed already. */
export const LIST_DISTRIBUTED = `SELECT relname::text AS name FROM pg_dist_partition JOIN pg_class ON pg_class.oid = logicalrelid
  WHERE partmethod = 'h' AND relnamespace = 'public'::regnamespace ORDER BY 1`;

/** Sessions of others in this database; not those that Citus has between its nodes. */
export const COUNT_OTHERS = `SELECT count(*)::integer AS others FROM pg_stat_activity WHERE datname = current_database()
  AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name NOT LIKE 'citus%'`;

/** Foreign keys that lead from the tables $1 to others, or from others to them. */
export const LIST_CROSSING_KEYS = `SELECT source.relname::text AS table, quote_ident(conname) AS name FROM pg_constraint
  JOIN pg_class AS source ON source.oid = conrelid JOIN pg_class AS target ON target.oid = confrelid
  WHERE contype = 'f' AND source.relnamespace = 'public'::regnamespace
    AND (source.relname = ANY ($1::text[])) <> (target.relname = ANY ($1::text[])) ORDER BY 1, 2`;

/** The constraint is quoted already; tables of the plan need no quotes. */
export const dropConstraint = (table: string, constraint: string) =>
  `ALTER TABLE ${table} DROP CONSTRAINT ${constraint}`;

/** One shard after the other, as later tables refer to where the first has its shards. */
export const IN_ORDER = `SET LOCAL citus.multi_shard_modify_mode = 'sequential'`;

/** Distributes the table $1 as $2 is; 'none' begins anew. */
export const DISTRIBUTE = `SELECT create_distributed_table($1::text::regclass, 'workspace_id', colocate_with => $2)`;

/** Removes what the table $1 held before it was distributed, which is in its shards now. */
export const EMPTY_OLD = `SELECT truncate_local_data_after_distributing_table($1::text::regclass)`;

/** $1 the tables: how many groups of shards they are in. One, or a batch would be at work on several nodes. */
export const COUNT_GROUPS = `SELECT count(DISTINCT colocationid)::integer AS groups FROM pg_dist_partition
  JOIN pg_class ON pg_class.oid = logicalrelid WHERE relname = ANY ($1::text[]) AND relnamespace = 'public'::regnamespace`;
