// Replies that are read while they come: as bytes, or as what stands on each line.
import { Problem } from './problem.ts';

type Parts = AsyncGenerator<Uint8Array, void>;

/** What stands on each line, as JSON; throws a Problem where the last one is no whole line. */
export async function* linesOf<Item>(open: () => Promise<Parts>): AsyncGenerator<Item, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const part of await open()) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line);
  }
  if (rest !== '')
    throw new Problem({ status: 0, code: 'no_reply', detail: 'The reply breaks off in the middle of a line.' });
}

/** Server-sent events that are whole; what one has no line for is left out. */
export async function* messagesOf(parts: Parts): AsyncGenerator<{ id?: string; data?: string }, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of parts) {
    const blocks = (rest + decoder.decode(part, { stream: true })).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      const lines = block.split('\n').map((line) => /^(id|data): (.*)$/.exec(line));
      yield Object.fromEntries(lines.flatMap((match) => (match ? [[match[1], match[2]]] : [])));
    }
  }
}

export function readableOf(parts: Parts): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await parts.return();
      },
    },
    { highWaterMark: 0 },
  );
}
