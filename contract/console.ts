// The pages of the console: addresses that people open, bookmark and send to each other.
import type { Route } from './api.ts';

/** Each answers with the same page, which shows what belongs there. */
export const CONSOLE_PAGES = [
  '/',
  '/sign-in',
  '/link',
  '/customers',
  '/customers/{id}',
  '/deleted',
  '/dashboard',
  '/imports',
  '/imports/{id}',
  '/activity',
  '/activity/{id}',
  '/settings',
  '/settings/{part}',
] as const;

export const consoleRoute = (path: string, type: string): Route => ({
  method: 'GET',
  path,
  permission: null,
  tag: 'Console',
  summary: 'Open the console',
  ...(type === 'text/html' ? { query_of_page: true } : {}),
  replies: { 200: { description: 'The page.', type } },
});
