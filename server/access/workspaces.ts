// Workspaces: what keeps one tenant's data apart from another's.
import { type Workspace, workspaceFields } from '#contract/access.ts';
import { checkInput } from '#contract/input.ts';
import type { Ask, Database, Row } from '../database.ts';
import { invalid, notFound } from '../problem.ts';
import type { Actor } from './actor.ts';
import { logged, type WriteContext, type Written } from './logged.ts';
import { forgetWorkspace } from './seen.ts';
import {
  FIND_WORKSPACE,
  INSERT_WORKSPACE,
  LIST_WORKSPACES,
  READ_WORKSPACE,
  UPDATE_WORKSPACE,
} from './workspaces-store.ts';

/** Makes a workspace, or gives null when the slug is taken. */
export async function createWorkspace(database: Database, slug: string, name: string): Promise<Workspace | null> {
  const session = await database.begin();
  try {
    const [made] = await session.query(INSERT_WORKSPACE, [slug, name]);
    if (!(await session.commit())) throw new Error('PostgreSQL rolled the transaction back.');
    session.release();
    return made ? await findWorkspace(database, slug) : null;
  } catch (error) {
    session.release(true);
    throw error;
  }
}

export async function findWorkspace(database: Database, slug: string): Promise<Workspace | null> {
  const [row] = await database.read(FIND_WORKSPACE, [slug]);
  return row ? workspaceOf(row) : null;
}

export async function listWorkspaces(database: Database): Promise<Workspace[]> {
  return (await database.read(LIST_WORKSPACES)).map(workspaceOf);
}

/** The caller's workspace as it is now. */
export async function readWorkspace(database: Database, actor: Actor): Promise<Workspace> {
  const [row] = await database.read(READ_WORKSPACE, [actor.workspace.id]);
  if (!row) throw notFound();
  return workspaceOf(row);
}

/** Changes the caller's workspace's name or region; 404 for any other. */
export async function updateWorkspace(
  database: Database,
  actor: Actor,
  slug: string,
  body: unknown,
  context: WriteContext,
): Promise<Written<Workspace>> {
  if (slug !== actor.workspace.slug) throw notFound();
  const { fields, errors } = checkInput(workspaceFields, body, {
    partial: true,
    readOnly: ['id', 'slug', 'created_at'],
  });
  if (errors.length > 0) throw invalid(errors);
  const read: Ask = [READ_WORKSPACE, [actor.workspace.id]];
  const written = await logged(database, actor, context, 200, [read], (_now, [row]) => {
    const current = workspaceOf(row!);
    const next: Workspace = { ...current, ...fields };
    const changed = (['name', 'region'] as const).filter((field) => current[field] !== next[field]);
    if (changed.length === 0) return { subject: current, subject_id: null };
    const ask: Ask = [UPDATE_WORKSPACE, [actor.workspace.id, next.name, next.region]];
    const before = Object.fromEntries(changed.map((field) => [field, current[field]]));
    return { subject: next, subject_id: null, change: { asks: [ask], type: 'workspace.updated', before } };
  });
  forgetWorkspace(database, actor.workspace.id);
  const subject = written.replayed ? await readWorkspace(database, actor) : (written.subject as Workspace);
  return { ...written, subject };
}

/** A workspace as WORKSPACE of the store selects it. */
export const workspaceOf = ([id, slug, name, region, created_at]: Row): Workspace => ({
  id,
  slug,
  name,
  region,
  created_at,
});
