// How a statement goes to PostgreSQL and its answer comes back: prepared, rows as arrays, many of them in one system call.
import type { Writable } from 'node:stream';
import type pg from 'pg';
import { currentRequest, noteStatement } from './request-context.ts';
import type { SilenceWatch } from './silence.ts';

/** SQL with its name: named statements are parsed and planned once per connection. `kind`: what people call it, where the name is a number. */
export type Statement = { name: string; text: string; kind?: string };
// biome-ignore lint/suspicious/noExplicitAny: a row's values have the types that its statement selects
export type Row = any[];

/** Hears of each statement when it has ended, and how long that took. */
export type OnStatement = (kind: string, ms: number) => void;

export type Run = (client: pg.ClientBase, statement: Statement, values?: unknown[]) => Promise<Row[]>;

type Send = <Answer>(
  client: pg.ClientBase,
  statement: Statement,
  values: unknown[],
  answerOf: (result: pg.QueryArrayResult) => Answer,
) => Promise<Answer>;

/**
 * Sends on a connection, without waiting for what was sent there before. `onStatement` hears of each when it has ended. With
 * callbacks rather than promises: pg adds a stack trace to each promise, which costs as much as the query's own work.
 */
export function sendWith(silence: SilenceWatch, onStatement: OnStatement | undefined): Send {
  /** When each connection ended its last statement: those sent behind it began only then. */
  const ended = new WeakMap<pg.ClientBase, number>();
  return (client, statement, values, answerOf) => {
    const { name, kind = name } = statement;
    corkForThisTurn(client);
    const request = currentRequest();
    const sent = performance.now();
    silence.onSent(client);
    return new Promise((resolve, reject) => {
      (client as unknown as ArrayClient).query(configOf(statement), values, (error, result) => {
        silence.onAnswered(client);
        const now = performance.now();
        const ms = now - Math.max(sent, ended.get(client) ?? 0);
        ended.set(client, now);
        onStatement?.(kind, ms);
        if (request) noteStatement(request, kind, ms, error);
        if (error) reject(error);
        else resolve(answerOf(result));
      });
    });
  };
}

/** pg takes values beside a configuration, which its types do not know. */
type ArrayClient = {
  query(
    config: pg.QueryArrayConfig,
    values: unknown[],
    callback: (error: Error | null, result: pg.QueryArrayResult) => void,
  ): void;
};

const configs = new WeakMap<Statement, pg.QueryArrayConfig>();

/**
 * A statement as pg takes it. pg copies all that is an object's own, which costs more than to send it: so nothing of this one is.
 */
function configOf(statement: Statement): pg.QueryArrayConfig {
  let config = configs.get(statement);
  if (!config) {
    const { name, text } = statement;
    config = Object.create({ name, text, rowMode: 'array' }) as pg.QueryArrayConfig;
    configs.set(statement, config);
  }
  return config;
}

const corked = new WeakSet<Writable>();

/** What is asked in one turn of the event loop goes out in one system call at its end. */
function corkForThisTurn(client: pg.ClientBase): void {
  const { stream } = (client as unknown as { connection: { stream: Writable } }).connection;
  if (corked.has(stream)) return;
  corked.add(stream);
  stream.cork();
  setImmediate(() => {
    corked.delete(stream);
    stream.uncork();
  });
}
