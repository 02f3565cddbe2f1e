// Fills an empty database for the limit server: rows first, indexes afterwards.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { batches, rows } from '../dataset.ts';

export async function loadLimit(url: string, count: number) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(await script('schema.sql'));
    const columns = ['first_name', 'last_name', 'email', 'phone', 'is_active', 'created_at'] as const;
    const insert = `INSERT INTO customers (${columns}, updated_at)
      SELECT *, created_at
      FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::timestamptz[]) input (${columns})`;
    for (const batch of batches(rows(count), 20_000)) {
      await client.query(
        insert,
        columns.map((name) => batch.map((row) => row[name])),
      );
    }
    await client.query(await script('indexes.sql'));
  } finally {
    await client.end();
  }
}

function script(name: string) {
  return readFile(join(import.meta.dirname, name), 'utf8');
}
