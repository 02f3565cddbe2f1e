// A server, a browser, and people who are signed in, each in a browser context of their own: as real as it gets, by links
// that are accepted through the API.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Role } from '#contract/api.ts';
import type { NewInvitation } from '#contract/members.ts';
import { createOwnerLink, createWorkspace, findWorkspace } from '#server/access/access.ts';
import type { AppOptions } from '#server/app.ts';
import { PROJECT } from '#server/project.ts';
import { PASSWORD } from '../support/people.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type Browser, type BrowserContext, openBrowser, type Page, type Watch, watchPage } from './browser.ts';

export { PASSWORD };

/** Somebody at their browser. `call` asks the API as that person, beside the page. */
export type Visitor = {
  email: string;
  name: string;
  context: BrowserContext;
  page: Page;
  watch: Watch;
  // biome-ignore lint/suspicious/noExplicitAny: what a reply holds is what the tests are about
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<any>;
};

type Look = { dark?: boolean; phone?: boolean; workspace?: string };

export type ConsoleServer = TestServer & {
  browser: Browser;
  /** A page of a fresh context, of somebody who is not signed in. */
  visit(look?: Look): Promise<Visitor>;
  /** Somebody new, with this role in the workspace (`main`), signed in; the page is not open yet: `page.goto(base)`. */
  signIn(role: Role, look?: Look): Promise<Visitor>;
  /** Path and fragment of an owner link. */
  ownerLink(workspace?: string): Promise<string>;
  /** Another workspace, with a name. */
  addWorkspace(slug: string, name: string): Promise<void>;
};

export async function startConsole(overrides: Partial<AppOptions> = {}, port = 0): Promise<ConsoleServer> {
  assert.ok(existsSync(join(PROJECT, 'console/dist/index.html')), 'The console is not built: npm run build');
  const server = await startServer(overrides, port);
  const { base, database } = server;
  const browser = await openBrowser().catch(async (error) => {
    await server.stop();
    throw error;
  });
  let people = 0;

  async function visit({ dark = false, phone = false }: Look = {}): Promise<Visitor> {
    const context = await browser.newContext({
      baseURL: base,
      colorScheme: dark ? 'dark' : 'light',
      viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 800 },
      hasTouch: phone,
      // What is on its way from one place or colour to another is neither.
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const watch = await watchPage(page, base);
    return { email: '', name: '', context, page, watch, call: (...asked) => call(context, ...asked) };
  }

  async function call(
    context: BrowserContext,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) {
    // As a page of the server's own would ask.
    const reply = await context.request.fetch(path, { method, data: body, headers: { origin: base, ...headers } });
    const text = await reply.text();
    assert.ok(reply.ok(), `${method} ${path}: ${reply.status()} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async function ownerLink(workspace = 'main'): Promise<string> {
    return createOwnerLink(database, (await findWorkspace(database, workspace))!);
  }

  async function accept(visitor: Visitor, link: string, email: string, name: string): Promise<void> {
    const [, secret] = link.split('#');
    await visitor.call('POST', '/api/links/accept', { secret, email, name, password: PASSWORD });
    Object.assign(visitor, { email, name });
  }

  async function signIn(role: Role, look: Look = {}): Promise<Visitor> {
    const { workspace = 'main' } = look;
    const visitor = await visit(look);
    const email = `${role}-${++people}@example.com`;
    const name = `${role[0]!.toUpperCase()}${role.slice(1)} ${'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[(people - 1) % 26]}`;
    if (role === 'owner') await accept(visitor, await ownerLink(workspace), email, name);
    else {
      const inviter = await signIn('owner', { workspace });
      const headers = { 'clientele-workspace': workspace };
      const { link }: NewInvitation = await inviter.call('POST', '/api/invitations', { email, role }, headers);
      await accept(visitor, link!, email, name);
      await inviter.context.close();
    }
    return visitor;
  }

  return {
    ...server,
    browser,
    visit,
    signIn,
    ownerLink,
    addWorkspace: async (slug, name) => void (await createWorkspace(database, slug, name)),
    async stop() {
      await browser.close();
      await server.stop();
    },
  };
}
