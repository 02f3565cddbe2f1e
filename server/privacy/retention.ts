// How long customers are kept: whoever is past their time is erased, an hour later at most.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Workspace } from '#contract/access.ts';
import { checkInput } from '#contract/input.ts';
import { type RetentionRules, retentionFields } from '#contract/privacy.ts';
import { type Actor, listWorkspaces, logged, type WriteContext, type Written } from '../access/access.ts';
import { findLongAgo } from '../customers/customers.ts';
import type { Database, Row } from '../database.ts';
import { invalid } from '../problem.ts';
import { loggable } from '../replies.ts';
import { type ErasingOptions, eraseGroup } from './erasing.ts';
import { READ_RULES, STORE_RULES } from './store.ts';
import { finishErasures } from './unfinished.ts';

const FIELDS = ['erase_deleted_after_days', 'erase_inactive_after_days'] as const;

const rulesOf = (row: Row | undefined): RetentionRules => ({
  erase_deleted_after_days: row?.[0] ?? null,
  erase_inactive_after_days: row?.[1] ?? null,
});

export async function readRules(database: Database, workspace_id: number): Promise<RetentionRules> {
  const [row] = await database.read(READ_RULES, [workspace_id]);
  return rulesOf(row);
}

/** Changes the rules of the caller's workspace. */
export async function updateRules(
  database: Database,
  actor: Actor,
  body: unknown,
  context: WriteContext,
): Promise<Written<RetentionRules>> {
  const { fields, errors } = checkInput(retentionFields, body, { partial: true });
  if (errors.length > 0) throw invalid(errors);
  const workspace_id = actor.workspace.id;
  const written = await logged(database, actor, context, 200, [[READ_RULES, [workspace_id]]], (_now, [row]) => {
    const current = rulesOf(row);
    const next: RetentionRules = { ...current, ...fields };
    const changed = FIELDS.filter((field) => current[field] !== next[field]);
    if (changed.length === 0) return { subject: current, subject_id: null };
    const values = [workspace_id, next.erase_deleted_after_days, next.erase_inactive_after_days];
    const before = Object.fromEntries(changed.map((field) => [field, current[field]]));
    return {
      subject: next,
      subject_id: null,
      change: { asks: [[STORE_RULES, values]], type: 'retention.updated', before },
    };
  });
  const subject = (written.subject as RetentionRules | null) ?? (await readRules(database, workspace_id));
  return { ...written, subject };
}

const LOOK_MS = 3_600_000;
/** Customers that are erased in one transaction, and how long others have the workspace between two. */
const AT_ONCE = 100;
const PAUSE_MS = 50;
const RETENTION = { type: 'system', id: null, name: 'retention' } as const;

/** Erases whoever is past their time, in all workspaces, until it is stopped, and ends what erasures have left undone. */
export function keepRetention(
  database: Database,
  options: ErasingOptions & { logger: Record<'info' | 'warn', (line: object, message: string) => void> },
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const warn = (what: string) => (error: Error) => options.logger.warn({ err: loggable(error) }, what);
  const eraseAll = async () => {
    for (const workspace of await listWorkspaces(database)) {
      const erased = await eraseExpired(database, options, workspace, signal);
      if (erased > 0) options.logger.info({ workspace: workspace.slug, customers: erased }, 'Erased past their time');
    }
  };
  const ended = (async () => {
    while (!signal.aborted) {
      const { imports } = options;
      if (imports) await finishErasures(database, imports).catch(warn('What erasures left undone could not be done'));
      await eraseAll().catch(warn('Customers past their time could not be erased'));
      await sleep(LOOK_MS, undefined, { signal, ref: false }).catch(() => {});
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

/** Erases the customers of a workspace who are past their time; gives how many they were. They may be entered again. */
export async function eraseExpired(
  database: Database,
  options: ErasingOptions,
  workspace: Pick<Workspace, 'id' | 'slug'>,
  signal?: AbortSignal,
): Promise<number> {
  const rules = await readRules(database, workspace.id);
  let erased = 0;
  for (const [field, of] of [
    ['erase_deleted_after_days', 'deleted'],
    ['erase_inactive_after_days', 'inactive'],
  ] as const) {
    const days = rules[field];
    while (days !== null && !signal?.aborted) {
      const ids = await findLongAgo(database, workspace.id, of, days, AT_ONCE);
      if (ids.length === 0) break;
      const erase = { workspace, ids, suppress: false, actor: RETENTION, request_id: null };
      const outcome = await eraseGroup(database, options, erase);
      if ('decisions' in outcome) erased += outcome.decisions.filter((decision) => 'erased' in decision).length;
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
    }
  }
  return erased;
}
