// States of the data that plans stumble over: the rows a filter wants lie together at the far end of an ordering, or
// there are hardly any. Made by SQL in a copy, past the log of events; only the counts that lists show are put right.
import type { TargetName } from './databases.ts';
import type { Postgres } from './postgres.ts';

export const preparations: Record<string, string> = {
  none: '',
  /** Three in ten: 300,000 of a million. */
  'newest-inactive': `UPDATE customers SET is_active = false WHERE is_active AND created_at > (
    SELECT percentile_disc(0.7) WITHIN GROUP (ORDER BY created_at) FROM customers)`,
  'ten-inactive': `UPDATE customers SET is_active = NOT ten FROM (
      SELECT email AS of, row_number() OVER (ORDER BY md5(email)) <= 10 AS ten FROM customers) picked
    WHERE email = of AND is_active = ten`,
};

const recount: Record<TargetName, string> = {
  clientele: `UPDATE ledgers SET active_customers = (
    SELECT count(*) FROM customers c WHERE c.workspace_id = ledgers.workspace_id AND is_active AND deleted_at IS NULL)`,
  limit: `UPDATE customer_counts c SET n = CASE WHEN slot > 0 THEN 0 ELSE (
    SELECT count(*) FROM customers WHERE is_active = c.is_active) END`,
};

export async function prepare(postgres: Postgres, database: string, target: TargetName, preparation: string) {
  if (preparation === 'none') return;
  console.error(`preparing ${preparation}`);
  await postgres.sql(database, preparations[preparation]!);
  await postgres.sql(database, recount[target]);
  await postgres.sql(database, 'VACUUM (ANALYZE)');
}
