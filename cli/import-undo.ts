// `clientele import --undo`: takes back what an import did.
import { listKept } from '#server/causes/causes.ts';
import { getImport } from '#server/imports/imports.ts';
import { undoHere } from '#server/undo/undo.ts';
import type { Command } from './command.ts';
import { withWorkspace } from './database.ts';
import { undoCommand } from './import-report.ts';
import { stopOnSignals } from './interrupt.ts';
import { counted, grouped, progress } from './progress.ts';

/** Changes that are named of those that were kept. */
const NAMED = 5;

export async function undoImport(
  id: string,
  { workspace, json }: { workspace: string; json: boolean },
  config: Parameters<Command['run']>[1],
): Promise<number> {
  const bar = progress();
  const stop = stopOnSignals();
  try {
    return await withWorkspace(config, workspace, async (database, actor) => {
      await getImport(database, actor, id).catch((error) => {
        if (error.code !== 'not_found') throw error;
        throw Object.assign(new Error(`There is no import ${JSON.stringify(id)} in ${workspace}.`), {
          name: 'StartError',
        });
      });
      const undo = await undoHere(database, actor, id, {
        signal: stop.signal,
        onProgress: ({ done = 0, total }) => bar.show({ verb: 'Undoing', done, total, unit: 'changes' }),
      });
      bar.clear();
      const { changed = 0, kept = 0 } = undo.progress ?? {};
      const ended = undo.state === 'done';
      if (json) console.log(JSON.stringify(undo));
      else {
        const stopped = ended ? '' : 'Stopped. ';
        const left = kept > 0 ? `; kept ${grouped(kept)}, since they were changed meanwhile` : '';
        console.log(`${stopped}Took back ${counted(changed, 'change')} in ${workspace}${left}.`);
        for (const { customer_id, fields } of await listKept(database, actor, undo.id, Number.MAX_SAFE_INTEGER, NAMED))
          console.log(`  customer ${customer_id}: ${fields.map(({ field, code }) => `${field} (${code})`).join(', ')}`);
        if (kept > NAMED) console.log(`  and ${grouped(kept - NAMED)} more: GET /api/causes/${undo.id}/kept`);
        if (undo.failure) console.log(undo.failure);
        if (!ended) console.log(`To go on: ${undoCommand(id, workspace)}`);
      }
      return ended ? 0 : stop.signal.aborted ? 130 : 1;
    });
  } finally {
    bar.clear();
    stop.done();
  }
}
