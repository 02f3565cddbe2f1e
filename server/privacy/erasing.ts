// Erasing customers, and what is kept of that: a receipt in the log, hashes that keep them away, and a line outside the database.
import type { Workspace } from '#contract/access.ts';
import { inputFields } from '#contract/customers.ts';
import type { EventActor } from '#contract/events.ts';
import { checkInput } from '#contract/input.ts';
import type { Erasure } from '#contract/privacy.ts';
import { type Actor, logged, type WriteContext, type Written } from '../access/access.ts';
import {
  type GroupDecision,
  type GroupOutcome,
  knownId,
  suppressionOf,
  type UniqueValue,
  type Write,
  writeGroup,
} from '../customers/customers.ts';
import type { Database } from '../database.ts';
import type { ImportFolder } from '../imports/imports.ts';
import { invalid, notFound, Problem } from '../problem.ts';
import { type NotedErasure, noteErasures, withdrawErasures } from './erasure-file.ts';
import { MAY_ERASE, READ_ERASURE } from './store.ts';
import { noteUnfinished, type Unfinished } from './unfinished.ts';

/** Where else there is something to be done than in the database. */
export type ErasingOptions = {
  /** The file of erasures, if they are written down. */
  erasures: string | undefined;
  imports: ImportFolder | undefined;
};

type Erase = {
  workspace: Pick<Workspace, 'id' | 'slug'>;
  ids: string[];
  suppress: boolean;
  actor: EventActor;
  request_id: string | null;
  if_match?: number[];
  idempotency?: WriteContext['idempotency'];
};

/**
 * Erases a customer, deleted or not, with all values that the log and files of imports hold of it, and gives the receipt. 404 where there
 * is no such customer, 412 where it is not as `if_match` says.
 */
export async function eraseCustomer(
  database: Database,
  options: ErasingOptions,
  actor: Actor,
  id: string,
  context: WriteContext & { if_match?: number[]; suppress: boolean },
): Promise<Written<Erasure>> {
  const { type, id: actor_id, name, workspace } = actor;
  const known = knownId(id);
  const outcome = await eraseGroup(database, options, {
    ...context,
    workspace,
    ids: [known],
    actor: { type, id: actor_id, name },
  });
  if ('refused' in outcome) throw outcome.refused;
  if ('decisions' in outcome && 'refused' in outcome.decisions[0]!) throw outcome.decisions[0].refused;
  const subject = await readErasure(database, actor, known);
  return { subject, position: subject.position, replayed: 'replay' in outcome };
}

/** The receipt of an erasure; 404 where there was none. */
export async function readErasure(database: Database, actor: Actor, id: string): Promise<Erasure> {
  const customer_id = knownId(id);
  const [row] = await database.read(READ_ERASURE, [actor.workspace.id, customer_id]);
  if (!row) throw notFound();
  const [position, at, by, request_id, taken] = row;
  return { customer_id, position, at, actor: JSON.parse(by), request_id, ...JSON.parse(taken) };
}

/** Erases customers in one transaction; what is not there is refused by itself. 503 while a backup of tables is made. */
export async function eraseGroup(
  database: Database,
  { erasures, imports }: ErasingOptions,
  { workspace, ids, suppress, actor, request_id, if_match, idempotency }: Erase,
): Promise<Exclude<GroupOutcome, { stopped: true }>> {
  let noted: NotedErasure[] = [];
  let unfinished: Unfinished | undefined;
  const outcome = await writeGroup(database, workspace.id, {
    writes: ids.map(
      (id): Write => ({ change: { kind: 'erase', id, suppress }, actor, request_id, cause_id: null, if_match }),
    ),
    guard: [MAY_ERASE, []],
    idempotency,
    replyOf: () => null,
    alongside(decisions, ledger) {
      const values = decisions.flatMap((decision) => ('erased' in decision && decision.erased?.values) || []);
      const done = decisions.flatMap((decision) => noteOf(workspace.slug, ledger.now, decision));
      if (imports && values.length > 0)
        unfinished = writing('The folder of imports', () => noteUnfinished(imports, workspace.id, ids, values));
      if (erasures !== undefined && done.length > 0)
        writing('The file of erasures', () => noteErasures(erasures, done));
      noted = done;
      return [];
    },
  }).catch(async (error) => {
    // Where it is not known whether it was committed, it is done again after a restore, which is what was asked for; and
    // what is left to do is found out later.
    const isUnknown = error instanceof Problem && error.code === 'outcome_unknown';
    if (erasures !== undefined && noted.length > 0 && !isUnknown) withdraw(erasures, noted);
    if (unfinished && !isUnknown) await unfinished.drop();
    throw error;
  });
  if ('stopped' in outcome)
    throw new Problem(
      503,
      'backup_running',
      'A backup is being made, and nobody is erased meanwhile; try again shortly.',
      {
        headers: { 'retry-after': '10' },
      },
    );
  await unfinished?.finish(database);
  return outcome;
}

function writing<Result>(what: string, write: () => Result): Result {
  try {
    return write();
  } catch (error) {
    throw new Problem(503, 'erasures_unwritable', `${what} cannot be written, so nobody was erased.`, {
      headers: { 'retry-after': '60' },
      cause: error,
    });
  }
}

function withdraw(file: string, erasures: NotedErasure[]): void {
  try {
    withdrawErasures(file, erasures);
  } catch {
    // Why nobody was erased is to be told. After a restore they would be, as was asked for.
  }
}

function noteOf(workspace: string, at: string, decision: GroupDecision): NotedErasure[] {
  if ('refused' in decision || !decision.erased) return [];
  const { suppressed } = decision.erased;
  const hashes = suppressed.map(({ hash }) => hash);
  const key_ids = [...new Set(suppressed.map(({ key_id }) => key_id))];
  return [{ workspace, customer_id: decision.customer.id, at, hashes, key_ids }];
}

const suppressible = {
  email: { ...inputFields.email, required: false },
  external_id: inputFields.external_id,
};

/** Lets whoever had these values be entered again; gives which of them were suppressed. */
export async function liftSuppressions(
  database: Database,
  actor: Actor,
  body: unknown,
  context: WriteContext,
): Promise<Written<{ lifted: string[] }>> {
  const { fields, errors } = checkInput(suppressible, body, { partial: true });
  if (errors.length > 0) throw invalid(errors);
  const values = Object.entries(fields).filter(([, value]) => value !== null) as UniqueValue[];
  if (values.length === 0)
    throw invalid([{ pointer: '/email', code: 'required', detail: 'Email or external id is required.' }]);
  const asks = values.map((value) => suppressionOf(database.suppression_key, actor.workspace.id, value));
  const finds = asks.map(({ find }) => find);
  const written = await logged(database, actor, context, 200, finds, (_now, found) => {
    const lifted = values.filter((_, index) => found[index]).map(([field]) => field);
    const change = { asks: asks.map(({ lift }) => lift), type: 'suppression.lifted', before: null };
    return { subject: { lifted }, subject_id: null, change: lifted.length > 0 ? change : undefined };
  });
  // Of a repetition it is enough to say that none is suppressed any more.
  return { ...written, subject: (written.subject as { lifted: string[] } | null) ?? { lifted: [] } };
}
