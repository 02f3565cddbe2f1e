// Whether the customers are what the log made of them, and whether what is kept beside them follows from them. A slice by id
// at a time, each of one moment with its events, while everybody goes on writing.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, Row } from '../database.ts';
import { readLedger } from '../events/events.ts';
import { counted, type Look, openFindings, SUSPECTS_MOST } from '../finding.ts';
import { BETWEEN_VALUES } from '../rowset.ts';
import {
  COMPARE_CUSTOMER,
  COMPARE_CUSTOMERS,
  COUNT_CUSTOMERS,
  DERIVED,
  FIND_LOST_CUSTOMERS,
  FIND_TWINS,
} from './check-store.ts';
import { searchColumnsOf } from './columns.ts';
import { COUNT_SUPPRESSIONS } from './erase-store.ts';
import { keyIdOf } from './suppression.ts';

type Workspace = { id: number; slug: string };

/** Customers, or positions, that a statement looks at: some 40 ms. */
const SLICE = 2000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Compares each customer with its last event, and the columns by which it is found with what they derive from. */
export async function checkCustomers(
  database: Database,
  workspace: Workspace,
  { report, again_ms }: Look,
): Promise<void> {
  const { tell, end } = openFindings('customers', workspace.slug, report);
  let customers = 0;
  const suspects = new Set<string>();
  let next: Promise<Row[]> | undefined = database.search(COMPARE_CUSTOMERS, [workspace.id, FIRST_ID, SLICE]);
  while (next) {
    const [[count, last, differing, derived]] = (await next) as [[number, string | null, string | null, string | null]];
    // PostgreSQL is at the next slice while this one is folded.
    next = count < SLICE ? undefined : database.search(COMPARE_CUSTOMERS, [workspace.id, last, SLICE]);
    next?.catch(() => {}); // heard when its turn comes
    customers += count;
    for (const id of [...(differing?.split(',') ?? []), ...(derived === null ? [] : stale(derived))]) suspects.add(id);
    if (suspects.size >= SUSPECTS_MOST) break;
  }
  await next?.catch(() => {});
  if (suspects.size > 0) await sleep(again_ms);
  for (const id of suspects) await lookAgain(id);
  end(`${counted(customers, 'customer')} of workspace ${workspace.slug} as the log has them, deleted ones among them.`);

  async function lookAgain(customer_id: string): Promise<void> {
    const [row] = await database.search(COMPARE_CUSTOMER, [workspace.id, customer_id]);
    if (!row) return; // erased meanwhile
    const [json, after, type, version, isInState, ...columns] = row;
    const who = `Customer ${customer_id} of workspace ${workspace.slug}`;
    if (type === null) return tell(`${who} has no event: it was added past the server.`, { customer_id });
    const record = JSON.parse(json);
    const logged = JSON.parse(after) ?? {};
    const fields = Object.keys(record).filter((field) => record[field] !== (logged[field] ?? null));
    if (version !== record.version && !fields.includes('version')) fields.push('version');
    if (fields.length > 0)
      tell(`${who} is not as its last event left it: ${fields.join(', ')}. Either was changed past the server.`, {
        customer_id,
      });
    if (!isInState)
      tell(
        `${who} is deleted by only one of row and log, or not at the same time. Either was changed past the server.`,
        {
          customer_id,
        },
      );
    const should = searchColumnsOf(record);
    const outdated = DERIVED.filter((column, index) => columns[index] !== should[column]);
    if (outdated.length > 0)
      tell(
        `${who} is not found or ordered as it should be: ${outdated.join(', ')} ${outdated.length === 1 ? 'does' : 'do'} not follow from its fields. Saving a change of its name makes them anew.`,
        { customer_id },
      );
  }
}

/** The ids of those whose derived columns are not what they should be. */
function stale(text: string): string[] {
  const ids: string[] = [];
  for (const record of text.split('\u001e')) {
    const [id, first_name, last_name, email, phone, phone_e164, ...columns] = record.split(BETWEEN_VALUES) as string[];
    const should = searchColumnsOf({
      first_name: first_name!,
      last_name: last_name!,
      email: email!,
      phone: phone || null,
      phone_e164: phone_e164 || null,
    });
    if (DERIVED.some((column, index) => columns[index] !== should[column])) ids.push(id!);
  }
  return ids;
}

/** Looks for each customer whom the log saw made, and nobody erased. */
export async function checkLostCustomers(database: Database, workspace: Workspace, { report }: Look): Promise<void> {
  const { tell, end } = openFindings('lost_customers', workspace.slug, report);
  const { position } = await readLedger(database, workspace.id);
  for (let from = 1; from <= position; from += SLICE) {
    const to = Math.min(from + SLICE - 1, position);
    for (const [place, customer_id] of await database.search(FIND_LOST_CUSTOMERS, [workspace.id, from, to]))
      tell(
        `Customer ${customer_id} of workspace ${workspace.slug}, created at position ${place}, is not there, and was not erased. It was removed past the server: its last event holds it.`,
        { customer_id, position: place },
      );
  }
  end(`Everybody whom the log of workspace ${workspace.slug} saw created is there or was erased.`);
}

/** Compares the counts of the ledger and of the days with the customers themselves, at one moment. */
export async function checkCounts(database: Database, workspace: Workspace, { report }: Look): Promise<void> {
  const { tell, end } = openFindings('counts', workspace.slug, report);
  const [row] = await database.search(COUNT_CUSTOMERS, [workspace.id]);
  if (!row) return; // without a ledger, which the look at the log tells
  const [kept_total, kept_active, isBehind, total, active, days] = row;
  const { slug } = workspace;
  if (kept_total !== total)
    tell(`The ledger of workspace ${slug} counts ${counted(kept_total, 'customer')}, and there are ${total}.`);
  if (kept_active !== active)
    tell(`The ledger of workspace ${slug} counts ${counted(kept_active, 'active customer')}, and there are ${active}.`);
  if (days !== null && !isBehind)
    tell(`The timeline of workspace ${slug} does not count the customers created on ${days}.`);
  for (const [field, count, one, other] of await database.search(FIND_TWINS, [workspace.id]))
    tell(
      `${counted(count, 'customer')} of workspace ${slug} have one ${field}, ${one} and ${other} among them. Change all but one.`,
      { customer_id: one },
    );
  end(`Counts, timeline and unique values of workspace ${slug} hold.`);
}

/** Looks whether those who were erased are still recognised: by the key that their emails and external ids were hashed with. */
export async function checkSuppressions(database: Database, workspace: Workspace, { report }: Look): Promise<void> {
  const { tell, end } = openFindings('suppressions', workspace.slug, report);
  const values = [workspace.id, keyIdOf(database.suppression_key)];
  const [row] = await database.search(COUNT_SUPPRESSIONS, values);
  const [all, foreign] = row as [number, number];
  if (foreign > 0)
    tell(
      `Workspace ${workspace.slug} keeps ${counted(foreign, 'value')} of erased customers, hashed with another key, so that they would be taken again: bring back the access.secrets_key of then, or the file suppression-key of the data folder.`,
    );
  end(`Workspace ${workspace.slug} keeps ${counted(all, 'value')} of erased customers from being entered again.`);
}
