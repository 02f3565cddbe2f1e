// The file of a backup: a line that says what it is, then, compressed (zstd, RFC 8878), entries of frames, each with its length before it. The last
// entry has the SHA-256 of all before, so that a file that was cut off or changed is known before anything is done with it.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { startError } from '../start-error.ts';

/** What stands in the first entry. `platform` of a copy of files, which only its like can use. */
export type Head = {
  kind: 'physical' | 'logical';
  clientele: string;
  /** The number of the last migration. */
  migration: number;
  made_at: string;
  platform?: string;
};

/** Part of a backup: what it is, and its content in pieces of any size. */
export type Entry = { about: Record<string, unknown>; content?: AsyncIterable<Buffer> | Iterable<Buffer> };

const MAGIC = 'Clientele backup 1\n';
/** A frame at most; longer pieces are cut. */
const FRAME = 16 * 1024 * 1024;

/** Writes a backup under another name, and gives it its own once it is whole and on the disk. */
export async function writeBackup(file: string, head: Head, entries: AsyncIterable<Entry>): Promise<{ bytes: number }> {
  const part = `${file}.part`;
  let bytes = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  try {
    const begun = await open(part, 'wx', 0o600).catch((error) => {
      throw startError(
        `${part} cannot be written: ${error.code === 'EEXIST' ? 'it is there, of a backup that is under way or was broken off' : error.message}.`,
        error,
      );
    });
    try {
      await begun.write(MAGIC);
      const out = createWriteStream(part, { fd: begun.fd, autoClose: false, start: MAGIC.length });
      const compress = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } });
      await pipeline(Readable.from(framed(head, entries), { objectMode: false }), compress, counting, out);
      await begun.sync();
    } finally {
      await begun.close();
    }
    await rename(part, file);
    await syncFolder(dirname(file));
    return { bytes: bytes + MAGIC.length };
  } catch (error) {
    if ((error as Error).name !== 'StartError') await rm(part, { force: true });
    throw error;
  }
}

async function* framed(head: Head, entries: AsyncIterable<Entry>): AsyncGenerator<Buffer, void> {
  const sum = createHash('sha256');
  const frame = (content: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(content.length);
    sum.update(length).update(content);
    return [length, content];
  };
  async function* all(): AsyncGenerator<Entry> {
    yield { about: head };
    yield* entries;
  }
  for await (const { about, content = [] } of all()) {
    yield* frame(Buffer.from(JSON.stringify(about)));
    for await (const piece of content)
      for (let at = 0; at < piece.length; at += FRAME) yield* frame(piece.subarray(at, at + FRAME));
    yield* frame(Buffer.alloc(0));
  }
  yield* frame(Buffer.from(JSON.stringify({ sha256: sum.copy().digest('hex') })));
}

/** The entries of a backup, each to be read to its end before the next; throws a StartError where the file is none, or damaged. */
export async function* readBackup(file: string): AsyncGenerator<Required<Entry>, void> {
  const source = await openSource(file);
  const sum = createHash('sha256');
  function aboutOf(content: Buffer): Record<string, unknown> {
    try {
      return JSON.parse(content.toString());
    } catch (error) {
      throw damaged(file, 'an entry of it cannot be read', error);
    }
  }
  async function frame(): Promise<{ content: Buffer; before: string }> {
    const before = sum.copy().digest('hex');
    const head = await read(4);
    const length = head.readUInt32BE();
    if (length > FRAME) throw damaged(file, 'a part of it is too long');
    const content = length === 0 ? head.subarray(0, 0) : await read(length);
    sum.update(head).update(content);
    return { content, before };
  }
  // Whatever is wrong with what is read comes from here, also for whoever reads an entry.
  const endOf = (error: Error) => {
    if (error.message !== EARLY) throw damaged(file, error.message, error);
  };
  const chunks = readerOf(source);
  async function read(length: number): Promise<Buffer> {
    return chunks(length).catch((error) => {
      throw damaged(file, error.message, error);
    });
  }
  try {
    for (;;) {
      const { content, before } = await frame();
      const about = aboutOf(content);
      if (typeof about.sha256 === 'string') {
        if (about.sha256 !== before) throw damaged(file, 'its checksum is not that of its content');
        if (await chunks(1).catch(endOf)) throw damaged(file, 'something follows its end');
        return;
      }
      let isRead = false;
      async function* pieces() {
        for (;;) {
          const { content: piece } = await frame();
          if (piece.length === 0) break;
          yield piece;
        }
        isRead = true;
      }
      const content_ = pieces();
      yield { about, content: content_ };
      if (!isRead) for await (const _ of content_);
    }
  } finally {
    source.destroy();
  }
}

/** Reads a backup through to its end; gives its head. */
export async function verifyBackup(file: string): Promise<Head> {
  let head: Head | undefined;
  for await (const { about, content } of readBackup(file)) {
    head ??= about as Head;
    for await (const _ of content);
  }
  return head!;
}

const damaged = (file: string, what: string, cause?: unknown) =>
  startError(`${file} is damaged or was cut off: ${what}. Nothing can be restored from it.`, cause);

async function openSource(file: string): Promise<Readable> {
  const handle = await open(file, 'r').catch((error) => {
    throw startError(`${file} cannot be read: ${error.message}.`, error);
  });
  const begin = Buffer.alloc(MAGIC.length);
  await handle.read(begin, 0, MAGIC.length, 0);
  await handle.close();
  if (begin.toString() !== MAGIC) throw startError(`${file} is no backup of Clientele, or of a newer version.`);
  const raw = createReadStream(file, { start: MAGIC.length, highWaterMark: 1 << 20 });
  const plain = createZstdDecompress();
  raw.once('error', (error) => plain.destroy(error));
  return raw.pipe(plain);
}

const EARLY = 'it ends too early';

/** Gives so many bytes at a time of a stream. */
function readerOf(source: Readable): (length: number) => Promise<Buffer> {
  const chunks = source[Symbol.asyncIterator]();
  let held: Buffer[] = [];
  let have = 0;
  return async (length) => {
    while (have < length) {
      const { value, done } = await chunks.next();
      if (done) throw new Error(EARLY);
      held.push(value);
      have += value.length;
    }
    const all = held.length === 1 ? held[0]! : Buffer.concat(held);
    held = [all.subarray(length)];
    have -= length;
    return all.subarray(0, length);
  };
}

export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
