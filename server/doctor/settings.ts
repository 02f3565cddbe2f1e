// Whether PostgreSQL, the machine and the configuration are as Clientele needs them.
import { statfs } from 'node:fs/promises';
import { countTotpSecrets } from '../access/access.ts';
import type { Config } from '../config.ts';
import type { Database } from '../database.ts';
import { counted, type Report } from '../finding.ts';
import { FIND_HOLDERS_OF_SNAPSHOTS, FIND_MISSING, READ_SETTINGS } from './store.ts';

const OLDEST_SERVER = 180_000;
const EXTENSIONS = ['pg_trgm', 'btree_gin'];
/** Without these two customers could have one email. */
const INDEXES = ['customers_email', 'customers_external_id'];
/** How far two clocks may be apart, in milliseconds. */
const CLOCKS_MS = 2000;
/** A transaction as old as this keeps what every write leaves behind from being cleared up. */
const OLD_SECONDS = 30;
const LITTLE_BYTES = 1 << 30;
const LITTLE_SHARE = 0.1;

/** What must be `on`, and what it is about. */
const ON: Record<string, string> = {
  fsync: 'a power cut can destroy the database',
  full_page_writes: 'a power cut can tear pages of the database in two',
  autovacuum: 'tables grow without end, and every write becomes slower',
  track_counts: 'autovacuum does not know what to do',
};

/** Looks at the settings of PostgreSQL, and at what keeps it from its work. */
export async function checkPostgres(database: Database, report: Report): Promise<void> {
  const tell = teller('postgres', report);
  const [[json, , locale]] = (await database.read(READ_SETTINGS)) as [[string, string, string]];
  const settings = JSON.parse(json) as Record<string, string>;
  const { server_version, server_version_num, server_encoding, synchronous_commit, archive_mode } = settings;
  if (Number(server_version_num) < OLDEST_SERVER)
    tell.wrong(`PostgreSQL is ${server_version}: Clientele needs 18 or later.`);
  if (server_encoding !== 'UTF8') tell.wrong(`The database is encoded in ${server_encoding}: Clientele needs UTF8.`);
  if (/^(C|POSIX)$/.test(locale))
    tell.wrong(
      `The locale of the database is ${locale}, in which letters outside ASCII are not found: it needs another, such as builtin C.UTF-8.`,
    );
  for (const [name, what] of Object.entries(ON))
    if (settings[name] !== 'on') tell.wrong(`${name} is ${settings[name]}: ${what}. Set it to on.`);
  if (synchronous_commit === 'off')
    tell.wrong('synchronous_commit is off: what was answered as done can be lost in a crash. Set it to on.');
  if (settings.default_transaction_read_only !== 'off')
    tell.wrong('default_transaction_read_only is on: nothing can be written.');
  const [[extensions, indexes, broken]] = (await database.read(FIND_MISSING, [EXTENSIONS, INDEXES])) as [
    (string | null)[],
  ];
  if (extensions)
    tell.wrong(
      `The database lacks ${extensions}, without which nothing is found: restore a backup, or add what is missing.`,
    );
  if (indexes) tell.wrong(`The database lacks ${indexes}: two customers could have the same email or external id.`);
  if (broken) tell.wrong(`The index ${broken} is not valid: make it anew with REINDEX INDEX CONCURRENTLY.`);
  for (const [holder, seconds] of await database.read(FIND_HOLDERS_OF_SNAPSHOTS, [OLD_SECONDS])) {
    if (seconds === null)
      tell.advice(
        `The ${holder} is not read, and keeps the write-ahead log from being cleared: drop it, if it is not needed.`,
      );
    else
      tell.wrong(
        `The ${holder} of the database has had a transaction open for ${counted(seconds, 'second')}: meanwhile nothing that writes leave behind is cleared up, and every write becomes slower. End it.`,
      );
  }
  if (settings.data_checksums !== 'on')
    tell.advice(
      'data_checksums is off: pages that the disk damaged are not noticed. pg_checksums turns it on while PostgreSQL is stopped.',
    );
  if (archive_mode === 'off')
    tell.advice('archive_mode is off: what was written since the last backup goes with the disk.');
  tell.end(`PostgreSQL ${server_version}, and its settings.`);
}

/** Looks at what the configuration asks of the database, at the secrets that it keeps, at the clocks and the disk. */
export async function checkInstallation(
  database: Database,
  config: Pick<Config, 'access' | 'database' | 'server'>,
  directory: string | null,
  report: Report,
): Promise<void> {
  const tell = teller('installation', report);
  const before = Date.now();
  const [[json, time]] = (await database.read(READ_SETTINGS)) as [[string, string]];
  const apart = Math.abs(Number(time) - (before + Date.now()) / 2);
  if (apart > CLOCKS_MS)
    tell.wrong(
      `The clocks of this machine and of the database are ${counted(Math.round(apart / 1000), 'second')} apart: sessions and links end too early or too late. Let NTP keep both.`,
    );
  const settings = JSON.parse(json) as Record<string, string>;
  const room = ['superuser_reserved_connections', 'reserved_connections'].reduce(
    (rest, name) => rest - Number(settings[name]),
    Number(settings.max_connections),
  );
  const { read_connections, search_connections, write_connections } = config.database;
  const needed = config.server.processes * (read_connections + 2 * search_connections + write_connections);
  if (needed > room)
    tell.wrong(
      `The server makes up to ${needed} connections, and the database takes ${room}: lower server.processes or the numbers of connections, or raise max_connections.`,
    );
  const { clear, encrypted } = await countTotpSecrets(database);
  const hasKey = config.access.secrets_key !== undefined;
  if (encrypted > 0 && !hasKey)
    tell.wrong(
      `The secrets of ${counted(encrypted, 'second factor')} are encrypted, and access.secrets_key is missing: those people cannot sign in.`,
    );
  if (clear > 0)
    tell.advice(
      hasKey
        ? `The secrets of ${counted(clear, 'second factor')} were kept before access.secrets_key was set, and are not encrypted: setting them up again encrypts them.`
        : `The secrets of ${counted(clear, 'second factor')} are not encrypted: set access.secrets_key.`,
    );
  if (directory !== null) {
    const { bavail, blocks, bsize } = await statfs(directory);
    const free = `${(Number(bavail * bsize) / 2 ** 30).toFixed(1)} GiB free on the disk of ${directory}`;
    if (bavail * bsize < LITTLE_BYTES) tell.wrong(`There ${free}: PostgreSQL stops when it is full.`);
    else if (bavail < LITTLE_SHARE * blocks) tell.advice(`There is less than a tenth, ${free}.`);
  }
  tell.end('Clocks, connections, secrets and disk.');
}

/** Tells what is wrong and what is to be thought about; and, where nothing is wrong, what was looked at. */
function teller(check: string, report: Report) {
  let isWrong = false;
  return {
    wrong(message: string): void {
      isWrong = true;
      report({ check, status: 'wrong', message });
    },
    advice: (message: string) => report({ check, status: 'advice', message }),
    end(message: string): void {
      if (!isWrong) report({ check, status: 'ok', message });
    },
  };
}
