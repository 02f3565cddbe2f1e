import type { RouteTable } from './http.ts';

export function docsTable(): RouteTable {
  return [];
}
