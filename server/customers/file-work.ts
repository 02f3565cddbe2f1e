// Work on customers that is asked for now and done in the background.
import type { Cause } from '#contract/causes.ts';
import type { Actor } from '../access/access.ts';
import { causeToRecord, getCause, type NewCause, wakeWorkers } from '../causes/causes.ts';
import type { Ask, Database } from '../database.ts';
import type { Idempotency } from '../idempotency/idempotency.ts';
import { writeGroup } from './write.ts';

/**
 * Records work in its workspace's turn, together with what it needs (`alongside`) and with the key of the request, and has
 * it begun. Gives the cause; that of the first request where one with this key was there before.
 */
export async function fileWork(
  database: Database,
  actor: Actor,
  cause: NewCause,
  idempotency: Idempotency | undefined,
  alongside: Ask[] = [],
): Promise<Cause> {
  const workspace_id = actor.workspace.id;
  const outcome = await writeGroup(database, workspace_id, {
    writes: [],
    idempotency,
    replyOf: () => ({ id: cause.id }),
    alongside: () => [causeToRecord(workspace_id, cause), ...alongside],
  });
  if ('refused' in outcome) throw outcome.refused;
  wakeWorkers(database);
  return getCause(database, actor, 'replay' in outcome ? JSON.parse(outcome.replay.reply!).id : cause.id);
}
