// Who is asking, and what they may do: workspaces and keys.
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Key, keyFields, type Workspace, workspaceFields } from '#contract/access.ts';
import { PERMISSIONS, type Permission, ROLES, type Role } from '#contract/api.ts';
import type { EventActor } from '#contract/events.ts';
import { checkInput } from '#contract/input.ts';
import type { Database, Row, Statement } from '../database.ts';
import { type EventDraft, type Plan, writeUnderLock } from '../events/events.ts';
import {
  askForReplays,
  checkReplay,
  type Idempotency,
  idempotencyId,
  replaysOf,
  storeKeys,
} from '../events/idempotency.ts';
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
 * a revoked one is refused everywhere within that second. Wrong keys are never remembered.
 */
export function authenticate(database: Database, authorization: string | undefined): Actor | Promise<Actor> {
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
  return lookUp(database, seen, digest, token);
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

/** Makes a key; its text is in the reply alone, and null where the request was a repetition. */
export async function createKey(
  database: Database,
  actor: Actor,
  body: unknown,
  context: WriteContext,
): Promise<Key & { key: string | null }> {
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
  const written = await logged(database, actor, context, 201, (now) => {
    const key: Key = { id: uuidv7(Date.parse(now), 0), name, role, created_at: now, revoked_at: null };
    const values = [actor.workspace.id, key.id, name, role, hash('sha256', secret), now];
    return { statement: [INSERT_KEY, values], type: 'key.created', before: null, after: key, subject_id: key.id };
  });
  if (written.subject) {
    const key = written.subject as Key;
    return { ...key, key: `clt_${key.id.replaceAll('-', '')}${actor.workspace.id.toString(36)}_${secret}` };
  }
  return { ...(await readKey(database, actor, written.subject_id)), key: null };
}

/** Revokes a key for good; 404 when the workspace has no such key. */
export async function revokeKey(database: Database, actor: Actor, id: string, context: WriteContext): Promise<void> {
  const key = await readKey(database, actor, id);
  if (ROLES.indexOf(key.role) > ROLES.indexOf(actor.role))
    throw new Problem(403, 'role_too_high', 'Nobody can revoke a key with a role above their own.');
  if (key.revoked_at) return;
  await logged(database, actor, context, 204, (now) => ({
    statement: [REVOKE_KEY, [actor.workspace.id, key.id, now]],
    type: 'key.revoked',
    before: { revoked_at: null },
    after: { ...key, revoked_at: now },
    subject_id: key.id,
  }));
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
): Promise<Workspace> {
  if (slug !== actor.workspace.slug) throw notFound();
  const { fields, errors } = checkInput(workspaceFields, body, {
    partial: true,
    readOnly: ['id', 'slug', 'created_at'],
  });
  if (errors.length > 0) throw invalid(errors);
  const current = await readWorkspace(database, actor);
  const next: Workspace = { ...current, ...fields };
  const changed = (['name', 'region'] as const).filter((field) => current[field] !== next[field]);
  if (changed.length > 0)
    await logged(database, actor, context, 200, () => ({
      statement: [UPDATE_WORKSPACE, [actor.workspace.id, next.name, next.region]],
      type: 'workspace.updated',
      before: Object.fromEntries(changed.map((field) => [field, current[field]])),
      after: next,
      subject_id: null,
    }));
  return next;
}

const workspaceOf = ([id, slug, name, region, created_at]: Row): Workspace => ({ id, slug, name, region, created_at });

// ---- The log --------------------------------------------------------------------------------------------------------

type LoggedWrite = {
  statement: [Statement, unknown[]];
  type: string;
  before: object | null;
  after: object;
  subject_id: string | null;
};

/** One write with one event. Where its idempotency key was seen before, `subject` is absent and nothing is written. */
async function logged(
  database: Database,
  actor: Actor,
  { request_id, idempotency }: WriteContext,
  status: number,
  make: (now: string) => LoggedWrite,
): Promise<{ subject?: object; subject_id: string }> {
  const workspace_id = actor.workspace.id;
  const reads = idempotency ? [askForReplays(workspace_id, [idempotency])] : [];
  const { answer } = await writeUnderLock(
    database,
    workspace_id,
    reads,
    (ledger, [seen]): Plan<{ subject?: object; subject_id: string }> => {
      const nothing = { statements: [], events: [], total: 0, active: 0 };
      const replay = idempotency && replaysOf(seen ?? []).get(idempotencyId(idempotency));
      if (replay) {
        checkReplay(replay, idempotency);
        return { ...nothing, answer: { subject_id: replay.subject_id ?? '' } };
      }
      const { statement, type, before, after, subject_id } = make(ledger.now);
      const { id, name } = actor;
      const event: EventDraft = {
        type,
        actor: { type: actor.type, id, name },
        request_id,
        cause_id: null,
        before,
        after,
      };
      const stored = idempotency
        ? [storeKeys(workspace_id, ledger.now, [{ ...idempotency, status, position: ledger.position + 1, subject_id }])]
        : [];
      return {
        ...nothing,
        statements: [statement, ...stored],
        events: [event],
        answer: { subject: after, subject_id: subject_id ?? '' },
      };
    },
  );
  return answer;
}
