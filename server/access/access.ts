// Who is asking, and what they may do: workspaces and keys.
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Key, keyFields, type Workspace, workspaceFields } from '#contract/access.ts';
import { PERMISSIONS, type Permission, ROLES, type Role } from '#contract/api.ts';
import type { EventActor } from '#contract/events.ts';
import { checkInput } from '#contract/input.ts';
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
import { invalid, notFound, Problem } from '../problem.ts';
import { isUuid, uuidv7 } from '../uuid.ts';
import {
  FIND_KEY,
  FIND_WORKSPACE,
  INSERT_KEY,
  INSERT_WORKSPACE,
  LIST_KEYS,
  LIST_WORKSPACES,
  READ_KEY,
  READ_WORKSPACE,
  REVOKE_KEY,
  UPDATE_WORKSPACE,
} from './store.ts';

export type Actor = EventActor & { role: Role; workspace: Workspace };

/** What acts when nobody asked: the command line on the machine itself, which may do everything. */
export function systemActor(workspace: Workspace, name: string): Actor {
  return { type: 'system', id: null, name, role: 'owner', workspace };
}

export const may = (actor: Actor, permission: Permission) => PERMISSIONS[actor.role].includes(permission);

// ---- Keys -----------------------------------------------------------------------------------------------------------
// clt_<id>_<secret>: the id is the key's UUID without hyphens, followed by its workspace in base 36, so that the key is
// found by primary key; the secret is 256 random bits in hexadecimal, of which only the SHA-256 is kept.

const KEY = /^clt_([0-9a-f]{32})([0-9a-z]{1,7})_([0-9a-f]{64})$/;
const SEEN_MS = 1000;
const SEEN_MAX = 10_000;

type Seen = { actor: Actor; at: number };
const seenKeys = new WeakMap<Database, Map<string, Seen>>();

/**
 * The actor whose key this is; 401 otherwise. A key that was looked up less than a second ago costs no round trip, so
 * a revoked one is refused everywhere within that second. Wrong keys are never remembered. `onStranger` is called before
 * a key is looked up that has not been found right lately, and may throw to refuse that.
 */
export function authenticate(
  database: Database,
  authorization: string | undefined,
  onStranger: () => void | Promise<void> = () => {},
): Actor | Promise<Actor> {
  const token = authorization && /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  if (!token) throw unauthenticated('Send an API key: `Authorization: Bearer <key>`.');
  let seen = seenKeys.get(database);
  if (!seen) {
    seen = new Map();
    seenKeys.set(database, seen);
  }
  // Remembered by its hash: the comparison tells nothing about a key, and memory holds none.
  const digest = hash('sha256', token);
  const known = seen.get(digest);
  if (known && performance.now() - known.at < SEEN_MS) return known.actor;
  const turn = known ? undefined : onStranger();
  const found = () => lookUp(database, seen, digest, token);
  return turn ? turn.then(found) : found();
}

async function lookUp(database: Database, seen: Map<string, Seen>, digest: string, token: string): Promise<Actor> {
  const at = performance.now();
  const [, hex, workspace, secret] = KEY.exec(token) ?? [];
  const workspace_id = workspace ? Number.parseInt(workspace, 36) : Number.NaN;
  if (!hex || !secret || !(workspace_id <= 0x7fffffff)) throw unauthenticated('This is not a valid API key.');
  const id = hex.replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  const [row] = await database.read(FIND_KEY, [workspace_id, id]);
  const stored = Buffer.from(row?.[0] ?? '0'.repeat(64), 'hex');
  if (!timingSafeEqual(stored, Buffer.from(hash('sha256', secret), 'hex')) || !row) {
    seen.delete(digest);
    throw unauthenticated('This is not a valid API key.');
  }
  const actor: Actor = { type: 'key', id, name: row[1], role: row[2], workspace: workspaceOf(row.slice(3)) };
  if (seen.size >= SEEN_MAX) seen.clear();
  seen.set(digest, { actor, at });
  return actor;
}

