// The calls about customers.
import type { Anchors } from '#contract/anchors.ts';
import type { BatchItem, BatchReply } from '#contract/batch.ts';
import type { BulkEdit } from '#contract/bulk-edits.ts';
import type { Cause } from '#contract/causes.ts';
import type {
  Customer,
  CustomerInput,
  CustomerPage,
  CustomerStats,
  OrderingField,
  RANGE_FIELDS,
  RANGE_OPERATORS,
} from '#contract/customers.ts';
import type { LogEvent } from '#contract/events.ts';
import type { ExportFormat } from '#contract/exports.ts';
import type { Dossier, Erasure } from '#contract/privacy.ts';
import type { CustomerTimeline, TimelineStep } from '#contract/timeline.ts';
import { segment } from './address.ts';
import { linesOf, readableOf } from './lines.ts';
import { type Pages, pages } from './pages.ts';
import { Problem } from './problem.ts';
import type { Call, CallOptions, Send, WriteOptions } from './send.ts';

type Required = 'first_name' | 'last_name' | 'email';

/** A whole customer; what is left out takes its default. */
export type NewCustomer = Pick<CustomerInput, Required> & Partial<Omit<CustomerInput, Required>>;

type Time = string | Date;
type Ranges = { [Field in (typeof RANGE_FIELDS)[number]]?: { [Operator in keyof typeof RANGE_OPERATORS]?: Time } };

export type ListQuery<Field extends keyof Customer = keyof Customer> = Ranges & {
  search?: string;
  ordering?: OrderingField | `-${OrderingField}`;
  is_active?: boolean;
  email?: string;
  external_id?: string;
  /** True: the deleted customers. */
  deleted?: boolean;
  /** The fields to answer with; all when left out. */
  fields?: readonly Field[];
  /** Customers per page. */
  limit?: number;
};

/** The customers that a list of the same query has, in the order in which they were created. */
export type ExportQuery<Field extends keyof Customer = keyof Customer> = Omit<
  ListQuery<Field>,
  'ordering' | 'deleted' | 'limit'
>;

type ListPage<Item> = Omit<CustomerPage, 'results'> & { results: Item[] };

export type ChangeOptions = WriteOptions & {
  /** The version that the change is based on: refused with 412 when it is no longer the current one. */
  if_match?: number;
};

type Changed = { message: string; customer: Customer };

