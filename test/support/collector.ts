// What an OpenTelemetry collector does, as far as a test needs it: takes OTLP over HTTP in protobuf, and reads it.
// The numbers of the fields are those of opentelemetry-proto's trace.proto, common.proto and trace_service.proto.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type CollectedSpan = {
  trace_id: string;
  span_id: string;
  parent_id: string;
  name: string;
  /** 1 internal, 2 server, 3 client. */
  kind: number;
  start: bigint;
  end: bigint;
  attributes: Record<string, string | number>;
  links: { trace_id: string; span_id: string }[];
  failed: boolean;
  service: string;
};

export type Collector = {
  endpoint: string;
  spans: CollectedSpan[];
  /** All that came in, as it came. */
  text(): string;
  /** What came with the posts, and how many there were. */
  posts: { url: string; headers: NodeJS.Dict<string | string[]> }[];
  close(): Promise<void>;
};

/** `answer` is called before a post is taken: where it waits, the collector hangs. */
export async function openCollector(answer: () => Promise<number> = async () => 200): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const bodies: Buffer[] = [];
  const posts: Collector['posts'] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    posts.push({ url: request.url!, headers: request.headers });
    const status = await answer();
    if (status === 200) {
      const body = Buffer.concat(chunks);
      bodies.push(body);
      spans.push(...spansOf(body));
    }
    response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    text: () => Buffer.concat(bodies).toString('latin1'),
    posts,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function spansOf(request: Buffer): CollectedSpan[] {
  return messages(request, 1).flatMap((resource_spans) => {
    const resource = attributesOf(messages(messages(resource_spans, 1)[0]!, 1));
    return messages(resource_spans, 2)
      .flatMap((scope_spans) => messages(scope_spans, 2))
      .map((span) => spanOf(span, String(resource['service.name'])));
  });
}

function spanOf(span: Buffer, service: string): CollectedSpan {
  const hex = (message: Buffer, field: number) => messages(message, field)[0]?.toString('hex') ?? '';
  const number = (field: number) => (fieldsOf(span).find((one) => one.field === field)?.value ?? 0n) as bigint;
  const [status = Buffer.alloc(0)] = messages(span, 15);
  return {
    trace_id: hex(span, 1),
    span_id: hex(span, 2),
    parent_id: hex(span, 4),
    name: messages(span, 5)[0]!.toString(),
    kind: Number(number(6)),
    start: number(7),
    end: number(8),
    attributes: attributesOf(messages(span, 9)),
    links: messages(span, 13).map((link) => ({ trace_id: hex(link, 1), span_id: hex(link, 2) })),
    failed: fieldsOf(status).some(({ field, value }) => field === 3 && value === 2n),
    service,
  };
}

function attributesOf(pairs: Buffer[]): CollectedSpan['attributes'] {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [{ value }] = fieldsOf(messages(pair, 2)[0]!) as [Field];
      return [messages(pair, 1)[0]!.toString(), typeof value === 'bigint' ? Number(value) : value.toString()];
    }),
  );
}

const messages = (message: Buffer, field: number) =>
  fieldsOf(message).flatMap((one) => (one.field === field && Buffer.isBuffer(one.value) ? [one.value] : []));

type Field = { field: number; value: bigint | Buffer };

/** The fields of a protobuf message, as the wire has them. */
function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const bytes = (length: number) => {
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    if (![0, 1, 2, 5].includes(wire)) throw new Error(`This is not protobuf: wire type ${wire}`);
    const value =
      wire === 0
        ? varint()
        : wire === 1
          ? bytes(8).readBigUInt64LE()
          : wire === 2
            ? bytes(Number(varint()))
            : BigInt(bytes(4).readUInt32LE());
    fields.push({ field: tag >> 3, value });
  }
  return fields;
}
