// Where people find this server.
import type { Config } from './config.ts';

/** The whole address of a path of this server, for people: where they find it, or on this machine. */
export function addressOf({ server: { public_url, host, port } }: Config, path: string, at = port): string {
  // Of all addresses that are listened on, browsers on this machine know this one.
  const near = ['0.0.0.0', '::', ''].includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return (public_url ?? `http://${near}:${at}`) + path;
}
