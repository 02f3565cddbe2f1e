// How access writes: each change is an event in the workspace's log, and safe to repeat.
import type { Ask, Database, Row } from '../database.ts';
import { type EventDraft, type Plan, writeUnderLock } from '../events/events.ts';
import {
  askForReplays,
  checkReplay,
  type Idempotency,
  idempotencyId,
  replaysOf,
  storeKeys,
} from '../idempotency/idempotency.ts';
import type { Actor } from './actor.ts';

export type WriteContext = { request_id: string | null; idempotency?: Idempotency };

/** What became of a write: where the log stands after it, and whether it was a repetition of one made before. */
export type Written<Subject> = { subject: Subject; position: number; replayed: boolean };

/** What a write leads to: its subject as it is afterwards, and the change with its event unless there is nothing to change. */
type Decided = {
  subject: object;
  subject_id: string | null;
  change?: { asks: Ask[]; type: string; before: object | null };
  /** Statements besides, which come first. */
  besides?: Ask[];
};
type Logged = { subject: object | null; subject_id: string; replayed: boolean };

/**
 * One write with at most one event, decided under the ledger's lock by the first row of each that was `read`. A repetition has no subject
 * and writes nothing.
 */
export async function logged(
  database: Database,
  actor: Actor,
  { request_id, idempotency }: WriteContext,
  status: number,
  read: Ask[],
  decide: (now: string, found: (Row | undefined)[]) => Decided,
): Promise<Logged & { position: number }> {
  const workspace_id = actor.workspace.id;
  const reads = idempotency ? [...read, askForReplays(workspace_id, [idempotency])] : read;
  const { answer, position } = await writeUnderLock(database, workspace_id, reads, (ledger, found): Plan<Logged> => {
    const nothing = { statements: [], events: [], total: 0, active: 0 };
    const replay = idempotency && replaysOf(found.at(-1) ?? []).get(idempotencyId(idempotency));
    if (replay) {
      checkReplay(replay, idempotency);
      return { ...nothing, answer: { subject: null, subject_id: replay.subject_id ?? '', replayed: true } };
    }
    const {
      subject,
      subject_id,
      change,
      besides = [],
    } = decide(
      ledger.now,
      found.map(([row]) => row),
    );
    const { type, id, name } = actor;
    const log = { actor: { type, id, name }, request_id, cause_id: null, after: JSON.stringify(subject) };
    const events: EventDraft[] = change ? [{ type: change.type, before: change.before, ...log }] : [];
    const stored = { status, position: ledger.position + events.length, subject_id };
    const keys = idempotency ? [storeKeys(workspace_id, ledger.now, [{ ...idempotency, ...stored }])] : [];
    const statements = [...besides, ...(change ? change.asks : []), ...keys];
    return { ...nothing, statements, events, answer: { subject, subject_id: subject_id ?? '', replayed: false } };
  });
  return { ...answer, position };
}
