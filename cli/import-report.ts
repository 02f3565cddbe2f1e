// What an import is said to have done, or what it would do.
import type { FoundReason, Import } from '#contract/imports.ts';
import { writeMap } from './import-options.ts';
import { counted, grouped } from './progress.ts';

const ENCODING_NAMES = { 'utf-8': 'UTF-8', 'utf-16le': 'UTF-16', 'utf-16be': 'UTF-16', 'windows-1252': 'Windows-1252' };
const DELIMITER_NAMES = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars' };
const REASONS = 10;

/** What a dry run found. */
export function foundReport({ filename, format, columns, match, found }: Import, workspace: string): string {
  const { rows, create, update, unchanged, refuse, reasons } = found!;
  const kind = `${ENCODING_NAMES[format.encoding]}, cells parted by ${DELIMITER_NAMES[format.delimiter]}`;
  return [
    `${filename}: ${counted(rows, 'row')} in ${kind}; customers told by their ${match}.`,
    `Columns: --map '${shown(writeMap(columns))}'`,
    `It would create ${counted(create, 'customer')} in ${workspace}, update ${grouped(update)}, leave ${grouped(unchanged)} unchanged, and refuse ${counted(refuse, 'row')}.`,
    ...reasons.slice(0, REASONS).map(reasonReport),
    ...(reasons.length > REASONS ? [`  and ${counted(reasons.length - REASONS, 'other reason')}`] : []),
    'Nothing was changed.',
  ].join('\n');
}

function reasonReport({ rows, reason, lines }: FoundReason): string {
  const more = rows > lines.length ? ', …' : '';
  return `  ${counted(rows, 'row')}: ${shown(reason)} Line${rows === 1 ? '' : 's'} ${lines.map(grouped).join(', ')}${more}.`;
}

/** What became of the rows. `rejected`: where those lie that were refused. */
export function doneReport({ id, state, progress }: Import, workspace: string, rejected: string | undefined): string {
  const { created = 0, updated = 0, unchanged = 0, refused = 0, done = 0 } = progress ?? {};
  const stopped = state !== 'done';
  const what = `Created ${counted(created, 'customer')} in ${workspace}, updated ${grouped(updated)}, ${grouped(unchanged)} unchanged`;
  const left = refused > 0 ? `; refused ${grouped(refused)} of ${counted(done, 'row')}, see ${rejected}` : '';
  return [
    `${stopped ? 'Stopped. ' : ''}${what}${left}.`,
    ...(stopped ? ['What is done stays. Import the file again to go on: what is done is unchanged then.'] : []),
    ...(created + updated > 0 ? [`To undo it: ${undoCommand(id, workspace)}`] : []),
  ].join('\n');
}

export function undoCommand(id: string, workspace: string): string {
  return `npx clientele import --undo ${id}${workspace === 'main' ? '' : ` --workspace ${workspace}`}`;
}

/** Control characters would let a file steer the terminal. */
const shown = (text: string) => text.replaceAll(/\p{C}/gu, '\ufffd');
