// A look at the whole installation, while it serves or not: whether it is set up well, whether all that is kept agrees with
// the log, and the log with its seals. Changes nothing.
import { listWorkspaces } from '../access/access.ts';
import type { Config } from '../config.ts';
import { checkCounts, checkCustomers, checkLostCustomers, checkSuppressions } from '../customers/customers.ts';
import type { Database } from '../database.ts';
import { checkLog, checkSeals, type NotedHead } from '../events/events.ts';
import type { Finding, Report } from '../finding.ts';
import { checkInstallation, checkPostgres } from './settings.ts';

export type { Finding, NotedHead };

/** What is looked at. */
export type Installation = {
  database: Database;
  config: Pick<Config, 'access' | 'database' | 'server'>;
  /** The folder of the embedded database; null where it is another. */
  directory: string | null;
  /** Migrations that were not applied, and what is the matter with those that were. */
  migrations: { pending: string[]; fault: string | null };
};

/**
 * Looks at everything, or at the data of one workspace (by slug); `heads` are heads noted earlier, to be found again. What looks
 * wrong is looked at again after `again_ms`, when what was under way is done.
 * Reads in statements of some 50 ms, on two connections; the counts alone take one of a second for a million customers.
 */
export async function examine(
  { database, config, directory, migrations }: Installation,
  { workspace, heads = [], again_ms = 1000 }: { workspace?: string; heads?: NotedHead[]; again_ms?: number },
  report: Report,
): Promise<void> {
  const { pending, fault } = migrations;
  await checkPostgres(database, report);
  if (fault !== null) report({ check: 'migrations', status: 'wrong', message: fault });
  else if (pending.length > 0) {
    const message = `The database lacks ${pending.join(', ')}: run npx clientele migrate.`;
    report({ check: 'migrations', status: 'wrong', message });
  } else report({ check: 'migrations', status: 'ok', message: 'All migrations are applied.' });
  if (fault !== null || pending.length > 0) return; // tables may be missing
  await checkInstallation(database, config, directory, report);
  const look = { report, again_ms };
  const workspaces = await listWorkspaces(database);
  for (const slug of new Set([...(workspace ? [workspace] : []), ...heads.map((noted) => noted.workspace)]))
    if (!workspaces.some((known) => known.slug === slug))
      report({ check: 'workspaces', status: 'wrong', workspace: slug, message: `There is no workspace "${slug}".` });
  for (const known of workspaces) {
    if (workspace !== undefined && known.slug !== workspace) continue;
    await Promise.all([
      checkCustomers(database, known, look),
      checkLog(database, known, look)
        .then(() => checkSeals(database, known, heads, look))
        .then(() => checkLostCustomers(database, known, look))
        .then(() => checkCounts(database, known, look))
        .then(() => checkSuppressions(database, known, look)),
    ]);
  }
}
