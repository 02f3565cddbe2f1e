// Views: lists under a name. One is its maker's alone, or shared with all in the workspace.

import { fold } from '#contract/fold.ts';
import { checkInput } from '#contract/input.ts';
import { VIEWS, type View, type ViewInput, viewFields } from '#contract/views.ts';
import { type Actor, forbidden, logged, may, type WriteContext, type Written } from '../access/access.ts';
import type { Ask, Database, Row } from '../database.ts';
import { invalid, notFound, Problem } from '../problem.ts';
import { isUuid, uuidv7 } from '../uuid.ts';
import { checkViewQuery } from './query.ts';
import { COUNT_VIEWS, DELETE_VIEW, INSERT_VIEW, LIST_VIEWS, READ_VIEW, UPDATE_VIEW } from './store.ts';

const FIELDS = ['name', 'query', 'shared'] as const;

const ownerOf = ({ type, id }: Actor) => `${type}:${id}`;

/** The actor's own views and the shared ones, by name. */
export async function listViews(database: Database, actor: Actor): Promise<View[]> {
  const rows = await database.read(LIST_VIEWS, [actor.workspace.id, ownerOf(actor)]);
  const keyOf = ({ name, id }: View) => `${fold(name)}\n${id}`;
  return rows.map(viewOf).sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
}

/** Saves a view; 400 names what is wrong with it, 403 where it may not be shared, 409 where there are too many. */
export async function createView(
  database: Database,
  actor: Actor,
  body: unknown,
  context: WriteContext,
): Promise<Written<View>> {
  const { shared = false, ...fields } = checked(actor, body, false) as ViewInput;
  const { type, id, name } = actor;
  const count: Ask = [COUNT_VIEWS, [actor.workspace.id, ownerOf(actor)]];
  let view: View | undefined;
  const written = await logged(database, actor, context, 201, [count], (now, [counts]) => {
    checkRoom(counts, { own: 1, shared: Number(shared) });
    const made: View = {
      id: uuidv7(Date.parse(now), 0),
      ...fields,
      shared,
      made_by: { type, id, name },
      created_at: now,
      updated_at: now,
    };
    view = made;
    const values = [made.id, ownerOf(actor), JSON.stringify(made.made_by), made.name, made.query, shared, now];
    const asks: Ask[] = [[INSERT_VIEW, [actor.workspace.id, ...values]]];
    return { subject: told(made), subject_id: made.id, change: { asks, type: 'view.created', before: null } };
  });
  return { ...written, subject: view ?? (await readView(database, actor, written.subject_id)) };
}

/** Changes one's own view, or, for an admin, a shared one; 404 for any other that is not to be seen, 403 for one that is. */
export async function updateView(
  database: Database,
  actor: Actor,
  id: string,
  body: unknown,
  context: WriteContext,
): Promise<Written<View>> {
  const fields = checked(actor, body, true);
  if (!isUuid(id)) throw notFound();
  const reads: Ask[] = [
    [READ_VIEW, [actor.workspace.id, id]],
    [COUNT_VIEWS, [actor.workspace.id, ownerOf(actor)]],
  ];
  let view: View | undefined;
  const written = await logged(database, actor, context, 200, reads, (now, [row, counts]) => {
    const former = viewToTouch(actor, row);
    const changed = FIELDS.filter((field) => fields[field] !== undefined && fields[field] !== former[field]);
    if (changed.length === 0) {
      view = former;
      return { subject: told(former), subject_id: id };
    }
    const next: View = { ...former, ...fields, updated_at: now };
    if (next.shared && !former.shared) checkRoom(counts, { own: 0, shared: 1 });
    view = next;
    const values = [actor.workspace.id, id, next.name, next.query, next.shared, now];
    // Of what was its maker's alone, or becomes so, the log says no more than that.
    const open = changed.filter((field) => field === 'shared' || (former.shared && next.shared));
    const before = Object.fromEntries(open.map((field) => [field, former[field]]));
    return {
      subject: told(next),
      subject_id: id,
      change: { asks: [[UPDATE_VIEW, values]], type: 'view.updated', before },
    };
  });
  return { ...written, subject: view ?? (await readView(database, actor, written.subject_id)) };
}

/** Deletes one's own view, or, for an admin, a shared one; refused like a change of it. */
export async function deleteView(
  database: Database,
  actor: Actor,
  id: string,
  context: WriteContext,
): Promise<Written<null>> {
  if (!isUuid(id)) throw notFound();
  const read: Ask = [READ_VIEW, [actor.workspace.id, id]];
  const written = await logged(database, actor, context, 204, [read], (_now, [row]) => {
    const view = viewToTouch(actor, row);
    const asks: Ask[] = [[DELETE_VIEW, [actor.workspace.id, id]]];
    return { subject: told(view), subject_id: id, change: { asks, type: 'view.deleted', before: null } };
  });
  return { ...written, subject: null };
}

async function readView(database: Database, actor: Actor, id: string): Promise<View> {
  const [row] = await database.read(READ_VIEW, [actor.workspace.id, id]);
  return viewToSee(actor, row);
}

/** The fields of a body; one that is to be shared takes the right to write for others. */
function checked(actor: Actor, body: unknown, partial: boolean): Partial<ViewInput> {
  const readOnly = ['id', 'made_by', 'created_at', 'updated_at'];
  const { fields, errors } = checkInput(viewFields, body, { partial, readOnly });
  if (errors.length > 0) throw invalid(errors);
  if (fields.query !== undefined) checkViewQuery(actor.workspace.id, fields.query);
  if (fields.shared && !may(actor, 'customers:write')) throw forbidden(actor, 'customers:write');
  return fields;
}

function checkRoom(counts: Row | undefined, more: { own: number; shared: number }): void {
  const [own, shared] = counts as [number, number];
  if (own + more.own > VIEWS.own || (more.shared > 0 && shared + more.shared > VIEWS.shared))
    throw new Problem(
      409,
      'too_many_views',
      `There are ${VIEWS.own} views of your own at most, and ${VIEWS.shared} that are shared; delete some first.`,
    );
}

function viewToSee(actor: Actor, row: Row | undefined): View {
  const view = row && viewOf(row);
  if (!view || !(view.shared || row[1] === ownerOf(actor))) throw notFound();
  return view;
}

function viewToTouch(actor: Actor, row: Row | undefined): View {
  const view = viewToSee(actor, row);
  if (row![1] !== ownerOf(actor) && !may(actor, 'workspace:manage')) throw forbidden(actor, 'workspace:manage');
  return view;
}

/** A view as the log, which all in the workspace read, tells of it. */
const told = (view: View): object => (view.shared ? view : { id: view.id, shared: false });

function viewOf([id, , made_by, name, query, shared, created_at, updated_at]: Row): View {
  return { id, name, query, shared, made_by: JSON.parse(made_by), created_at, updated_at };
}
