// The SQL of logical backups. Which tables and columns there are is read from the catalogue, so that none is forgotten.
import { ERASING } from '../privacy/privacy.ts';

/** Tables with the columns of their key and the types of these, those that refer to no other first. */
export const READ_TABLES = `SELECT c.relname AS name, quote_ident(c.relname) AS quoted, key.columns, key.types
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN LATERAL (SELECT array_agg(quote_ident(a.attname) ORDER BY k.place) AS columns,
      array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY k.place) AS types
    FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum WHERE i.indrelid = c.oid AND i.indisprimary) AS key ON true
  WHERE n.nspname = current_schema() AND c.relkind = 'r' AND c.relname <> 'migrations'
  ORDER BY (SELECT count(*) FROM pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'f'), c.relname`;

export type Table = { name: string; quoted: string; columns: string[]; types: string[] };

const rowsOf = ({ quoted, columns }: Table) =>
  `SELECT row_to_json(t)::text AS row FROM ${quoted} t ORDER BY ${columns.join(', ')}`;

/** Up to $1 rows as JSON, with the key of each as text; behind the one whose key follows, unless they are the first. */
export function sliceOf({ quoted, columns, types }: Table, isFirst: boolean): string {
  const key = types.map((type, index) => `$${index + 2}::${type}`);
  const behind = isFirst ? '' : `WHERE (${columns.join(', ')}) > (${key.join(', ')})`;
  return `SELECT row_to_json(t)::text AS row, array[${columns.map((column) => `${column}::text`).join(', ')}] AS key
    FROM ${quoted} t ${behind} ORDER BY ${columns.join(', ')} LIMIT $1`;
}

/** Puts rows, $1 as JSON, into a table. */
export const fillOf = ({ quoted }: Table) =>
  `INSERT INTO ${quoted} OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_recordset(NULL::${quoted}, $1)`;

/** Identity columns go on behind the highest value that is there. */
export const SET_IDENTITIES = `SELECT setval(pg_get_serial_sequence('workspaces', 'id'), greatest(max(id), 1)) FROM workspaces`;

/** Up to $4 events of a workspace behind $2, up to $3. */
export const READ_EVENTS = `SELECT row_to_json(slice)::text AS row, position AS last
    FROM (SELECT * FROM events WHERE workspace_id = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT $4) AS slice ORDER BY position`;

/** Up to $4 blocks of seals that begin behind $2, and end at $3 at most. */
export const READ_SEALS = `SELECT row_to_json(slice)::text AS row, first_position AS last
    FROM (SELECT * FROM seals WHERE workspace_id = $1 AND first_position > $2 AND last_position <= $3
      ORDER BY first_position LIMIT $4) AS slice ORDER BY first_position`;

// ---- A copy of files ------------------------------------------------------------------------------------------------

/** Keeps what is written to the database's log from now on, as long as the connection is there. */
export const KEEP_WAL =
  "SELECT pg_create_physical_replication_slot('clientele_backup_' || pg_backend_pid(), true, true)";

/** Where the files are, and the part of the log from which on it is needed. */
export const BEGIN_COPY = `SELECT pg_walfile_name(pg_backup_start('clientele', true)) AS first,
    current_setting('data_directory') AS folder`;

export const END_COPY = 'SELECT labelfile AS label, pg_walfile_name(lsn) AS last FROM pg_backup_stop(false)';

/** The parts of the log from $1 to $2. */
export const LIST_WAL = `SELECT name FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$' AND name BETWEEN $1 AND $2 ORDER BY name`;

// ---- What the tables hold -------------------------------------------------------------------------------------------

/** Nobody is erased meanwhile: what lies before the positions is not to change. It waits for those who are just being erased. */
export const HOLD_ERASING = `SELECT pg_advisory_lock(${ERASING})`;
export const BEGIN_READING = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
/** How far each log goes, and how far it is sealed: the salts that its seals need are those that are there by then. */
export const READ_POSITIONS = `SELECT id AS workspace_id, (SELECT position FROM ledgers WHERE workspace_id = workspaces.id) AS position,
    coalesce((SELECT last_position FROM seals WHERE workspace_id = workspaces.id ORDER BY first_position DESC LIMIT 1), 0) AS sealed
  FROM workspaces ORDER BY id`;
export const declareRows = (table: Table) => `DECLARE copying NO SCROLL CURSOR FOR ${rowsOf(table)}`;
export const fetchRows = (rows: number) => `FETCH ${rows} FROM copying`;
export const READ_LAST_MIGRATION = 'SELECT max(number) AS number FROM migrations';

// ---- Where it is put back -------------------------------------------------------------------------------------------

export const LIST_TABLES = `SELECT relname AS name, quote_ident(relname) AS quoted FROM pg_class
  WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace`;

/** Whether there is anything in our tables that the first start does not make. */
export const IS_USED = `SELECT EXISTS (SELECT FROM accounts) OR EXISTS (SELECT FROM workspaces
  WHERE EXISTS (SELECT FROM events WHERE workspace_id = workspaces.id)
    OR EXISTS (SELECT FROM keys WHERE workspace_id = workspaces.id)) AS used`;

export const dropTable = (quoted: string) => `DROP TABLE ${quoted} CASCADE`;
