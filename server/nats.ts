// NATS JetStream, as far as a log is published to it: a stream of its own for each, which says itself how far it has come.
import type { JetStreamClient, JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from 'pino';

export type NatsSettings = {
  url: string;
  /** A file of credentials, as `nsc` makes it. */
  credentials?: string;
  /** What the names of streams and subjects begin with. */
  prefix: string;
  /** How many servers of a cluster have each stream that is made here. */
  replicas: number;
};

/** A message of a stream: its number in the log that it is of, where it goes, and what it says. */
export type NatsMessage = { position: number; subject: string; body: string };

export type NatsStream = {
  /** The position of the last message that lies in it; undefined where none does. */
  last: number | undefined;
  /**
   * Adds messages behind the last one, in their order, and gives the position of the last that is in the stream for certain.
   * Where some are missing the stream must be opened anew.
   */
  publish(messages: NatsMessage[]): Promise<{ last: number | undefined; failure?: unknown }>;
};

export type Nats = {
  /** The stream of a workspace, made where there is none. Throws what the log may be told. */
  open(slug: string): Promise<NatsStream>;
  close(): Promise<void>;
};

/** For an answer of the server. */
const WAIT_MS = 5000;

/** Connects, now or as soon as the server is there: until then opening a stream fails. */
export async function connectNats({ url, credentials, prefix, replicas }: NatsSettings, logger: Logger): Promise<Nats> {
  // Modules that only those who have a NATS need.
  const { connect, credsAuthenticator } = await import('@nats-io/transport-node');
  const { jetstream, jetstreamManager, JetStreamApiCodes, JetStreamApiError } = await import('@nats-io/jetstream');
  const { username, password, host, protocol } = new URL(url);
  const authenticator =
    credentials === undefined ? undefined : credsAuthenticator(new TextEncoder().encode(credentials));
  let closed = false;
  let connection: NatsConnection | undefined;
  let connecting: Promise<{ client: JetStreamClient; manager: JetStreamManager }> | undefined;

  async function reach() {
    connection = await connect({
      servers: host,
      name: 'clientele',
      user: username === '' ? undefined : decodeURIComponent(username),
      pass: password === '' ? undefined : decodeURIComponent(password),
      authenticator,
      tls: protocol === 'tls:' ? {} : undefined,
      timeout: WAIT_MS,
      maxReconnectAttempts: -1,
      ignoreClusterUpdates: false,
    });
    if (closed) await connection.close();
    connection.closed().then((error) => {
      connecting = undefined;
      if (!closed) logger.warn({ reason: reasonOf(error) }, 'The connection to NATS is closed');
    });
    return {
      client: jetstream(connection, { timeout: WAIT_MS }),
      manager: await jetstreamManager(connection, { timeout: WAIT_MS, checkAPI: false }),
    };
  }

  async function open(slug: string): Promise<NatsStream> {
    connecting ??= reach();
    const { client, manager } = await connecting.catch((error) => {
      connecting = undefined;
      throw error;
    });
    const name = `${prefix}-${slug}`;
    let info: StreamInfo;
    try {
      info = await manager.streams.info(name);
    } catch (error) {
      const isMissing = error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
      if (!isMissing) throw error;
      const subjects = [`${prefix}.${slug}.>`];
      info = await manager.streams.add({ name, subjects, num_replicas: replicas });
    }
    let sequence = info.state.last_seq;
    const stored = info.state.messages > 0 ? await manager.streams.getMessage(name, { seq: sequence }) : null;
    const id = stored?.header.get('Nats-Msg-Id');
    const place = id === undefined ? undefined : positionOf(slug, id);
    if (stored && place === undefined)
      throw new Error(`The stream ${name} has a message that Clientele did not write.`);

    return {
      last: place,
      async publish(messages) {
        const answers = await Promise.allSettled(
          messages.map(({ position, subject, body }) =>
            client.publish(`${prefix}.${slug}.${subject}`, body, {
              msgID: idOf(slug, position),
              headers: contentType(),
              // Of two that write at once, one is refused; and behind one that is lost, no other one comes in.
              expect: { streamName: name, lastSequence: sequence++ },
            }),
          ),
        );
        const failed = answers.findIndex(({ status }) => status === 'rejected');
        if (failed < 0) return { last: messages.at(-1)?.position };
        const { reason } = answers[failed] as PromiseRejectedResult;
        return { last: messages[failed - 1]?.position, failure: reason };
      },
    };
  }

  const { headers } = await import('@nats-io/transport-node');
  function contentType() {
    const made = headers();
    made.set('Content-Type', 'application/cloudevents+json');
    return made;
  }

  return {
    open,
    async close() {
      closed = true;
      await connection?.close();
    },
  };
}

/** What a message is known by: JetStream takes none with the id of another of the last minutes. */
const idOf = (slug: string, position: number) => `${slug}:${position}`;

function positionOf(slug: string, id: string): number | undefined {
  const [of, position] = id.split(':');
  return of === slug && /^\d+$/.test(position ?? '') ? Number(position) : undefined;
}

/** One line for the log; NATS's own errors name addresses and subjects, nothing of whom the events are about. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : 'closed';
}
