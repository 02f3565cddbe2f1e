import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Encoding } from '#contract/imports.ts';
import { toUtf8 } from './decode.ts';

async function decode(bytes: Buffer, encoding: Encoding, size = 1): Promise<string> {
  async function* source() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of toUtf8(source(), encoding)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const utf16le = (text: string) => Buffer.from(text, 'utf16le');
const utf16be = (text: string) => utf16le(text).swap16();

test('UTF-16 of both ends, cut anywhere, becomes UTF-8', async () => {
  const text = fc.string({
    unit: fc.oneof(fc.constantFrom('€', '𠮷', '\ud800', '\udc00', '\n'), fc.string({ unit: 'binary' })),
  });
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 7 }), async (written, size) => {
      const wanted = written.replace(/^\ufeff/, '').toWellFormed();
      assert.equal(await decode(utf16le(written), 'utf-16le', size), wanted);
      assert.equal(await decode(utf16be(written), 'utf-16be', size), wanted);
    }),
    { numRuns: 1000 },
  );
});

test('half a unit and half a pair at the end are no characters', async () => {
  assert.equal(await decode(utf16le('ab').subarray(0, 3), 'utf-16le'), 'a\ufffd');
  assert.equal(await decode(utf16be('a𠮷').subarray(0, 4), 'utf-16be'), 'a\ufffd');
});

test('a byte order mark is left out, once', async () => {
  assert.equal(await decode(utf16le('\ufeffa\ufeff'), 'utf-16le'), 'a\ufeff');
  assert.equal(await decode(utf16be('\ufeff\ufeffa'), 'utf-16be'), '\ufeffa');
});

test('Windows-1252 has more than Latin-1', async () => {
  assert.equal(await decode(Buffer.from('Ren\xe9 \x80 \x8a\x9f', 'latin1'), 'windows-1252'), 'René € ŠŸ');
});

test('UTF-8 passes as it is, mark and mistakes too', async () => {
  const bytes = Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xff, 0xc3]);
  const chunks: Buffer[] = [];
  async function* source() {
    yield new Uint8Array(bytes).subarray(1, 4);
    yield bytes;
  }
  for await (const chunk of toUtf8(source(), 'utf-8')) chunks.push(chunk);
  assert.deepEqual(Buffer.concat(chunks), Buffer.concat([bytes.subarray(1, 4), bytes]));
});
