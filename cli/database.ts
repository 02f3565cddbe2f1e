// Commands that act on the database itself: they need no key, and work whether or not the server runs.
import { type Actor, findWorkspace, systemActor } from '#server/access/access.ts';
import type { Config } from '#server/config.ts';
import { openConfigured } from '#server/configured-database.ts';
import type { Database } from '#server/database.ts';

export async function withDatabase<Result>(
  config: Config,
  use: (database: Database) => Promise<Result>,
): Promise<Result> {
  const opened = await openConfigured(config, 'tool', () => {});
  try {
    return await use(opened.database);
  } finally {
    await opened.close();
  }
}

/** The same, as the machine's operator in a workspace. */
export function withWorkspace<Result>(
  config: Config,
  slug: string,
  use: (database: Database, actor: Actor) => Promise<Result>,
): Promise<Result> {
  return withDatabase(config, async (database) => {
    const workspace = await findWorkspace(database, slug);
    if (!workspace) throw Object.assign(new Error(`There is no workspace "${slug}".`), { name: 'StartError' });
    return use(database, systemActor(workspace, 'clientele command line'));
  });
}