function unauthenticated(detail: string): Problem {
  return new Problem(401, 'unauthenticated', detail, { headers: { 'www-authenticate': 'Bearer realm="Clientele"' } });
}

export type WriteContext = { request_id: string | null; idempotency?: Idempotency };

/** What became of a write: where the log stands after it, and whether it was a repetition of one made before. */
export type Written<Subject> = { subject: Subject; position: number; replayed: boolean };

/** Makes a key; its text is in the answer alone, and null where the request was a repetition. */
export async function createKey(
  database: Database,
  actor: Actor,
  body: unknown,
  context: WriteContext,
): Promise<Written<Key & { key: string | null }>> {
  const { fields, errors } = checkInput(keyFields, body, {
    partial: false,
    readOnly: ['id', 'created_at', 'revoked_at', 'key'],
  });
  if (errors.length > 0) throw invalid(errors);
  const { name, role } = fields as { name: string; role: Role };
  if (ROLES.indexOf(role) > ROLES.indexOf(actor.role))
    throw new Problem(403, 'role_too_high', 'Nobody can grant a role above their own.', {
      errors: [{ pointer: '/role', code: 'role_too_high', detail: `Your own role is ${actor.role}.` }],
    });
  const secret = randomBytes(32).toString('hex');
  const written = await logged(database, actor, context, 201, [], (now) => {
    const key: Key = { id: uuidv7(Date.parse(now), 0), name, role, created_at: now, revoked_at: null };
    const values = [actor.workspace.id, key.id, name, role, hash('sha256', secret), now];
    return {
      subject: key,
      subject_id: key.id,
      change: { ask: [INSERT_KEY, values], type: 'key.created', before: null },
    };
  });
  if (written.replayed)
    return { ...written, subject: { ...(await readKey(database, actor, written.subject_id)), key: null } };
  const key = written.subject as Key;
  const text = `clt_${key.id.replaceAll('-', '')}${actor.workspace.id.toString(36)}_${secret}`;
  return { ...written, subject: { ...key, key: text } };
}

/** Revokes a key for good; 404 when the workspace has no such key. Revoking it again changes nothing. */
export async function revokeKey(
  database: Database,
  actor: Actor,
  id: string,
  context: WriteContext,
): Promise<Written<null>> {
  if (!isUuid(id)) throw notFound();
  const read: Ask = [READ_KEY, [actor.workspace.id, id]];
  const written = await logged(database, actor, context, 204, [read], (now, row) => {
    if (!row) throw notFound();
    const key = keyOf(row);
    if (ROLES.indexOf(key.role) > ROLES.indexOf(actor.role))
      throw new Problem(403, 'role_too_high', 'Nobody can revoke a key with a role above their own.');
    if (key.revoked_at) return { subject: key, subject_id: key.id };
    const ask: Ask = [REVOKE_KEY, [actor.workspace.id, key.id, now]];
    return {
      subject: { ...key, revoked_at: now },
      subject_id: key.id,
      change: { ask, type: 'key.revoked', before: { revoked_at: null } },
    };
  });
  return { ...written, subject: null };
}

/** The workspace's keys, newest first, revoked ones too. */
export async function listKeys(database: Database, actor: Actor): Promise<Key[]> {
  return (await database.read(LIST_KEYS, [actor.workspace.id])).map(keyOf);
}

async function readKey(database: Database, actor: Actor, id: string): Promise<Key> {
  const [row] = isUuid(id) ? await database.read(READ_KEY, [actor.workspace.id, id]) : [];
  if (!row) throw notFound();
  return keyOf(row);
}

const keyOf = ([id, name, role, created_at, revoked_at]: Row): Key => ({ id, name, role, created_at, revoked_at });

// ---- Workspaces -----------------------------------------------------------------------------------------------------

