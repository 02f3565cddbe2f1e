// The files that we give for nginx, Caddy and HAProxy, each by the program itself before a server: what a caller says of his
// address is not believed, HTTPS is known to be, and the stream of events comes when it comes.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createKey, findWorkspace, systemActor } from '#server/access/access.ts';
import { PROJECT } from '#server/project.ts';
import { type Clientele, freePort, startClientele, until } from './support/process.ts';
import { openTestDatabase, type TestDatabase } from './support/server.ts';

let opened: TestDatabase;
let server: Clientele;
let key: string;
let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'proxies-'));
  opened = await openTestDatabase();
  const actor = systemActor((await findWorkspace(opened.database, 'main'))!, 'test');
  key = (await createKey(opened.database, actor, { name: 'test', role: 'editor' }, { request_id: null })).subject.key!;
  server = await startClientele({
    DATABASE_URL: opened.url,
    PORT: '0',
    CLIENTELE_DATA: folder,
    // Here alone HSTS is sent, to those who came by HTTPS.
    CLIENTELE_ENV: 'production',
    CLIENTELE_TRUSTED_PROXIES: '127.0.0.1',
  });
});
after(async () => {
  server.process.kill('SIGTERM');
  await server.ended;
  await opened.drop();
  rmSync(folder, { recursive: true, force: true });
});

const missing = (...programs: string[]) =>
  programs.filter((program) => spawnSync(program, ['-v']).error).map((program) => `${program} is not installed`)[0] ??
  false;

test('nginx', { skip: missing('nginx', 'openssl') }, async (t) => {
  const [plain, secure] = [await freePort(), await freePort()];
  const [certificate, secret] = [join(folder, 'fullchain.pem'), join(folder, 'privkey.pem')];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=crm.example.com'];
  execFileSync('openssl', [...request, '-keyout', secret, '-out', certificate], { stdio: 'ignore' });
  const site = place('nginx.conf', 'deploy/nginx.conf', {
    '/etc/ssl/crm.example.com/fullchain.pem': certificate,
    '/etc/ssl/crm.example.com/privkey.pem': secret,
    '  listen [::]:80;\n': '',
    '  listen [::]:443 ssl http2;\n': '',
    'listen 80;': `listen 127.0.0.1:${plain};`,
    'listen 443 ': `listen 127.0.0.1:${secure} `,
    'server 127.0.0.1:4000;': `server ${new URL(server.url).host};`,
  });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (each) => `${each}_temp_path ${folder}/${each};`,
  );
  const main = join(folder, 'main.conf');
  // As root it would give up its rights to a user who cannot enter this folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  writeFileSync(
    main,
    `${user} pid ${folder}/nginx.pid; daemon off; error_log stderr; events {} http { access_log off; ${temporary.join(' ')} include ${site}; }`,
  );
  const check = spawnSync('nginx', ['-t', '-c', main], { encoding: 'utf8' });
  assert.equal(check.status, 0, check.stderr);
  run(t, 'nginx', ['-c', main]);

  const sent = await untilAnswered(() => ask(`http://127.0.0.1:${plain}/customers?page=2`));
  assert.deepEqual([sent.statusCode, sent.headers.location], [308, 'https://crm.example.com/customers?page=2']);
  await behaves(`https://127.0.0.1:${secure}`);
});

test('Caddy', { skip: missing('caddy') }, async (t) => {
  const [port, admin] = [await freePort(), await freePort()];
  const env = {
    ...process.env,
    // With its own name it would ask for a certificate.
    CLIENTELE_PUBLIC_URL: `http://127.0.0.1:${port}`,
    UPSTREAM: new URL(server.url).host,
    CADDY_ADMIN: `127.0.0.1:${admin}`,
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    XDG_DATA_HOME: folder,
  };
  const file = ['--config', join(PROJECT, 'deploy/Caddyfile'), '--adapter', 'caddyfile'];
  const check = spawnSync('caddy', ['validate', ...file], { encoding: 'utf8', env });
  assert.equal(check.status, 0, check.stderr);
  const unset = spawnSync('caddy', ['adapt', ...file], {
    encoding: 'utf8',
    env: { ...env, CLIENTELE_PUBLIC_URL: undefined },
  });
  assert.match(unset.stdout, /"listen":\[":443"\].*"host":\["crm\.example\.com"\]/);
  run(t, 'caddy', ['run', ...file], env);
  await untilAnswered(() => ask(`http://127.0.0.1:${port}/healthz`));
  await behaves(`http://127.0.0.1:${port}`);
});

