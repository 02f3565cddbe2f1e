// Where a request can name something, read off the contract: a place for each parameter of each route, in its path, query,
// headers and body.
import type { TSchema } from 'typebox';
import type { Route } from '#contract/api.ts';
import { routeTables } from '#server/openapi.ts';

/** What a value at a place may be: an id alone, a number, or any text. */
export type Kind = 'id' | 'number' | 'text' | 'cursor' | 'etag' | 'key';
export type Slot = {
  route: Route;
  place: 'path' | 'query' | 'header' | 'body';
  name: string;
  kind: Kind;
  /** Of a body: the steps that lead to the place, and the body that it is in. */
  pointer?: readonly (string | number)[];
  body?: unknown;
};

/** What keeps /metrics is no workspace's: it takes a token. */
export const routes = Object.values(routeTables)
  .flatMap((table) => Object.values(table) as Route[])
  .filter(({ path }) => path !== '/metrics');
export const nameOf = ({ route, place, name, pointer }: Slot) =>
  `${route.method} ${route.path} ${place} ${pointer ? `/${pointer.join('/')}` : name}`;

type Source = {
  type?: string;
  format?: string;
  enum?: unknown[];
  title?: string;
  properties?: Record<string, Source>;
  anyOf?: Source[];
  items?: Source;
};

const HEADERS: Record<string, Kind> = {
  'If-Match': 'etag',
  'If-None-Match': 'etag',
  'Idempotency-Key': 'key',
  'Last-Event-ID': 'number',
};

/** Questions that a route takes: without parameters, and each parameter that has few values with each of these. */
export function questionsOf({ path, query = {} }: Route): string[] {
  const valuesOf = (schema: TSchema): unknown[] => {
    const { type, enum: values, minimum } = schema as { type?: string; enum?: unknown[]; minimum?: number };
    return values ?? (type === 'boolean' ? [true, false] : type === 'integer' ? [minimum] : []);
  };
  const asked = Object.entries(query).flatMap(([name, schema]) => valuesOf(schema).map((value) => `${name}=${value}`));
  return [path, ...asked.map((text) => `${path}?${text}`)];
}

/** All places of a route. `bodyOf` gives bodies that the route takes, which between them have every member. */
export function slotsOf(route: Route, bodiesOf: (title: string) => unknown[]): Slot[] {
  const slots: Slot[] = [];
  for (const [place, parameters = {}] of [
    ['path', route.parameters],
    ['query', route.query],
  ] as const)
    for (const [name, schema] of Object.entries(parameters)) {
      const kind = name === 'cursor' ? 'cursor' : kindOf(schema as Source);
      if (kind) slots.push({ route, place, name, kind });
    }
  for (const name of Object.keys(route.headers ?? {})) {
    const kind = HEADERS[name];
    if (!kind) throw new Error(`${name}: say what stands in this header.`);
    slots.push({ route, place: 'header', name, kind });
  }
  if (route.body && !route.body.stream) {
    const { title } = route.body.schema as TSchema & { title: string };
    const leaves = new Map(leavesOf(route.body.schema as Source).map((leaf) => [keyOf(leaf.pointer), leaf]));
    for (const body of bodiesOf(title))
      for (const pointer of pointersOf(body)) {
        const leaf = leaves.get(keyOf(pointer));
        if (leaf) slots.push({ route, place: 'body', name: title, kind: leaf.kind, pointer, body });
      }
    const untold = [...leaves.keys()].filter(
      (key) => !slots.some(({ pointer }) => pointer !== undefined && keyOf(pointer) === key),
    );
    if (untold.length > 0) throw new Error(`No body of ${title} has ${untold.join(', ')}.`);
  }
  return slots;
}

/** Undefined for what has few values, of which none could be anybody's. */
function kindOf({ type, format, enum: values, anyOf }: Source): Kind | undefined {
  const plain = anyOf?.find((one) => one.type !== 'null');
  if (plain) return kindOf(plain);
  if (values || type === 'boolean') return undefined;
  return type === 'integer' ? 'number' : format === 'uuid' ? 'id' : 'text';
}

/** The same for all entries of a list. */
const keyOf = (pointer: readonly (string | number)[]) =>
  pointer.map((step) => (typeof step === 'number' ? '*' : step)).join('/');

function leavesOf(schema: Source, pointer: (string | number)[] = []): { pointer: (string | number)[]; kind: Kind }[] {
  const { properties, anyOf, items } = schema;
  if (properties) return Object.entries(properties).flatMap(([name, inner]) => leavesOf(inner, [...pointer, name]));
  if (items) return leavesOf(items, [...pointer, 0]);
  const objects = anyOf?.filter((one) => one.properties ?? one.items);
  if (objects && objects.length > 0) return objects.flatMap((inner) => leavesOf(inner, pointer));
  const kind = kindOf(schema);
  return kind ? [{ pointer, kind }] : [];
}

function pointersOf(value: unknown, pointer: (string | number)[] = []): (string | number)[][] {
  if (Array.isArray(value)) return value.flatMap((inner, index) => pointersOf(inner, [...pointer, index]));
  if (typeof value !== 'object' || value === null) return [pointer];
  return Object.entries(value).flatMap(([name, inner]) => pointersOf(inner, [...pointer, name]));
}

/** A body with another value at a place. */
export function withValue(body: unknown, [step, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (step === undefined) return value;
  const inner = (body as Record<string | number, unknown>)[step];
  if (Array.isArray(body)) return body.with(step as number, withValue(inner, rest, value));
  return { ...(body as object), [step]: withValue(inner, rest, value) };
}
