// A workspace with one of everything that there is. Every text in it, whoever wrote it, holds a word that no other has:
// where the word turns up, something of the workspace has.
import type pg from 'pg';
import pino from 'pino';
import { createInvitation, createKey, createWorkspace, findWorkspace, systemActor } from '#server/access/access.ts';
import type { Egress } from '#server/egress.ts';
import { sealBlock } from '#server/events/events.ts';
import { startCourier } from '#server/webhooks/webhooks.ts';
import { openVisitor, PASSWORD, secretOf, type Visitor } from './people.ts';
import type { TestReply, TestServer } from './server.ts';

export type Headers = Record<string, string | null>;
export type Furnished = {
  id: number;
  slug: string;
  /** A word of its own for every text. */
  word(): string;
  /** Its owner, as a program and as a person. */
  key: Headers;
  person: Visitor;
  email: string;
  password: string;
  /** A request that must succeed, after which no work is under way. */
  send(method: string, path: string, body?: unknown, headers?: Headers): Promise<TestReply>;
  invite(person: Visitor, role?: 'owner' | 'editor'): Promise<void>;
  newCustomer(fields?: object): Promise<string>;
  newImport(run?: boolean): Promise<string>;
  /** The import that a file has become, checked. */
  upload(file: string, query: string): Promise<{ id: string }>;
  newBatch(size?: number): Promise<string>;
};

const CSV = { 'content-type': 'text/csv' };

/** `prefix`: what each of its words begins with, in letters; names have nothing else. */
export async function openFurnished(server: TestServer, sql: pg.Client, prefix: string): Promise<Furnished> {
  let words = 0;
  const letters = () => [words / 676, words / 26, words++].map((n) => String.fromCharCode(97 + (n % 26))).join('');
  const word = () => prefix + letters();
  const phone = () => `+44 20 7946 0${prefix === 'quokka' ? 1 : 2}${50 + (words % 50)}`;
  const slug = word();
  await createWorkspace(server.database, slug, word());
  const workspace = (await findWorkspace(server.database, slug))!;
  const actor = systemActor(workspace, word());
  const own = `${PASSWORD} by ${prefix}`;
  const made = await createKey(server.database, actor, { name: word(), role: 'owner' }, { request_id: word() });
  const key = { authorization: `Bearer ${made.subject.key}` };

  async function send(method: string, path: string, body?: unknown, headers: Headers = {}): Promise<TestReply> {
    const named = { 'idempotency-key': word(), 'x-request-id': word() };
    const reply = await server.call(method, path, body, { ...key, ...(method === 'GET' ? {} : named), ...headers });
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.text}`);
    await untilIdle(sql);
    return reply;
  }

  async function invite(person: Visitor, role: 'owner' | 'editor' = 'owner', email = `${word()}@${word()}.example`) {
    const { subject } = await createInvitation(server.database, actor, { email, role }, { request_id: word() });
    const known = person.cookie !== '';
    const password = email === GUEST ? PASSWORD : own;
    const body = {
      secret: secretOf(subject.link!),
      password,
      ...(known ? {} : { name: email === GUEST ? 'Guest' : word() }),
    };
    const accepted = await person.call('POST', '/api/links/accept', body, {
      'user-agent': email === GUEST ? 'Guest/1.0' : word(),
    });
    if (accepted.status !== 200) throw new Error(accepted.text);
    return email;
  }

  const customer = (fields: object = {}) => ({
    first_name: word(),
    last_name: word(),
    email: `${word()}@${word()}.example`,
    phone: phone(),
    external_id: word(),
    ...fields,
  });
  const upload = async (file: string, query: string) => (await send('POST', `/api/imports?${query}`, file, CSV)).body;

  const person = openVisitor(server.base);
  const email = await invite(person);
  return {
    id: workspace.id,
    slug,
    word,
    key,
    person,
    email,
    password: own,
    send,
    upload,
    async invite(guest, role) {
      await invite(guest, role, GUEST);
    },
    newCustomer: async (fields) => (await send('POST', '/api/customers', customer(fields))).body.id,
    async newImport(run = false) {
      const rows = `${word()},${word()},${word()}@${word()}.example,${word()}\n${word()},${word()},${word()},${word()}\n`;
      const file = `first_name,last_name,email,${word()}\n${rows}`;
      const { id } = await upload(file, `filename=${word()}.csv`);
      if (run) await send('POST', `/api/imports/${id}/run`);
      return id;
    },
    async newBatch(size = 3) {
      const items = Array.from({ length: size }, () => ({ action: 'create', customer: customer() }));
      return (await send('POST', '/api/customers/batch', { items })).body.cause_id;
    },
  };
}

/** Somebody who belongs to several workspaces: nothing of theirs tells one from another. */
export const GUEST = 'guest@people.example';

/** Work goes on in the background: nothing is compared before it has ended. */
export async function untilIdle(sql: pg.Client): Promise<void> {
  while ((await sql.query(`SELECT 1 FROM causes WHERE state = 'running' LIMIT 1`)).rowCount !== 0)
    await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Puts one of everything into a workspace. With `egress` its webhook is tried, in vain, so that customers wait for it. */
export async function furnish(server: TestServer, sql: pg.Client, at: Furnished, egress?: Egress): Promise<void> {
  const { send, word } = at;
  await send('PATCH', `/api/workspaces/${at.slug}`, { name: word(), region: 'GB' });
  const hook = { url: `https://${word()}.example/${word()}`, description: word(), enabled: egress !== undefined };
  await send('POST', '/api/webhooks', hook);
  const first = await at.newCustomer();
  for (let change = 0; change < 8; change++) await send('PATCH', `/api/customers/${first}`, { last_name: word() });
  await send('POST', `/api/customers/${await at.newCustomer()}/deactivate`);
  await send('DELETE', `/api/customers/${await at.newCustomer()}`);
  await send('POST', `/api/customers/${await at.newCustomer()}/erase`);
  await send('PATCH', '/api/retention', { erase_deleted_after_days: 30 });
  const { id: revoked } = (await send('POST', '/api/keys', { name: word(), role: 'viewer' })).body;
  await send('DELETE', `/api/keys/${revoked}`);
  for (const shared of [true, false])
    await send('POST', '/api/views', { name: word(), query: `search=${word()}`, shared });
  for (let open = 0; open < 2; open++)
    await send('POST', '/api/invitations', { email: `${word()}@${word()}.example`, role: 'viewer' });
  await send('POST', '/api/customers/bulk-edits', { filter: { search: word() }, action: 'deactivate' });
  for (const run of [true, false]) await at.newImport(run);
  // What has changed since is kept, so that there are pages of that.
  const batch = await at.newBatch();
  for (const { customer_id } of (await send('GET', '/api/events?newest_first=true&limit=3')).body.results)
    await send('PATCH', `/api/customers/${customer_id}`, { last_name: word() });
  await send('POST', `/api/causes/${batch}/undo`);
  await at.newImport(false);
  if (!egress) return;
  const courier = startCourier(server.database, egress, { logger: pino({ level: 'silent' }), secrets_key: null });
  while ((await sql.query('SELECT 1 FROM parked_lanes WHERE workspace_id = $1', [at.id])).rowCount! < 3)
    await new Promise((resolve) => setTimeout(resolve, 20));
  await courier.stop();
  await sealBlock(server.database, at.id, 0);
}
