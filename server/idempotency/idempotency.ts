// Idempotency keys: a request's key is stored by the very transaction that has the request's effect, so either both
// are there or neither is.
import { hash } from 'node:crypto';
import type { Ask, Database, Row } from '../database.ts';
import { invalid, Problem } from '../problem.ts';
import {
  FIND_IDEMPOTENCY_KEYS,
  FORGET_FINGERPRINTS,
  FORGET_IDEMPOTENCY_KEYS,
  STORE_IDEMPOTENCY_KEYS,
} from './store.ts';

/** A request that may be repeated: whose it is, its key, and what it asks for. */
export type Idempotency = { actor_id: string; key: string; fingerprint: string };

/**
 * What the first request with a key led to. `position` tells the state of its subject to answer with; `reply`, as JSON,
 * what else it was answered.
 */
export type Replay = {
  fingerprint: string;
  status: number;
  position: number;
  subject_id: string | null;
  reply?: string | null;
};

export const idempotencyId = (idempotency: { actor_id: string; key: string }) =>
  `${idempotency.actor_id} ${idempotency.key}`;

type Request = {
  actor: { type: string; id: string | null };
  headers: Record<string, string | string[] | undefined>;
  method: string;
  path: string;
  body: unknown;
};

/** What makes a request repeatable, if it asks for that; 400 when its key is empty, over-long or not printable. */
export function readIdempotency({ actor, headers, method, path, body }: Request): Idempotency | undefined {
  const key = readKey(headers['idempotency-key']);
  if (key === undefined) return undefined;
  const fingerprint = hash('sha256', JSON.stringify([method, path, body ?? null]), 'base64url');
  return { actor_id: `${actor.type}:${actor.id}`, key, fingerprint };
}

function readKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(header))
    throw invalid([
      {
        pointer: 'Idempotency-Key',
        code: 'invalid_header',
        detail: 'Idempotency-Key must have 1 to 255 printable characters.',
      },
    ]);
  return header;
}

export function askForReplays(workspace_id: number, asked: Idempotency[]): Ask {
  return [FIND_IDEMPOTENCY_KEYS, [workspace_id, asked.map((one) => one.actor_id), asked.map((one) => one.key)]];
}

export function replaysOf(rows: Row[]): Map<string, Replay> {
  return new Map(
    rows.map(([actor_id, key, fingerprint, status, position, subject_id, reply]) => [
      idempotencyId({ actor_id, key }),
      { fingerprint, status, position, subject_id, reply },
    ]),
  );
}

/** 422 when the key was used for another request. */
export function checkReplay(replay: Replay, idempotency: Idempotency): void {
  if (replay.fingerprint !== idempotency.fingerprint) throw keyReused();
}

export const keyReused = () =>
  new Problem(422, 'idempotency_key_reused', 'This Idempotency-Key was used for another request.');

export function storeKeys(
  workspace_id: number,
  now: string,
  keys: (Idempotency & { status: number; position: number; subject_id: string | null; reply?: unknown })[],
): Ask {
  return [STORE_IDEMPOTENCY_KEYS, [workspace_id, JSON.stringify(keys), now]];
}

/**
 * Destroys what tells requests apart that were about the given subjects, or about many at once, at the given times: a hash of
 * what somebody said of them. Such a request is refused when it is repeated, not done again.
 */
export function forgetFingerprints(workspace_id: number, times: string[], subject_ids: string[]): Ask {
  return [FORGET_FINGERPRINTS, [workspace_id, times, subject_ids]];
}

/** Deletes a workspace's keys of more than a day ago. */
export async function forgetOldKeys(database: Database, workspace_id: number): Promise<void> {
  await database.search(FORGET_IDEMPOTENCY_KEYS, [workspace_id]);
}