/** Makes a workspace, or gives null when the slug is taken. */
export async function createWorkspace(database: Database, slug: string, name: string): Promise<Workspace | null> {
  const session = await database.begin();
  try {
    const [made] = await session.query(INSERT_WORKSPACE, [slug, name]);
    if (!(await session.commit())) throw new Error('PostgreSQL rolled the transaction back.');
    session.release();
    return made ? await findWorkspace(database, slug) : null;
  } catch (error) {
    session.release(true);
    throw error;
  }
}

export async function findWorkspace(database: Database, slug: string): Promise<Workspace | null> {
  const [row] = await database.read(FIND_WORKSPACE, [slug]);
  return row ? workspaceOf(row) : null;
}

export async function listWorkspaces(database: Database): Promise<Workspace[]> {
  return (await database.read(LIST_WORKSPACES)).map(workspaceOf);
}

/** The caller's workspace as it is now. */
export async function readWorkspace(database: Database, actor: Actor): Promise<Workspace> {
  const [row] = await database.read(READ_WORKSPACE, [actor.workspace.id]);
  if (!row) throw notFound();
  return workspaceOf(row);
}

/** Changes the caller's workspace's name or region; 404 for any other. */
export async function updateWorkspace(
  database: Database,
  actor: Actor,
  slug: string,
  body: unknown,
  context: WriteContext,
): Promise<Written<Workspace>> {
  if (slug !== actor.workspace.slug) throw notFound();
  const { fields, errors } = checkInput(workspaceFields, body, {
    partial: true,
    readOnly: ['id', 'slug', 'created_at'],
  });
  if (errors.length > 0) throw invalid(errors);
  const read: Ask = [READ_WORKSPACE, [actor.workspace.id]];
  const written = await logged(database, actor, context, 200, [read], (_now, row) => {
    const current = workspaceOf(row!);
    const next: Workspace = { ...current, ...fields };
    const changed = (['name', 'region'] as const).filter((field) => current[field] !== next[field]);
    if (changed.length === 0) return { subject: current, subject_id: null };
    const ask: Ask = [UPDATE_WORKSPACE, [actor.workspace.id, next.name, next.region]];
    const before = Object.fromEntries(changed.map((field) => [field, current[field]]));
    return { subject: next, subject_id: null, change: { ask, type: 'workspace.updated', before } };
  });
  const subject = written.replayed ? await readWorkspace(database, actor) : (written.subject as Workspace);
  return { ...written, subject };
}

const workspaceOf = ([id, slug, name, region, created_at]: Row): Workspace => ({ id, slug, name, region, created_at });

// ---- The log --------------------------------------------------------------------------------------------------------

/** What a write leads to: its subject as it is afterwards, and the change with its event unless there is nothing to change. */
type Decided = {
  subject: object;
  subject_id: string | null;
  change?: { ask: Ask; type: string; before: object | null };
};
type Logged = { subject: object | null; subject_id: string; replayed: boolean };

/** One write with at most one event, decided under the ledger's lock. A repetition has no subject and writes nothing. */
async function logged(
  database: Database,
  actor: Actor,
  { request_id, idempotency }: WriteContext,
  status: number,
  read: Ask[],
  decide: (now: string, row: Row | undefined) => Decided,
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
    const { subject, subject_id, change } = decide(ledger.now, read.length > 0 ? found[0]?.[0] : undefined);
    const { type, id, name } = actor;
    const log = { actor: { type, id, name }, request_id, cause_id: null, after: JSON.stringify(subject) };
    const events: EventDraft[] = change ? [{ type: change.type, before: change.before, ...log }] : [];
    const stored = { status, position: ledger.position + events.length, subject_id };
    const keys = idempotency ? [storeKeys(workspace_id, ledger.now, [{ ...idempotency, ...stored }])] : [];
    const statements = [...(change ? [change.ask] : []), ...keys];
    return { ...nothing, statements, events, answer: { subject, subject_id: subject_id ?? '', replayed: false } };
  });
  return { ...answer, position };
}
