// What must be known of the present to decide on writes: asked in one go while the ledger is locked.
import type { MatchField } from '#contract/batch.ts';
import type { CustomerInput } from '#contract/customers.ts';
import type { Ask, Database, Row } from '../database.ts';
import { askForReplays, type Idempotency } from '../idempotency/idempotency.ts';
import type { Write } from './change.ts';
import { FIND_HISTORIES } from './erase-store.ts';
import { customerOf } from './record.ts';
import { FIND_BY_EMAIL, FIND_BY_EXTERNAL_ID, FIND_BY_ID, FIND_HOLDERS, FIND_HOLDERS_OF_DELETED } from './store.ts';
import { askedOf, type UniqueValue } from './suppression.ts';

type UniqueValues = Partial<Pick<CustomerInput, 'email' | 'external_id'>>;

export type Found = 'ids' | 'matches' | 'holders' | 'holders_of_deleted' | 'histories' | 'replays';
type Read = { of: Found; ask: Ask };

/** What was found, by what it tells. */
export function foundBy(reads: Read[], found: Row[][]): Partial<Record<Found, Row[]>> {
  const rows: Partial<Record<Found, Row[]>> = {};
  for (const [index, { of }] of reads.entries()) rows[of] = [...(rows[of] ?? []), ...found[index]!];
  return rows;
}

/**
 * What must be known of the present to decide on the writes; what is not needed is not asked for. Without a
 * `suppression_key` it is not asked whether anything is suppressed.
 */
export function readsFor(
  suppression_key: Buffer | null,
  workspace_id: number,
  writes: Pick<Write, 'change' | 'idempotency'>[],
  taken_up: UniqueValues[] = [],
): Read[] {
  const ids: string[] = [];
  const erased: string[] = [];
  const restores: string[] = [];
  const emails: string[] = [];
  const external_ids: string[] = [];
  const matches: Record<MatchField, string[]> = { email: [], external_id: [] };
  const keys: Idempotency[] = [];
  const asked: UniqueValue[] = [];
  const ask = ({ email, external_id }: UniqueValues) => {
    if (email !== undefined) asked.push(['email', email]);
    if (typeof external_id === 'string') asked.push(['external_id', external_id]);
  };
  /** Who holds the value that is matched by is found by the match. */
  const claim = ({ email, external_id }: UniqueValues, by?: MatchField) => {
    ask({ email, external_id });
    if (email !== undefined && by !== 'email') emails.push(email);
    if (typeof external_id === 'string' && by !== 'external_id') external_ids.push(external_id);
  };
  for (const values of taken_up) ask(values);
  for (const { change, idempotency } of writes) {
    if ('id' in change) ids.push(change.id);
    if (change.kind === 'restore') restores.push(change.id);
    if (change.kind === 'erase') erased.push(change.id);
    if ('by' in change && change.value !== null) matches[change.by].push(change.value);
    if ('input' in change) claim(change.input.fields, 'by' in change ? change.by : undefined);
    if (change.kind === 'undo') {
      const { event } = change;
      ids.push(event.customer_id);
      if (event.type === 'customer.deleted') {
        restores.push(event.customer_id);
        ask(event.after);
      }
      if (event.before) claim(event.before);
    }
    if (idempotency) keys.push(idempotency);
  }
  const reads: Read[] = [];
  if (ids.length > 0) reads.push({ of: 'ids', ask: [FIND_BY_ID, [workspace_id, ids]] });
  if (matches.email.length > 0) reads.push({ of: 'matches', ask: [FIND_BY_EMAIL, [workspace_id, matches.email]] });
  if (matches.external_id.length > 0)
    reads.push({ of: 'matches', ask: [FIND_BY_EXTERNAL_ID, [workspace_id, matches.external_id]] });
  if (emails.length + external_ids.length > 0 || (suppression_key && asked.length > 0)) {
    const suppressed = suppression_key ? askedOf(suppression_key, workspace_id, asked) : [[], [], []];
    const values = [workspace_id, emails, external_ids, ...suppressed];
    reads.push({ of: 'holders', ask: [FIND_HOLDERS, values] });
  }
  if (restores.length > 0)
    reads.push({ of: 'holders_of_deleted', ask: [FIND_HOLDERS_OF_DELETED, [workspace_id, restores]] });
  if (erased.length > 0) reads.push({ of: 'histories', ask: [FIND_HISTORIES, [workspace_id, erased]] });
  if (keys.length > 0) reads.push({ of: 'replays', ask: askForReplays(workspace_id, keys) });
  return reads;
}

/** The same for writes that restore customers, too. */
export async function readsOf(database: Database, workspace_id: number, writes: Write[]): Promise<Read[]> {
  return readsFor(database.suppression_key, workspace_id, writes, await takenUpAgain(database, workspace_id, writes));
}

/**
 * What customers who are to be restored had. Whether that is suppressed is asked by a key that PostgreSQL does not have, so it
 * is read before the lock is taken; while they are deleted it stays as it is.
 */
async function takenUpAgain(database: Database, workspace_id: number, writes: Write[]): Promise<UniqueValues[]> {
  const ids = writes.flatMap(({ change }) => (change.kind === 'restore' ? change.id : []));
  if (ids.length === 0) return [];
  const rows = await database.read(FIND_BY_ID, [workspace_id, ids]);
  return rows.map(([record]) => customerOf(record));
}
