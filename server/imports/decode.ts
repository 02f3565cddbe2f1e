// The bytes of a file as UTF-8.
import type { Encoding } from '#contract/imports.ts';

/**
 * A file in UTF-8 passes as it is, so that a place in it stays one in the file. Of others the byte order mark is left
 * out, and what is no character becomes U+FFFD.
 */
export async function* toUtf8(source: AsyncIterable<Uint8Array>, encoding: Encoding): AsyncGenerator<Buffer, void> {
  const decoder = encoding === 'utf-8' ? undefined : new TextDecoder(encoding);
  for await (const chunk of source)
    yield decoder
      ? Buffer.from(decoder.decode(chunk, { stream: true }))
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
  if (decoder) yield Buffer.from(decoder.decode()); // a character that the end cuts off
}
