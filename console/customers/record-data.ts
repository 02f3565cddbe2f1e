// A record as it is known here: read once, kept up by what is written, and by the stream of events.
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Problem } from '#client/clientele.ts';
import type { Customer } from '#contract/customers.ts';
import type { LogEvent } from '#contract/events.ts';
import { api, queries } from '../api.ts';

/** `deletion`: the event that deleted it, where it is deleted. */
export type Known = { customer: Customer; deletion: LogEvent | null };
/** Of one who was erased there is no more than the event that did it. */
type Erased = { erasure: LogEvent };

export const HISTORY_PAGE = 20;

const recordKey = (id: string) => ['customer', id, 'record'] as const;

/** `data` is null where there is no such customer. */
export function useRecord(id: string) {
  return useQuery({ queryKey: recordKey(id), queryFn: ({ signal }) => readRecord(id, signal) });
}

export function useHistory(id: string, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: ['customer', id, 'history'],
    queryFn: ({ pageParam, signal }) => api().customers.history(id, { limit: HISTORY_PAGE, signal }).page(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    enabled,
  });
}

async function readRecord(id: string, signal: AbortSignal): Promise<Known | Erased | null> {
  try {
    return { customer: await api().customers.get(id, { signal }), deletion: null };
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  // Deleted, or none at all: the history tells.
  try {
    const { results } = await api().customers.history(id, { limit: 1, signal }).page();
    const [last] = results;
    if (last?.type === 'customer.erased') return { erasure: last };
    if (!last?.customer) return null;
    return { customer: last.customer, deletion: last.type === 'customer.deleted' ? last : null };
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

export const isMissing = (error: unknown): boolean => error instanceof Problem && error.status === 404;

/** What a write answered is how the record is now; what was counted or listed before is no longer true. */
export function learn(customer: Customer): void {
  // What is on its way was read before.
  void queries.cancelQueries({ queryKey: recordKey(customer.id) });
  queries.setQueryData<Known>(recordKey(customer.id), { customer, deletion: null });
  forget(customer.id, false);
}

/** The record, and all that shows it, is to be read again. */
export function forget(id: string, record = true): void {
  if (record) queries.invalidateQueries({ queryKey: ['customer', id] });
  else queries.invalidateQueries({ queryKey: ['customer', id], predicate: ({ queryKey }) => queryKey[2] !== 'record' });
  for (const key of ['customers', 'deleted', 'stats', 'timeline', 'events'])
    queries.invalidateQueries({ queryKey: [key] });
}
