// What the replies of this slice have in common.
import type { Call, Reply } from '../http.ts';
import { readIdempotency } from '../idempotency/idempotency.ts';
import type { WriteContext } from './logged.ts';

export const json = (status: number, body: object, headers: Record<string, string> = {}): Reply => ({
  status,
  body: JSON.stringify(body),
  headers,
});

/** What is told of a write besides its subject. */
export function headersOf({ position, replayed }: { position: number; replayed: boolean }): Record<string, string> {
  return { 'clientele-position': String(position), ...(replayed ? { 'idempotency-replayed': 'true' } : {}) };
}

export const contextOf = (call: Call): WriteContext => ({
  request_id: call.request_id,
  idempotency: readIdempotency(call),
});
