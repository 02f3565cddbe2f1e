// The SQL of anchors. Statements are put together from fixed pieces; their names tell the pieces.
import type { OrderingField } from '#contract/customers.ts';
import { rfc3339, type Statement } from '../database.ts';
import { ORDER_COLUMNS } from './list-store.ts';

export type AnchorShape = { field: OrderingField; descending: boolean; is_active: boolean | undefined };

const statements = new Map<string, Statement>();

function statement(kind: string, { field, descending, is_active }: AnchorShape, write: (pieces: Pieces) => string) {
  const name = `${kind} ${field} ${descending} ${is_active}`;
  let made = statements.get(name);
  if (!made) {
    const columns = ORDER_COLUMNS[field];
    const order = columns.map((column) => column.name + (descending ? ' DESC' : '')).join(', ');
    const values = columns.map((column) => (column.type === 'timestamptz' ? rfc3339(column.name) : column.name));
    const states = is_active === undefined ? ['true', 'false'] : [String(is_active)];
    const keys = columns.map((column) => column.name).join(', ');
    made = { name, kind, text: write({ order, keys, values: values.join(', '), states }) };
    statements.set(name, made);
  }
  return made;
}

type Pieces = { order: string; keys: string; values: string; states: string[] };

/** Of rows in their order, up to $2 that cut them into equal parts: each with its number and that of all rows. */
const evenly = ({ order, values }: Pieces, rows: string) =>
  `SELECT number, total, ${values} FROM (
      SELECT *, row_number() OVER (ORDER BY ${order}) AS number, count(*) OVER () AS total FROM (${rows}) AS counted) AS numbered
    WHERE number * ($2::bigint + 1) / (total + 1) > (number - 1) * ($2::bigint + 1) / (total + 1) ORDER BY number`;

/** Anchors from the whole list, $3 customers of each state at most: what is wanted stands in the ordering's index. */
export const exactAnchors = (shape: AnchorShape): Statement =>
  statement('anchors', shape, (pieces) => {
    const { order, keys, states } = pieces;
    const ranges = states.map(
      (state) => `(SELECT ${keys} FROM customers WHERE workspace_id = $1 AND deleted_at IS NULL AND is_active = ${state}
        ORDER BY ${order} LIMIT $3)`,
    );
    return evenly(pieces, ranges.length === 1 ? ranges[0]! : `${ranges.join(' UNION ALL ')} ORDER BY ${order}`);
  });

/** Anchors from the fair sample of the workspace's customers: $3 of 4,096 parts of them. */
export const sampledAnchors = (shape: AnchorShape): Statement =>
  statement('sampled anchors', shape, (pieces) => {
    const { keys, states } = pieces;
    const state = states.length === 1 ? `is_active = ${states[0]}` : 'true';
    return evenly(
      pieces,
      `SELECT ${keys} FROM customers WHERE workspace_id = $1 AND deleted_at IS NULL AND ${state}
        AND get_byte(uuid_send(id), 15) < 16 AND get_byte(uuid_send(id), 14) < $3`,
    );
  });