test('HAProxy', { skip: missing('haproxy') }, async (t) => {
  const [port, status] = [await freePort(), await freePort()];
  const file = place('haproxy.cfg', 'docs/operations/haproxy.cfg', {
    '127.0.0.1:8080': `127.0.0.1:${port}`,
    '127.0.0.1:8404': `127.0.0.1:${status}`,
    '127.0.0.1:4001': new URL(server.url).host,
  });
  const check = spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' });
  assert.equal(check.status, 0, check.stderr);
  run(t, 'haproxy', ['-db', '-f', file]);
  await untilAnswered(async () => {
    const reply = await ask(`http://127.0.0.1:${port}/healthz`);
    return reply.statusCode === 200 ? reply : Promise.reject(new Error('not yet'));
  });
  await behaves(`http://127.0.0.1:${port}`);
});

test('HAProxy before PostgreSQL', { skip: missing('haproxy') }, () => {
  const check = spawnSync('haproxy', ['-c', '-f', join(PROJECT, 'deploy/haproxy-postgres.cfg')], { encoding: 'utf8' });
  assert.deepEqual([check.status, check.stderr], [0, '']);
});

/** What holds behind each of them. */
async function behaves(base: string): Promise<void> {
  const refusals = () =>
    server
      .said()
      .split('\n')
      .filter((line) => line.includes('"security":"key_refused"'));
  const before = refusals().length;
  const strange = await ask(`${base}/api/customers`, {
    authorization: 'Bearer wrong',
    'x-forwarded-for': '192.0.2.66',
    'x-forwarded-proto': base.startsWith('https') ? 'http' : 'https',
    'x-forwarded-host': 'evil.example',
  });
  assert.equal(strange.statusCode, 401);
  assert.equal(strange.headers['strict-transport-security'] !== undefined, base.startsWith('https'));
  await until(() => refusals().length > before, 'the refusal is in the log');
  assert.equal(JSON.parse(refusals().at(-1)!).address, '127.0.0.1');

  const stream = await ask(`${base}/api/events/stream`, { authorization: `Bearer ${key}` }, false);
  assert.equal(stream.statusCode, 200);
  let came = '';
  stream.setEncoding('utf8').on('data', (text) => {
    came += text;
  });
  const email = `${base.replaceAll(/\W/g, '')}@example.com`;
  const made = await fetch(`${server.url}/api/customers`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ first_name: 'Ada', last_name: 'Lovelace', email }),
  });
  assert.equal(made.status, 201);
  const { id } = (await made.json()) as { id: string };
  const began = performance.now();
  await until(() => came.includes(id), 'the event comes');
  // A proxy that keeps it back does so until some kilobytes are there, or the next comment is, after 20 s.
  assert.ok(performance.now() - began < 5000);
  stream.destroy();
}

/** A reply, taken in whole unless it has no end. */
async function ask(url: string, headers: Record<string, string> = {}, whole = true): Promise<IncomingMessage> {
  const options = { headers, rejectUnauthorized: false, agent: false as const };
  const [reply] = (await once((url.startsWith('https') ? https : http).get(url, options), 'response')) as [
    IncomingMessage,
  ];
  if (whole) await once(reply.resume(), 'end');
  return reply;
}

/** Asks until there is somebody who answers. */
async function untilAnswered(request: () => Promise<IncomingMessage>): Promise<IncomingMessage> {
  let reply: IncomingMessage | undefined;
  await until(async () => {
    reply = await request().catch(() => undefined);
    return reply !== undefined;
  }, 'the proxy answers');
  return reply!;
}

/** A copy of a file with this test's own addresses in it; each must have been there. */
function place(name: string, path: string, replaced: Record<string, string>): string {
  let text = readFileSync(join(PROJECT, path), 'utf8');
  for (const [from, to] of Object.entries(replaced)) {
    assert.ok(text.includes(from), from);
    text = text.replaceAll(from, to);
  }
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

function run(
  t: { after(done: () => Promise<void>): void },
  program: string,
  words: string[],
  env = process.env,
): ChildProcess {
  const child = spawn(program, words, { env, stdio: 'ignore' });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 3000);
    await ended;
    clearTimeout(late);
  });
  return child;
}
