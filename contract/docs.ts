// The API's description of itself.
import { Type } from 'typebox';
import type { Route } from './api.ts';

const read = { permission: null, tag: 'Documentation', method: 'GET' } as const;
const headers = {
  'If-None-Match': Type.String({
    description: 'The `ETag` of the copy at hand; 304 when it is still the current one.',
  }),
};
const replies = <Type extends string>(description: string, type: Type) => ({
  200: { description, type, headers: { ETag: 'Changes with the content.' } },
  304: { description: 'Unchanged.' },
});

export const docsRoutes = {
  openapi: {
    ...read,
    path: '/api/openapi.json',
    summary: 'Read the API as OpenAPI 3.1',
    headers,
    replies: replies('The document.', 'application/json'),
  },
  page: {
    ...read,
    path: '/api/docs',
    summary: 'Read the API as a page',
    headers,
    replies: replies('The page.', 'text/html'),
  },
  stylesheet: {
    ...read,
    path: '/api/docs.css',
    summary: 'Read the stylesheet of the page',
    headers,
    replies: replies('The stylesheet.', 'text/css'),
  },
} as const satisfies Record<string, Route>;
