// Backups that the server makes by itself: of the embedded database, as often as the configuration says, the last few of them kept.
import { mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import type { Logger } from 'pino';
import { loggable } from '../replies.ts';
import { backUp, listBackups, scheduledName } from './backup.ts';

export type Schedule = {
  connection: pg.ClientConfig;
  directory: string;
  /** Where they are kept. */
  folder: string;
  every_hours: number;
  keep: number;
  logger: Logger;
  /** Hears when the last one was made, in milliseconds since 1970. */
  onBackup(made_ms: number): void;
};

const HOUR_MS = 3_600_000;
/** How often is looked whether one is due. */
const LOOK_MS = 60_000;
/** A copy rests three times as long as it reads, so that people hardly notice it. */
const REST = 3;
/** Of the disk's space, so much is left to the database. */
const FREE = 0.1;

/** Makes backups as they fall due, one at a time, until it is stopped; a failure is a line of the log, and tried again an hour later. */
export function keepBackups(
  schedule: Schedule,
  { look_ms = LOOK_MS, first_ms = HOUR_MS } = {},
): { stop(): Promise<void> } {
  const { logger, every_hours, folder, onBackup } = schedule;
  const stopping = new AbortController();
  const started_at = Date.now();
  let failed_at = 0;
  let making: Promise<void> | undefined;
  const timer = setInterval(look, look_ms);
  timer.unref();
  look();

  function look(): void {
    making ??= makeIfDue()
      .catch((error) => {
        if (stopping.signal.aborted) return;
        failed_at = Date.now();
        logger.warn({ err: loggable(error) }, 'A backup could not be made; it is tried again in an hour');
      })
      .finally(() => {
        making = undefined;
      });
  }

  async function makeIfDue(): Promise<void> {
    const [newest] = await listBackups(folder);
    if (newest) onBackup(newest.made);
    // The first one once a server has been at work for a while.
    const due = newest ? newest.made + every_hours * HOUR_MS : started_at + first_ms;
    if (Date.now() < Math.max(due, failed_at === 0 ? 0 : failed_at + HOUR_MS)) return;
    await makeOne(schedule, stopping.signal);
  }

  return {
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await making;
    },
  };
}

async function makeOne(
  { connection, directory, folder, keep, logger, onBackup }: Schedule,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // What a killed server left half done: no other one works here.
  for (const name of await readdir(folder)) if (name.endsWith('.backup.part')) await rm(join(folder, name));
  const { bavail, blocks } = await statfs(folder);
  if (bavail < FREE * blocks) throw new Error(`Less than a tenth of the disk of ${folder} is free`);
  const file = join(folder, scheduledName());
  const began = performance.now();
  const { bytes } = await backUp({ connection, directory }, file, { pace: { rest: REST, signal } });
  onBackup(Date.now());
  logger.info({ file, bytes, ms: Math.round(performance.now() - began) }, 'Backup');
  for (const { file: old } of (await listBackups(folder)).slice(keep)) await rm(old);
}
