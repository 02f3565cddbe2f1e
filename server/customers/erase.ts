// What erasing customers takes besides removing their rows: their history, and what keeps them from being entered again.
import type { Ask, Row } from '../database.ts';
import { scrubHistory } from '../events/events.ts';
import { forgetFingerprints } from '../idempotency/idempotency.ts';
import type { Erased } from './change.ts';
import { suppress, suppressedOf, type UniqueValue } from './suppression.ts';

/** Gathers statements; of each customer is known what was found in the log. */
export function openErasing(key: Buffer, workspace_id: number, histories: Row[]) {
  const known = new Map(
    histories.map(([id, events, emails, external_ids, times]) => {
      const values = (field: UniqueValue[0], json: string | null) =>
        (JSON.parse(json ?? '[]') as string[]).map((value): UniqueValue => [field, value]);
      return [id, { events, values: [...values('email', emails), ...values('external_id', external_ids)], times }];
    }),
  );
  const ids: string[] = [];
  const times = new Set<string>();
  const suppressed: Erased['suppressed'] = [];

  return {
    erase(change: { id: string; suppress: boolean }): Erased {
      const { events, values, times: recent } = known.get(change.id)!;
      const hashes = change.suppress ? suppressedOf(key, workspace_id, values) : [];
      ids.push(change.id);
      suppressed.push(...hashes);
      for (const time of JSON.parse(recent ?? '[]')) times.add(time);
      return { events, values: values.map(([, value]) => value), suppressed: hashes };
    },
    statements(): Ask[] {
      if (ids.length === 0) return [];
      const statements = scrubHistory(workspace_id, ids);
      if (suppressed.length > 0) statements.push(suppress(workspace_id, suppressed));
      if (times.size > 0) statements.push(forgetFingerprints(workspace_id, [...times], ids));
      return statements;
    },
  };
}
