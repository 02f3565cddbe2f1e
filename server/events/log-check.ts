// Whether a log holds together: no position without its event, no time that runs backwards, each event on top of the one before.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../database.ts';
import { counted, type Look, openFindings, SUSPECTS_MOST } from '../finding.ts';
import { FIND_FAULTS, FIND_GAPS, READ_LEDGER_TIME } from './log-check-store.ts';

/** Events that a statement looks at: some 20 ms. */
const SLICE = 2000;
/** How far the time of a log may be ahead of the clock. */
const AHEAD_SECONDS = 1;

const FAULTS: Record<string, string> = {
  time: 'has a time before that of the event before it. One of the two was changed',
  salt_kept: 'says that the customer was erased, but the salt is still there. Erase the customer again',
  values_kept: 'says that the customer was erased, but events before it still hold values. Erase the customer again',
  values_gone:
    'holds no values, though the customer was not erased. They were removed past the server: restore a backup',
  version: 'has a version that does not follow from the one before. An event of the customer was removed or changed',
  order: 'cannot have happened to the customer as the events before left them. An event was removed or changed',
  before: 'says that a field had a value which the event before did not give it. One of the two was changed',
};

/** Looks at the log of a workspace up to where it stands now, in short statements that hold nobody up. */
export async function checkLog(
  database: Database,
  { id, slug }: { id: number; slug: string },
  { report, again_ms }: Look,
): Promise<void> {
  const { tell, end } = openFindings('log', slug, report);
  const [ledger] = await database.read(READ_LEDGER_TIME, [id]);
  if (!ledger) {
    tell(`Workspace ${slug} has no ledger: nothing can be written to it. Restore a backup.`);
    return;
  }
  const [position, last_at, ahead, newest, isSameTime] = ledger;
  if (newest > position)
    tell(
      `The ledger of workspace ${slug} stands at position ${position}, but there are events up to ${newest}: the next write fails. Restore a backup.`,
      { position },
    );
  if (isSameTime === false)
    tell(
      `The event at position ${position} of workspace ${slug} is not of the time ${last_at} that the ledger notes. One of the two was changed.`,
      { position },
    );
  if (Number(ahead) > AHEAD_SECONDS)
    tell(
      `The last event of workspace ${slug} is ${counted(Math.round(Number(ahead)), 'second')} ahead of the clock, which was set back since: until it has caught up, events are a microsecond apart. Let NTP keep the clock.`,
      { position },
    );
  const suspects: number[] = [];
  for (let from = 1; from <= position && suspects.length < SUSPECTS_MOST; from += SLICE) {
    const to = Math.min(from + SLICE - 1, position);
    const gaps = (await database.search(FIND_GAPS, [id, from, to])).map(([place]) => place as number);
    for (const [first, last] of rangesOf(gaps)) {
      const where = first === last ? `position ${first}` : `positions ${first} to ${last}`;
      tell(`The log of workspace ${slug} has no event at ${where}: it was removed. Restore a backup.`, {
        position: first,
      });
    }
    suspects.push(...(await database.search(FIND_FAULTS, [id, from, to])).map(([place]) => place));
  }
  if (suspects.length > 0) await sleep(again_ms);
  for (const suspect of suspects)
    for (const [place, customer_id, fault] of await database.search(FIND_FAULTS, [id, suspect, suspect]))
      tell(`The event at position ${place} of workspace ${slug}${whose(customer_id)} ${FAULTS[fault]}.`, {
        position: place,
        customer_id: customer_id ?? undefined,
      });
  end(`${counted(position, 'event')} of workspace ${slug} in order, without a gap.`);
}

export const whose = (customer_id: string | null) => (customer_id === null ? '' : ` (customer ${customer_id})`);

/** Numbers that follow one another, as first and last. */
function rangesOf(numbers: number[]): [first: number, last: number][] {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const range = ranges.at(-1);
    if (range?.[1] === number - 1) range[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
}
