// What is imported, exported and imported again stays what it is, whatever the file holds and however it is written.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { DELIMITERS, type Encoding, IMPORT_FIELDS, type Import, type ImportSettings } from '#contract/imports.ts';
import { openTestDatabase, type TestDatabase } from '../../test/support/server.ts';
import { type Actor, createWorkspace, findWorkspace, systemActor } from '../access/access.ts';
import { csvLine } from '../csv.ts';
import { readLedger } from '../events/events.ts';
import { exportCustomers, readExportQuery } from '../exports/exports.ts';
import { type ImportFolder, importHere, openImportFolder } from './imports.ts';

let opened: TestDatabase;
let folder: ImportFolder;
before(async () => {
  opened = await openTestDatabase();
  folder = await openImportFolder(await mkdtemp(join(tmpdir(), 'round-trip-test-')));
});
after(async () => {
  await rm(folder.path, { recursive: true });
  await opened.drop();
});

let workspaces = 0;
async function openWorkspace(): Promise<Actor> {
  const slug = `trip-${++workspaces}`;
  await createWorkspace(opened.database, slug, slug);
  return systemActor((await findWorkspace(opened.database, slug))!, 'test');
}

async function importBytes(actor: Actor, bytes: Buffer, settings: ImportSettings = {}): Promise<Import> {
  const signal = new AbortController().signal;
  const named = { filename: 'x.csv', ...settings };
  const imported = await importHere(opened.database, actor, folder, Readable.from([bytes]), named, { signal });
  assert.equal(imported.state, 'done', imported.failure ?? '');
  return imported;
}

async function exportCsv(actor: Actor): Promise<string> {
  let text = '';
  const request = readExportQuery(actor.workspace.id, {});
  for await (const part of await exportCustomers(opened.database, actor.workspace.id, request)) text += part;
  return text;
}

const any = fc.string({
  unit: fc.constantFrom(
    "'",
    '"',
    ',',
    ';',
    '|',
    '=',
    '+',
    '-',
    '@',
    '\t',
    '\r',
    '\n',
    '\\',
    ' ',
    'a',
    'É',
    'ß',
    '\u00a0',
  ),
  maxLength: 12,
});
/** One of the good ones, and now and then one that may be refused. */
const mostly = (good: string[], bad: string[]) =>
  fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...good) },
    { weight: 1, arbitrary: fc.constantFrom('', ...bad) },
    { weight: 1, arbitrary: any },
  );
const row = fc.tuple(
  mostly(['Ada', 'ada', "o'neil", 'DE LA CRUZ', 'Zoé', 'McDonald', ' Ada '], ['-Lee', '7']),
  mostly(['Lovelace', "O'Brien", 'van der Berg', 'ßen'], ['=Wu']),
  mostly(
    ['ada@example.com', 'ADA@example.com', '=ada@example.com', "'=ada@example.com"],
    ['zoé@example.com', 'nobody'],
  ),
  mostly(['+44 20 7946 0123', '(020) 7946-0958', '5551234', ''], ['-12345678', '12']),
  mostly(['true', 'f', 'No', ''], ['maybe']),
  mostly(['=1+1', "'=1+1", "''=1", '@x, "y"', "'", 'a;b|c', ''], [' x', 'a\tb']),
  mostly(['2020-02-29T10:00:00+02:00', '2031-01-01T00:00:00Z', ''], ['yesterday']),
);
/** A row as it should be written, or with a cell too few, or a quote too many. */
const damage = fc.constantFrom('', '', '', '', '', 'short', 'quote');

/** Windows-1252 is Latin-1 as far as these letters go. */
function encoded(text: string, encoding: Encoding): Buffer {
  if (encoding === 'windows-1252') return Buffer.from(text, 'latin1');
  if (encoding === 'utf-16le') return Buffer.from(text, 'utf16le');
  return encoding === 'utf-16be' ? Buffer.from(text, 'utf16le').swap16() : Buffer.from(text);
}

test('imported, exported and imported again: nothing changes, and the export is the same to the byte', async () => {
  let created = 0;
  let refused = 0;
  const rows = fc.array(fc.tuple(row, damage, fc.integer({ min: 0, max: 30 })), { minLength: 10, maxLength: 40 });
  const encoding = fc.constantFrom('utf-8', 'utf-16le', 'utf-16be', 'windows-1252' as const);
  await fc.assert(
    fc.asyncProperty(rows, fc.constantFrom(...DELIMITERS), encoding, async (some, delimiter, encoding) => {
      const actor = await openWorkspace();
      const lines = some.map(([cells, fault, number]) => {
        // Few enough numbers that some emails and external ids stand more than once.
        const told = cells.map((cell, index) => {
          if (index === 2) return cell.replace('@', `${number}@`);
          return index === 5 && cell !== '' ? `${cell}${number}` : cell;
        });
        if (fault === 'short') told.pop();
        return `${fault === 'quote' ? 'x"' : ''}${csvLine(told, delimiter)}`;
      });
      const text = csvLine([...IMPORT_FIELDS], delimiter) + lines.join('');
      const file = encoded(text, encoding);
      const first = await importBytes(actor, file, { encoding, delimiter });
      const { progress } = first;
      created += progress!.created!;
      refused += progress!.refused!;
      assert.equal(progress!.created! + progress!.refused!, progress!.total);
      const { position } = await readLedger(opened.database, actor.workspace.id);

      const exported = await exportCsv(actor);
      const again = await importBytes(actor, Buffer.from(exported));
      assert.deepEqual([again.found!.reasons, again.progress!.unchanged], [[], progress!.created]);
      assert.equal(await exportCsv(actor), exported);
      const repeated = await importBytes(actor, file, { encoding, delimiter });
      assert.deepEqual(
        [repeated.progress!.unchanged, repeated.progress!.refused],
        [progress!.created, progress!.refused],
      );
      assert.equal((await readLedger(opened.database, actor.workspace.id)).position, position, 'no event came of it');

      const other = await openWorkspace();
      const moved = await importBytes(other, Buffer.from(exported));
      assert.equal(moved.progress!.created, progress!.created);
      assert.equal(await exportCsv(other), exported, 'nor is anything lost on the way to another workspace');
    }),
    { numRuns: 40 },
  );
  assert.ok(created > 50 && refused > 50, `${created} created, ${refused} refused`);
});
