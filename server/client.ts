// A connection of its own, for what is no part of serving: migrations, backups, moving tables.
import pg from 'pg';
import { startError } from './start-error.ts';

/** Connects; whoever asks ends it. Throws a StartError where the database cannot be reached. */
export async function openClient(connection: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(connection);
  client.on('error', () => {}); // each statement reports the loss itself
  try {
    await client.connect();
  } catch (error) {
    throw startError(`The database cannot be reached: ${(error as Error).message}.`, error);
  }
  return client;
}
