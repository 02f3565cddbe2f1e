// The customers, over HTTP.
import type { Clientele } from '#client/clientele.ts';
import { COUNT_CAP, type Customer, LIMIT } from '#contract/customers.ts';
import type { Command } from './command.ts';
import {
  changedFields,
  exclude,
  newFields,
  readActive,
  readFields,
  readNewFields,
  readNumber,
  type Values,
} from './customer-options.ts';
import { withServer } from './http.ts';
import { options, usageError } from './options.ts';
import { print } from './output.ts';
import { counted, grouped } from './progress.ts';

type ListQuery = NonNullable<Parameters<Clientele['customers']['list']>[0]>;

const COLUMNS = ['id', 'full_name', 'email', 'phone', 'is_active', 'external_id'];
const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const json = { type: 'boolean', default: false } as const;
const output = { limit: text, all: flag, fields: text, json };
const OUTPUT_USAGE = '[--limit <customers> | --all] [--fields <names, with commas>] [--json]';

export const customerCommands: Command[] = [
  {
    name: 'customers list',
    usage: `[--search <words>] [--ordering [-]<field>] [--active | --inactive] ${OUTPUT_USAGE}`,
    summary: `List customers: ${LIMIT.default} of them unless more are asked for.`,
    run(words) {
      const known = { search: text, ordering: text, active: flag, inactive: flag, ...output };
      const { values } = options(joinOrdering(words), known);
      const ordering = values.ordering as ListQuery['ordering'];
      return list({ search: values.search, ordering, is_active: readActive(values) }, values);
    },
  },
  {
    name: 'customers search',
    usage: `<words…> ${OUTPUT_USAGE}`,
    summary: 'List the customers in whose name, email or phone number all the words are found.',
    run(words) {
      const parsed = options(words, output, ['words', ...words.map(() => 'more?')]);
      return list({ search: parsed.words.join(' ') }, parsed.values);
    },
  },
  {
    name: 'customers get',
    usage: '<id> [--json]',
    summary: 'Show a customer.',
    run(words) {
      const parsed = options(words, { json }, ['id']);
      return withServer(async ({ customers }) => show(await customers.get(parsed.words[0]!), parsed.values.json));
    },
  },
  {
    name: 'customers create',
    usage: `${newFields.usage} [--json]`,
    summary: 'Create a customer.',
    run(words) {
      const { values } = options(words, { ...newFields.known, json });
      const input = readNewFields(values);
      return withServer(async ({ customers }) => show(await customers.create(input), values.json));
    },
  },
  {
    name: 'customers update',
    usage: `<id> ${changedFields.usage} [--if-version <number>] [--json]`,
    summary: 'Change some fields of a customer, or refuse to where it is no longer at a version.',
    run(words) {
      const parsed = options(words, { ...changedFields.known, 'if-version': text, json }, ['id']);
      const patch = readFields(parsed.values);
      if (Object.keys(patch).length === 0) throw usageError('There is nothing to change: name a field.');
      const if_match = readNumber(parsed.values, 'if-version');
      return withServer(async ({ customers }) =>
        show(await customers.update(parsed.words[0]!, patch, { if_match }), parsed.values.json),
      );
    },
  },
  {
    name: 'customers bulk-edit',
    usage: `(--search <words> | --all) [--only-active | --only-inactive] (${changedFields.usage} | --delete) [--dry-run] [--json]`,
    summary: 'Give one change to all customers who match, or only count them.',
    run(words) {
      const known = {
        ...changedFields.known,
        search: text,
        all: flag,
        'only-active': flag,
        'only-inactive': flag,
        delete: flag,
        'dry-run': flag,
        json,
      };
      return bulkEdit(options(words, known).values);
    },
  },
  {
    name: 'customers delete',
    usage: '<id>',
    summary: 'Delete a customer; it can be restored.',
    run(words) {
      const parsed = options(words, {}, ['id']);
      return withServer(async ({ customers }) => {
        await customers.delete(parsed.words[0]!);
        console.error('Deleted.');
      });
    },
  },
  {
    name: 'customers erase',
    usage: '<id> --yes [--no-suppress] [--json]',
    summary: 'Erase a customer for good, with all that the log says of it, and print the receipt.',
    run(words) {
      const parsed = options(words, { yes: flag, 'no-suppress': flag, json }, ['id']);
      if (!parsed.values.yes) throw usageError('Nothing brings an erased customer back: say --yes.');
      const suppress = !parsed.values['no-suppress'];
      return withServer(async ({ customers }) => {
        const receipt = await customers.erase(parsed.words[0]!, { suppress });
        const { position, at, events } = receipt;
        if (parsed.values.json) console.log(JSON.stringify(receipt));
        else console.log(`Erased at position ${position}, ${at}: ${counted(events, 'event')} without values now.`);
      });
    },
  },
  {
    name: 'customers dossier',
    usage: '<id>',
    summary: 'Print all that is kept about a customer, as JSON.',
    run(words) {
      const parsed = options(words, {}, ['id']);
      return withServer(async ({ customers }) => {
        console.log(JSON.stringify(await customers.dossier(parsed.words[0]!), null, 2));
      });
    },
  },
];

