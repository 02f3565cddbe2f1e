// Whether the log is still as it was sealed, and whether a head that was noted earlier is still one of its heads.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../database.ts';
import { counted, type Look, openFindings, SUSPECTS_MOST } from '../finding.ts';
import { whose } from './log-check.ts';
import { COMPARE_BLOCK, READ_HEAD, READ_HEAD_AT, VERIFY_BLOCKS } from './seals-store.ts';

/** A head as it was printed, to be noted elsewhere. */
export type NotedHead = { workspace: string; position: number; head: string };

/** Events that a statement looks at: some 50 ms. */
const SLICE = 2000;

const DIFFERENCES: Record<string, string> = {
  missing: 'is gone',
  envelope: 'is not as it was sealed: what it is, when it was or who did it was changed',
  content: 'is not as it was sealed: the values that it holds were changed',
  salt: 'cannot be compared with its seal: the salt of its customer is gone, and no erasure explains that',
  removed: 'has lost the values that it was sealed with, and no erasure explains that',
};

/** Compares every sealed event of a workspace with its seal, and the noted heads with its own, in short statements that hold nobody up. */
export async function checkSeals(
  database: Database,
  { id, slug }: { id: number; slug: string },
  heads: NotedHead[],
  { report, again_ms }: Look,
): Promise<void> {
  const { tell, end } = openFindings('seals', slug, report);
  const [ledger] = await database.read(READ_HEAD, [id]);
  if (!ledger) return; // which the look at the log tells
  const [sealed, head, position] = ledger;
  /** The blocks with events that are not as they were sealed. */
  const suspects = new Map<number, number>();
  const differing = () => [...suspects.values()].reduce((sum, events) => sum + events, 0);
  for (let last: number | undefined = 0; last !== undefined && differing() < SUSPECTS_MOST; ) {
    const blocks = await database.search(VERIFY_BLOCKS, [id, last, sealed, SLICE]);
    for (const [position, to, follows, isHead, isSame] of blocks) {
      const seal = `The seal of workspace ${slug} over positions ${position} to ${to}`;
      if (!follows)
        tell(`${seal} does not begin where the one before ends: a seal was removed or changed.`, { position });
      if (!isHead) tell(`${seal} does not follow from the one before: it or that one was changed.`, { position });
      if (isSame) continue;
      // Where somebody was erased, a block has other digests, and no event that differs.
      const events = await database.search(COMPARE_BLOCK, [id, position]);
      if (events.length > 0) suspects.set(position, events.length);
    }
    last = blocks.at(-1)?.[0];
  }
  if (suspects.size > 0) await sleep(again_ms);
  for (const first_position of suspects.keys())
    for (const [position, customer_id, difference] of await database.search(COMPARE_BLOCK, [id, first_position]))
      tell(`The event at position ${position} of workspace ${slug}${whose(customer_id)} ${DIFFERENCES[difference]}.`, {
        position,
        customer_id: customer_id ?? undefined,
      });
  for (const { position, head } of heads.filter(({ workspace }) => workspace === slug)) {
    const [found] = await database.read(READ_HEAD_AT, [id, position]);
    if (!found)
      tell(
        `No seal of workspace ${slug} ends at position ${position}, where a head was noted: it was removed, or the database is older than the note.`,
        { position },
      );
    else if (found[0] !== head)
      tell(
        `The head of workspace ${slug} at position ${position} is ${found[0]}, not the one that was noted: the log was changed up to there, and sealed anew.`,
        { position },
      );
  }
  const unsealed = `${counted(position - sealed, 'event')} not sealed yet`;
  end(
    head === null
      ? `The log of workspace ${slug} has no seal, ${unsealed}.`
      : `${counted(sealed, 'event')} of workspace ${slug} as they were sealed, ${unsealed}. To note elsewhere: --head ${slug}:${sealed}:${head}`,
    { position: sealed },
  );
}