export function customerCalls(send: Send) {
  const setActive = async (id: string, verb: string, options?: ChangeOptions) =>
    (await send<Changed>({ method: 'POST', path: `${pathOf(id)}/${verb}`, options })).customer;
  return {
    /** Lists the customers that match. A list that is walked while customers change shows each that stays in place once. */
    list<Field extends keyof Customer = keyof Customer>(
      query: ListQuery<Field> = {},
      options?: CallOptions,
    ): Pages<Pick<Customer, Field>, ListPage<Pick<Customer, Field>>> {
      return pages((cursor) => send({ method: 'GET', path: '/api/customers', query: { ...query, cursor }, options }));
    },

    /**
     * Finds up to `limit` places all along a list, each a cursor for `page` of a list with the same ordering and `is_active`;
     * near where it says, in a long list.
     */
    async anchors({
      ordering,
      is_active,
      limit,
      ...options
    }: CallOptions & Pick<ListQuery, 'ordering' | 'is_active' | 'limit'> = {}): Promise<Anchors> {
      return send({ method: 'GET', path: '/api/customers/anchors', query: { ordering, is_active, limit }, options });
    },

    /**
     * Gives all customers that match, however many, in one request: faster than a list by far, and as sure, since each that
     * is there throughout comes once. Throws a Problem where the reply breaks off, after what had come by then. `timeout_ms`
     * is how long nothing may come.
     */
    export<Field extends keyof Customer = keyof Customer>(
      query: ExportQuery<Field> = {},
      options?: CallOptions,
    ): AsyncIterable<Pick<Customer, Field>> {
      return linesOf(() => send.stream(exportCall(query, 'jsonl', options)));
    },

    /** The same as the bytes of a CSV file, which can be imported as it is unless other fields are named. */
    async exportCsv(query: ExportQuery = {}, options?: CallOptions): Promise<ReadableStream<Uint8Array>> {
      return readableOf(await send.stream(exportCall(query, 'csv', options)));
    },

    /** Retrieves a customer, as it was at a time or position where `as_of` says so; 404 when there is none, or it is deleted. */
    async get<Field extends keyof Customer = keyof Customer>(
      id: string,
      { fields, as_of, ...options }: CallOptions & { fields?: readonly Field[]; as_of?: Time | number } = {},
    ): Promise<Pick<Customer, Field>> {
      return send({ method: 'GET', path: pathOf(id), query: { fields, as_of }, options });
    },

    /** Creates a customer; 400 names each field that is refused, and the `conflict` with the holder of an email. */
    async create(input: NewCustomer, options?: WriteOptions): Promise<Customer> {
      return send({ method: 'POST', path: '/api/customers', body: input, options });
    },

    /** Changes the fields in the patch and no others. */
    async update(id: string, patch: Partial<CustomerInput>, options?: ChangeOptions): Promise<Customer> {
      return send({ method: 'PATCH', path: pathOf(id), body: patch, options });
    },

    /** Makes the customer what the input says. */
    async replace(id: string, input: NewCustomer, options?: ChangeOptions): Promise<Customer> {
      return send({ method: 'PUT', path: pathOf(id), body: input, options });
    },

    /** Creates the customer with this external id, or makes the one there is what the input says. */
    async upsert(external_id: string, input: NewCustomer, options?: ChangeOptions): Promise<Customer> {
      return send({
        method: 'PUT',
        path: `/api/customers/by-external-id/${segment(external_id)}`,
        body: input,
        options,
      });
    },

    /**
     * Does up to 1,000 changes in one request, in their order; resolves to what became of each. With `atomic` all are done,
     * or none and this throws.
     */
    async batch(
      items: readonly BatchItem[],
      { atomic, ...options }: WriteOptions & { atomic?: boolean } = {},
    ): Promise<BatchReply> {
      return send({ method: 'POST', path: '/api/customers/batch', body: { items, atomic }, options });
    },

    /** Begins to give one change to all who match a filter, or have the ids; resolves to the cause, which tells how far it is. */
    async bulkEdit(edit: BulkEdit, options?: WriteOptions): Promise<Cause> {
      return send({ method: 'POST', path: '/api/customers/bulk-edits', body: edit, options });
    },

    /** Counts whom a bulk edit would be about. */
    async countBulkEdit(edit: BulkEdit, options?: CallOptions): Promise<number> {
      const body = { ...edit, dry_run: true };
      const { total } = await send<{ total: number }>({
        method: 'POST',
        path: '/api/customers/bulk-edits',
        body,
        options,
      });
      return total;
    },

    /** Deletes a customer, which frees its email and external id; it can be restored. */
    async delete(id: string, options?: ChangeOptions): Promise<void> {
      return send({ method: 'DELETE', path: pathOf(id), options });
    },

    /** Brings a deleted customer back; 400 when its email or external id was taken meanwhile. */
    async restore(id: string, options?: ChangeOptions): Promise<Customer> {
      return send({ method: 'POST', path: `${pathOf(id)}/restore`, options });
    },

    /** Makes a customer active. */
    async activate(id: string, options?: ChangeOptions): Promise<Customer> {
      return setActive(id, 'activate', options);
    },

    /** Makes a customer inactive. */
    async deactivate(id: string, options?: ChangeOptions): Promise<Customer> {
      return setActive(id, 'deactivate', options);
    },

    /**
     * Erases a customer for good, deleted or not, with all that the log says of it; resolves to the receipt. Whoever was erased is
     * refused from then on, unless `suppress` is false.
     */
    async erase(id: string, { suppress, ...options }: ChangeOptions & { suppress?: boolean } = {}): Promise<Erasure> {
      return send({ method: 'POST', path: `${pathOf(id)}/erase`, query: { suppress }, options });
    },

    /** Retrieves the receipt of an erasure; 404 where there was none. */
    async erasure(id: string, options?: CallOptions): Promise<Erasure> {
      return send({ method: 'GET', path: `${pathOf(id)}/erasure`, options });
    },

    /** Retrieves all that is kept about a customer, deleted or not. */
    async dossier(id: string, options?: CallOptions): Promise<Dossier> {
      return send({ method: 'GET', path: `${pathOf(id)}/dossier`, options });
    },

    /** Lets whoever had this email or external id, and was erased, be entered again; resolves to which of them were suppressed. */
    async liftSuppression(
      values: { email?: string; external_id?: string },
      options?: WriteOptions,
    ): Promise<('email' | 'external_id')[]> {
      const path = '/api/suppressions/lift';
      return (await send<{ lifted: ('email' | 'external_id')[] }>({ method: 'POST', path, body: values, options }))
        .lifted;
    },

    /** Counts the customers: exact, and never stale. */
    async stats(options?: CallOptions): Promise<CustomerStats> {
      return send({ method: 'GET', path: '/api/customers/stats', options });
    },

    /** Counts new customers by day, week or month, days being UTC's, such as `2026-01-31`; the last 90 days unless said otherwise. */
    async timeline({
      from,
      to,
      by,
      ...options
    }: CallOptions & { from?: string; to?: string; by?: TimelineStep } = {}): Promise<CustomerTimeline> {
      return send({ method: 'GET', path: '/api/customers/stats/timeline', query: { from, to, by }, options });
    },

    /** Lists the events of a customer, newest first; of a deleted one too. `limit` is events per page. */
    history(
      id: string,
      { limit, ...options }: CallOptions & { limit?: number } = {},
    ): Pages<LogEvent, { results: LogEvent[]; next: string | null }> {
      return pages(async (cursor) =>
        send({ method: 'GET', path: `${pathOf(id)}/history`, query: { limit, cursor }, options }),
      );
    },
  };
}

const exportCall = (query: ExportQuery, format: ExportFormat, options: CallOptions | undefined): Call => ({
  method: 'GET',
  path: '/api/customers/export',
  query: { ...query, format },
  options,
});

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What is no id is not sent: `stats`, or nothing at all, in its place would be answered with something else than a customer. */
function pathOf(id: string): string {
  if (!UUID.test(id)) throw new Problem({ status: 404, code: 'not_found', detail: 'There is no such customer.' });
  return `/api/customers/${id}`;
}
