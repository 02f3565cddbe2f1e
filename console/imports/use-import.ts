// An import as it is now: read once, and then as the server tells of it while something goes on.
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Import } from '#contract/imports.ts';
import { api, openWorkspace, queries } from '../api.ts';

const AGAIN_MS = 2000;

export const goesOn = ({ state }: Import): boolean => state === 'checking' || state === 'running';

/** `lost`: the server is out of reach at the moment, while something goes on there. */
export function useImport(id: string): { query: UseQueryResult<Import>; lost: boolean } {
  const query = useQuery({ queryKey: ['import', id], queryFn: ({ signal }) => api().imports.get(id, { signal }) });
  const [lost, setLost] = useState(false);
  const state = query.data?.state;
  const watching = query.data !== undefined && goesOn(query.data);
  useEffect(() => {
    if (!watching) return;
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const open = () => {
      source = new EventSource(eventsOf(id));
      source.onmessage = ({ data }) => {
        setLost(false);
        take(JSON.parse(data));
      };
      // A stream that has broken off is opened anew after a look at how things stand: the server may have forgotten us.
      source.onerror = () => {
        source?.close();
        timer = setTimeout(async () => {
          const now = await api()
            .imports.get(id)
            .catch(() => undefined);
          setLost(now === undefined);
          if (now) take(now);
          if (!now || goesOn(now)) open();
        }, AGAIN_MS);
      };
    };
    open();
    return () => {
      source?.close();
      clearTimeout(timer);
      setLost(false);
    };
  }, [id, watching]);
  useEffect(() => {
    if (state === 'done' || state === 'cancelled' || state === 'failed') forgetCustomers();
  }, [state]);
  return { query, lost };
}

const take = (now: Import) => queries.setQueryData(['import', now.id], now);

/** What is shown of customers is no longer true; the import itself is. */
function forgetCustomers(): void {
  for (const key of ['customers', 'customer', 'stats', 'timeline', 'events', 'causes', 'imports'])
    queries.invalidateQueries({ queryKey: [key] });
}

/** An EventSource sends no headers, so the workspace stands in the address. */
function eventsOf(id: string): string {
  const workspace = openWorkspace();
  return `/api/imports/${encodeURIComponent(id)}/events${workspace ? `?${new URLSearchParams({ workspace })}` : ''}`;
}
