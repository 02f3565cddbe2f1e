// Anchors: places all along an ordering. In a short list they are counted off; in a long one they are those of a fair
// sample, whose quantiles are near those of the whole.
import type { Anchors } from '#contract/anchors.ts';
import type { OrderingField } from '#contract/customers.ts';
import type { Database } from '../database.ts';
import type { LedgerState } from '../events/events.ts';
import { writeCursor } from '../page.ts';
import { type AnchorShape, exactAnchors, sampledAnchors } from './anchors-store.ts';
import type { ListRequest } from './list-query.ts';
import { stepsOf } from './sample.ts';

/** Lists up to this long are counted off: as many rows as a sample has. */
const EXACT = 4096;

/** Up to `limit` cursors that cut the list without further filters into about equal parts; `ledger` as just read. */
export async function findAnchors(
  database: Database,
  workspace_id: number,
  { order, is_active, scope }: Pick<ListRequest, 'order' | 'is_active' | 'scope'>,
  limit: number,
  ledger: LedgerState,
): Promise<Anchors> {
  const shape: AnchorShape = { field: order.field as OrderingField, descending: order.descending, is_active };
  const { total_customers: all, active_customers: active } = ledger;
  const expected = is_active === undefined ? all : is_active ? active : all - active;
  const is_exact = expected <= EXACT;
  const rows = is_exact
    ? await database.walk(exactAnchors(shape), [workspace_id, limit, EXACT])
    : await database.search(sampledAnchors(shape), [workspace_id, limit, stepsOf(all)]);
  const found: number = rows[0]?.[1] ?? 0;
  const count = is_exact ? found : expected;
  const results = rows.map(([number, , ...values]) => ({
    rank: is_exact ? number : Math.round((number * (count + 1)) / (found + 1)),
    cursor: writeCursor(scope, { direction: 'after', values }),
  }));
  // There is no page behind the last customer.
  return { count, is_exact, results: results.filter(({ rank }) => rank < count) };
}
