// The way to the server: one client for the workspace that is open, and what its refusals mean to people.
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { type Clientele, createClient, Problem } from '#client/clientele.ts';
import { onReachable, watchedFetch } from './connection.ts';
import { waitForSignIn } from './people/signed-out.ts';
import { words } from './words.ts';

const KEPT = 'clientele.workspace';
/** Longer than this nobody looks at a button that is busy. */
const PATIENCE_MS = 3000;

let workspace: string | undefined = read();
let client: Clientele = openClient();

/** What was asked is kept for as long as it is shown; the stream of events tells when it is no longer true. */
export const queries = new QueryClient({
  queryCache: new QueryCache({ onError: noteRefusal }),
  mutationCache: new MutationCache({ onError: noteRefusal }),
  // The client tries again by itself where that helps.
  defaultOptions: {
    // What a browser thinks of its network says nothing about a server that may be this very machine.
    queries: { retry: false, staleTime: 30_000, refetchOnWindowFocus: false, networkMode: 'always' },
    mutations: { retry: false, networkMode: 'always' },
  },
});

/** What one may do has changed meanwhile: then it is read again. */
function noteRefusal(error: unknown): void {
  const changed = error instanceof Problem && ['forbidden', 'unknown_workspace'].includes(error.code);
  if (changed) queries.invalidateQueries({ queryKey: ['session'] });
}

function openClient(): Clientele {
  return createClient({
    url: location.origin,
    workspace,
    fetch: watchedFetch,
    patience_ms: PATIENCE_MS,
    onSignedOut: waitForSignIn,
  });
}

// What failed while the server was away is asked for again.
onReachable(() => queries.refetchQueries({ predicate: ({ state }) => state.status === 'error' }));

/** The client of the open workspace. */
export const api = (): Clientele => client;

export const openWorkspace = (): string | undefined => workspace;

const listeners = new Set<() => void>();

export const useOpenWorkspace = (): string | undefined =>
  useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, openWorkspace);

/** Opens another workspace; what is known of the one before is forgotten, and whatever shows it is to go. */
export function setWorkspace(slug: string | undefined): void {
  if (slug === workspace) return;
  workspace = slug;
  client = openClient();
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
  try {
    if (slug === undefined) localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, slug);
  } catch {
    // Storage may be forbidden; then it holds until the page is left.
  }
  for (const listener of listeners) listener();
}

function read(): string | undefined {
  try {
    return localStorage.getItem(KEPT) ?? undefined;
  } catch {
    return undefined;
  }
}

/** What went wrong, for a person. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Problem)) return error instanceof Error ? error.message : String(error);
  return error.status === 0 ? words.everywhere.noConnection : error.detail;
}

/** The refusals of a request by the field that they are about: `/email` becomes `email`. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof Problem)) return {};
  return Object.fromEntries(error.errors.map(({ pointer, detail }) => [pointer.replace(/^\//, ''), detail]));
}
