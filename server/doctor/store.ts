// The SQL that asks PostgreSQL about itself.
import type { Statement } from '../database.ts';

/** Settings by name, as PostgreSQL writes them; the time of its clock in milliseconds; and how the database sorts letters. */
export const READ_SETTINGS: Statement = {
  name: 'read_settings',
  text: `SELECT json_object_agg(name, setting), extract(epoch FROM clock_timestamp())::float8 * 1000,
      (SELECT CASE WHEN datlocprovider = 'c' THEN datctype ELSE datlocale END FROM pg_database WHERE datname = current_database())
    FROM pg_settings WHERE name IN ('server_version', 'server_version_num', 'server_encoding', 'fsync', 'full_page_writes',
      'synchronous_commit', 'wal_level', 'archive_mode', 'autovacuum', 'track_counts', 'data_checksums', 'max_connections',
      'superuser_reserved_connections', 'reserved_connections', 'default_transaction_read_only')`,
};

/** Of the extensions $1 and of the indexes $2 those that are missing; and the indexes of ours that are broken. */
export const FIND_MISSING: Statement = {
  name: 'find_missing',
  text: `SELECT (SELECT string_agg(wanted, ', ') FROM unnest($1::text[]) AS wanted
        WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = wanted)),
      (SELECT string_agg(wanted, ', ') FROM unnest($2::text[]) AS wanted WHERE to_regclass('public.' || wanted) IS NULL),
      (SELECT string_agg(indexrelid::regclass::text, ', ') FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
        WHERE relnamespace = 'public'::regnamespace AND NOT (indisvalid AND indisready AND indislive))`,
};

/** What keeps vacuum from clearing up: transactions older than $1 seconds, and slots and prepared transactions that wait. */
export const FIND_HOLDERS_OF_SNAPSHOTS: Statement = {
  name: 'find_holders_of_snapshots',
  text: `SELECT 'process ' || pid, extract(epoch FROM clock_timestamp() - xact_start)::integer FROM pg_stat_activity
      WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
        AND xact_start < clock_timestamp() - make_interval(secs => $1)
    UNION ALL
    SELECT 'prepared transaction ' || gid, extract(epoch FROM clock_timestamp() - prepared)::integer FROM pg_prepared_xacts
      WHERE database = current_database() AND prepared < clock_timestamp() - make_interval(secs => $1)
    UNION ALL
    SELECT 'replication slot ' || slot_name, NULL FROM pg_replication_slots WHERE NOT active
    ORDER BY 1`,
};
