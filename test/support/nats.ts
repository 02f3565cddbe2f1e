// A NATS server with JetStream, of a test's own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { freePort } from './ports.ts';

/** Why tests of NATS are skipped on this machine; false where they are not. */
export const natsMissing = spawnSync('nats-server', ['--version']).error ? 'nats-server is not installed' : false;

export type Stored = { sequence: number; subject: string; id: string; type: string; event: CloudEvent };
// biome-ignore lint/suspicious/noExplicitAny: what an event holds is what the tests are about
export type CloudEvent = Record<string, any>;

export type TestNats = {
  url: string;
  /** All messages of a stream, in its order. */
  read(stream: string): Promise<Stored[]>;
  /** Writes an empty message with an id. */
  write(subject: string, id: string): Promise<void>;
  manage<T>(work: (manager: JetStreamManager) => Promise<T>): Promise<T>;
  /** Ends at once, as if power were lost; `start` brings it back with what it has on disk. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
};

export async function startNats(password = 'secret'): Promise<TestNats> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'nats-test-'));
  const url = `nats://clientele:${password}@127.0.0.1:${port}`;
  let server: ChildProcess;

  async function start(): Promise<void> {
    const flags = ['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', folder, '--user', 'clientele', '--pass', password];
    server = spawn('nats-server', flags, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    for await (const chunk of server.stderr!) {
      said += chunk;
      if (said.includes('Server is ready')) {
        server.stderr!.resume();
        return;
      }
    }
    throw new Error(`nats-server did not start: ${said}`);
  }
  await start();

  async function withConnection<T>(work: (connection: Awaited<ReturnType<typeof connect>>) => Promise<T>): Promise<T> {
    const connection = await connect({ servers: `127.0.0.1:${port}`, user: 'clientele', pass: password });
    try {
      return await work(connection);
    } finally {
      await connection.close();
    }
  }
  const manage: TestNats['manage'] = (work) =>
    withConnection(async (connection) => work(await jetstreamManager(connection)));

  async function kill(): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }

  return {
    url,
    start,
    kill,
    manage,
    read: (stream) =>
      withConnection(async (connection) => {
        const { messages } = (await (await jetstreamManager(connection)).streams.info(stream)).state;
        const stored: Stored[] = [];
        if (messages === 0) return stored;
        const consumer = await jetstream(connection).consumers.get(stream);
        for await (const message of await consumer.consume()) {
          const id = message.headers?.get('Nats-Msg-Id') ?? '';
          const type = message.headers?.get('Content-Type') ?? '';
          stored.push({ sequence: message.seq, subject: message.subject, id, type, event: message.json() });
          if (stored.length === messages) break;
        }
        return stored;
      }),
    write: (subject, msgID) =>
      withConnection(async (connection) => void (await jetstream(connection).publish(subject, '{}', { msgID }))),
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
