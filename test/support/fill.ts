// Customers by the ten thousand, past the log of events, for what is about their number alone.
import type pg from 'pg';

/** Enough to fill what the kernel keeps for a connection many times over: each is more than half a kilobyte as JSON. */
export const MANY = 40_000;

/** Makes them as if there had been one a millisecond up to now: whoever is created from now on comes behind them. */
export async function fillWithMany(sql: pg.Client, workspace_id: number, count = MANY): Promise<void> {
  await sql.query(
    `INSERT INTO customers (workspace_id, version, id, created_at, updated_at, is_active, search, first_key, last_key,
        email, starts, first_name, last_name, external_id)
      SELECT $1, 1, uuidv7(make_interval(secs => (n - $2) / 1000.0)), now(), now(), n % 1000 <> 999, 's', 'many', 'customer',
        n || '@example.com', 's', 'Many', 'Customer', lpad(n::text, 255, 'x')
      FROM generate_series(0, $2::integer - 1) AS n`,
    [workspace_id, count],
  );
  await sql.query('ANALYZE customers');
}
