// What a batch of writes leads to, worked out while the ledger is locked: with no other writer about, what was read is
// what is. Pure: rows in, statements and decisions out.
import type { Database, Row } from '../database.ts';
import type { EventDraft, Ledger, Plan } from '../events/events.ts';
import { checkReplay, idempotencyId, replaysOf, storeKeys } from '../idempotency/idempotency.ts';
import { Problem } from '../problem.ts';
import type { Decision, Write } from './change.ts';
import { columnsOf } from './columns.ts';
import { openErasing } from './erase.ts';
import { forget, presentOf, remember } from './present.ts';
import type { Found } from './reads.ts';
import { openRows } from './rows.ts';
import { settle } from './settle.ts';

type StoredKey = Parameters<typeof storeKeys>[2][number];

/** Decides on each write in turn, as if those before it were done already; see `Decision`. */
export function decide(
  { suppression_key }: Pick<Database, 'suppression_key'>,
  workspace_id: number,
  ledger: Ledger,
  writes: Write[],
  found: Partial<Record<Found, Row[]>>,
): Plan<Decision[]> {
  const present = presentOf(found);
  const replays = replaysOf(found.replays ?? []);
  const rows = openRows(workspace_id);
  const erasing = openErasing(suppression_key, workspace_id, found.histories ?? []);
  const events: EventDraft[] = [];
  const keys: StoredKey[] = [];
  const days = new Map<string, number>();
  let total = 0;
  let active = 0;

  const decisions = writes.map((write, index): Decision => {
    try {
      return decideOne(write, index);
    } catch (error) {
      if (error instanceof Problem) return { refused: error };
      throw error;
    }
  });
  const statements = [...rows.statements(), ...erasing.statements()];
  if (keys.length > 0) statements.push(storeKeys(workspace_id, ledger.now, keys));
  return { statements, events, total, active, days, answer: decisions };

  function decideOne(write: Write, index: number): Decision {
    const { change, idempotency } = write;
    const replay = idempotency && replays.get(idempotencyId(idempotency));
    if (replay) {
      checkReplay(replay, idempotency);
      return { replay };
    }
    const { type, known, next, changed, kept } = settle(present, change, ledger.now, index, write.if_match);
    const status = type === 'deleted' && change.kind === 'delete' ? 204 : known ? 200 : 201;
    if (known && type !== 'unchanged') {
      next.version = known.customer.version + 1;
      next.updated_at = ledger.now;
    }
    const json = JSON.stringify(next);
    const erased = change.kind === 'erase' ? erasing.erase(change) : undefined;
    const deleted = type === 'deleted' || type === 'erased' || (type === 'unchanged' && known!.deleted);
    if (erased) {
      // What this very batch did to the customer before is not told either.
      for (const event of events.filter(({ customer_id }) => customer_id === next.id))
        Object.assign(event, { before: null, after: null });
      for (const key of keys.filter(({ subject_id }) => subject_id === next.id)) key.fingerprint = '';
      rows.remove(next.id);
      forget(present, next);
    } else if (type !== 'unchanged') {
      rows.put(known, next, deleted ? ledger.now : null, columnsOf(change, next));
      remember(present, known, next, deleted);
    }
    if (type !== 'unchanged') {
      const before = known && !known.deleted;
      const more = Number(!deleted) - Number(Boolean(before));
      const day = next.created_at.slice(0, 10);
      if (more !== 0) days.set(day, (days.get(day) ?? 0) + more);
      total += more;
      active += Number(!deleted && next.is_active) - Number(Boolean(before && known.customer.is_active));
      events.push({
        type: `customer.${type}`,
        customer_id: next.id,
        customer_version: next.version,
        actor: write.actor,
        request_id: write.request_id,
        cause_id: write.cause_id,
        before: erased
          ? { events: erased.events, suppressed: erased.suppressed.length > 0 }
          : type === 'updated'
            ? Object.fromEntries(changed.map((field) => [field, known!.customer[field]]))
            : null,
        after: erased ? null : json,
      });
    }
    const position = ledger.position + events.length;
    if (idempotency) {
      const key = { ...idempotency, status, position, subject_id: next.id };
      keys.push(key);
      replays.set(idempotencyId(idempotency), key); // a twin in this very batch is answered from the log as well
    }
    return { status, type, customer: next, json, position, deleted, kept, erased };
  }
}
