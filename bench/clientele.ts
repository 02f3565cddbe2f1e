// How Clientele is run for measuring, and how its database is filled.
import { join } from 'node:path';
import { findWorkspace, systemActor } from '../server/access/access.ts';
import { loadConfig } from '../server/config.ts';
import { wholeInput } from '../server/customers/customers.ts';
import { writeCustomer } from '../server/customers/write.ts';
import { openConfigured, PROJECT } from '../server/main.ts';
import { batches, type Row, rows } from './dataset.ts';

export const cli = join(import.meta.dirname, '../cli/clientele.js');

/** As in production, on a given database, with nothing that slows a single key down. */
export function clienteleEnv(url: string) {
  return { DATABASE_URL: url, CLIENTELE_ENV: 'production', CLIENTELE_RATE_LIMIT: 'off' };
}

/**
 * Fills an empty database through the one way in, so that events and counts are what they would be had every customer
 * been created one by one. In this process rather than over HTTP, where nobody may choose created_at.
 */
export async function loadClientele(url: string, count: number) {
  const opened = await openConfigured(loadConfig(clienteleEnv(url), PROJECT), 'tool', console.error);
  try {
    const { database } = opened;
    const actor = systemActor((await findWorkspace(database, 'main'))!, 'bench');
    const create = ({ created_at, ...body }: Row) => {
      const change = { kind: 'create', input: wholeInput(actor, body), created_at } as const;
      const { type, id, name } = actor;
      const by = { actor: { type, id, name }, request_id: null, cause_id: null };
      return writeCustomer(database, actor.workspace.id, { change, ...by });
    };
    // two batches of the lane's at a time, so that it is never idle
    for (const batch of batches(rows(count), 1000)) await Promise.all(batch.map(create));
  } finally {
    await opened.close();
  }
}
