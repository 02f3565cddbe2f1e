// Customers by the hundred thousand, with names that can be searched and put in order, past the log of events.
import pg from 'pg';
import type { TestDatabase } from '../support/server.ts';

const FIRST = ['Ada', 'Grace', 'Alan', 'Katherine', 'Edsger', 'Barbara', 'Donald', 'Margaret', 'Tim', 'Radia', 'Linus'];
const LAST = ['Abel', 'Bernstein', 'Curie', 'Dijkstra', 'Euler', 'Franklin', 'Goodall', 'Hopper', 'Ito', 'Jemison'];
const MIDDLE = ['ba', 'ce', 'di', 'fo', 'gu', 'ha', 'je', 'ki', 'lo', 'mu', 'na', 'pe', 'ri', 'so', 'tu', 'va', 'we'];

/** Every seventh is inactive. All names are ASCII, so that lower case is their folded form. */
export async function fillWithNames({ connection }: TestDatabase, workspace_id: number, count: number): Promise<void> {
  const sql = new pg.Client(connection);
  await sql.connect();
  await sql.query(
    `INSERT INTO customers (workspace_id, version, id, created_at, updated_at, is_active, search, first_key, last_key,
        email, starts, first_name, last_name)
      SELECT $1, 1, uuidv7(make_interval(secs => (n - $2) / 100.0)), at, at, n % 7 <> 0,
        lower(first || ' ' || last) || E'\\n' || email || E'\\n', lower(first), lower(last), email,
        lower(left(first, 1) || ' ' || left(first, 2) || ' ' || left(last, 1) || ' ' || left(last, 2)), first, last
      FROM (
        SELECT n, now() - make_interval(secs => ($2 - n) / 100.0) AS at, 'p' || n || '@example.com' AS email,
          ($3::text[])[1 + n % cardinality($3::text[])] AS first,
          ($4::text[])[1 + (n * 7919) % cardinality($4::text[])] || ($5::text[])[1 + (n / 3) % cardinality($5::text[])]
            || ($5::text[])[1 + (n / 71) % cardinality($5::text[])] AS last
        FROM generate_series(0, $2::integer - 1) AS n
      ) AS made`,
    [workspace_id, count, FIRST, LAST, MIDDLE],
  );
  await sql.query(
    `UPDATE ledgers SET total_customers = total_customers + $2, active_customers = active_customers + $2 - ($2 + 6) / 7
      WHERE workspace_id = $1`,
    [workspace_id, count],
  );
  await sql.query('ANALYZE customers');
  await sql.end();
}

/** The ids of a list in its order, as the database has them. */
export async function idsInOrder({ connection }: TestDatabase, workspace_id: number, order: string): Promise<string[]> {
  const sql = new pg.Client(connection);
  await sql.connect();
  const { rows } = await sql.query<{ id: string }>(
    `SELECT id FROM customers WHERE workspace_id = $1 AND deleted_at IS NULL ORDER BY ${order}`,
    [workspace_id],
  );
  await sql.end();
  return rows.map(({ id }) => id);
}