/** parseArgs would take the "-created_at" of `--ordering -created_at` for an option. */
function joinOrdering(words: string[]): string[] {
  const at = words.indexOf('--ordering');
  if (at < 0 || !/^-\w/.test(words[at + 1] ?? '')) return words;
  return words.toSpliced(at, 2, `--ordering=${words[at + 1]}`);
}

/** Prints page by page: the first is there at once, and no number of customers needs more memory. */
function list(
  query: ListQuery,
  values: { limit?: string; all?: boolean; fields?: string; json: boolean },
): Promise<number> {
  exclude(values, 'limit', 'all');
  const most = values.all ? Number.POSITIVE_INFINITY : (readNumber(values, 'limit') ?? LIMIT.default);
  const fields = values.fields?.split(',') as (keyof Customer)[] | undefined;
  return withServer(async ({ customers }) => {
    const pages = customers.list({ ...query, fields, limit: Math.min(most, LIMIT.maximum) });
    let page = await pages.page();
    let left = most;
    while (true) {
      print(page.results.slice(0, left), fields ?? COLUMNS, values.json);
      left -= page.results.length;
      // Whoever reads, such as `head`, may have had enough.
      if (left <= 0 || page.next === null || !process.stdout.writable) break;
      page = await pages.page(page.next);
    }
    if (left > 0 || (left === 0 && page.next === null)) return;
    const count = page.count_is_exact ? String(page.count) : `more than ${COUNT_CAP}`;
    console.error(`These are ${most} of ${count} customers; --limit or --all gives more.`);
  });
}

async function bulkEdit(values: Values): Promise<number> {
  const { search, all, delete: deletes } = values;
  exclude(values, 'search', 'all');
  exclude(values, 'only-active', 'only-inactive');
  if (search === undefined && !all) throw usageError('Whom is it about? Name --search or --all.');
  const customer = readFields(values);
  if (deletes ? Object.keys(customer).length > 0 : Object.keys(customer).length === 0)
    throw usageError('Name fields to change, or --delete.');
  const filter: Record<string, string | boolean> = search === undefined ? {} : { search: String(search) };
  if (values['only-active'] || values['only-inactive']) filter.is_active = values['only-active'] === true;
  const edit = deletes ? { filter, action: 'delete' as const } : { filter, action: 'update' as const, customer };
  return withServer(async ({ customers, causes }) => {
    if (values['dry-run']) return console.log(`${counted(await customers.countBulkEdit(edit), 'customer')} match.`);
    const filed = await customers.bulkEdit(edit);
    const cause = await causes.ended(filed.id);
    if (values.json || !process.stdout.isTTY) console.log(JSON.stringify(cause));
    const { changed = 0, refused = 0, total = 0 } = cause.progress ?? {};
    console.error(
      `Changed ${grouped(changed)} of ${counted(total, 'customer')}${refused > 0 ? `; refused ${grouped(refused)}` : ''}.`,
    );
    console.error(`It can be undone: npx clientele causes undo ${cause.id}`);
  });
}

function show(customer: Customer, json: boolean): void {
  const lines = Object.entries(customer).map(([field, value]) => ({ field, value }));
  if (json || !process.stdout.isTTY) print([customer], [], true);
  else print(lines, ['field', 'value'], false);
}
