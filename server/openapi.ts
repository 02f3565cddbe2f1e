// The API as OpenAPI 3.1, made from the contract's routes: nothing here knows a route by name.
import type { TSchema } from 'typebox';
import { accessRoutes } from '#contract/access.ts';
import { anchorRoutes } from '#contract/anchors.ts';
import type { Route } from '#contract/api.ts';
import { batchRoutes } from '#contract/batch.ts';
import { bulkEditRoutes } from '#contract/bulk-edits.ts';
import { causeRoutes, undoRoutes } from '#contract/causes.ts';
import { customerRoutes } from '#contract/customers.ts';
import { docsRoutes } from '#contract/docs.ts';
import { eventRoutes } from '#contract/events.ts';
import { exportRoutes } from '#contract/exports.ts';
import { healthRoutes } from '#contract/health.ts';
import { importRoutes } from '#contract/imports.ts';
import { memberRoutes } from '#contract/members.ts';
import { peopleRoutes } from '#contract/people.ts';
import { privacyRoutes } from '#contract/privacy.ts';
import { problemSchema } from '#contract/problem.ts';
import { secondFactorRoutes } from '#contract/second-factor.ts';
import { signInRoutes } from '#contract/sign-in.ts';
import { timelineRoutes } from '#contract/timeline.ts';
import { viewRoutes } from '#contract/views.ts';
import { webhookRoutes } from '#contract/webhooks.ts';
import manifest from '../package.json' with { type: 'json' };
import { exampleOf, examples } from './openapi-examples.ts';
import { nameOf, type Schema, toSchema } from './openapi-schema.ts';

/** The contract's tables. An operation's id is its table's name followed by its own: `customersList`. */
export const routeTables: Record<string, Record<string, Route>> = {
  customers: { ...customerRoutes, ...anchorRoutes, ...batchRoutes, ...timelineRoutes },
  bulkEdits: bulkEditRoutes,
  exports: exportRoutes,
  imports: importRoutes,
  events: eventRoutes,
  views: viewRoutes,
  webhooks: webhookRoutes,
  privacy: privacyRoutes,
  causes: causeRoutes,
  undo: undoRoutes,
  access: accessRoutes,
  people: { ...peopleRoutes, ...memberRoutes },
  account: secondFactorRoutes,
  signIn: signInRoutes,
  health: healthRoutes,
  docs: docsRoutes,
};

const TAGS = [
  { name: 'Customers', description: 'The people whom a business sells to.' },
  { name: 'Events', description: 'Everything that happened in the workspace, in order.' },
  { name: 'Views', description: 'Lists under a name, for oneself or for all.' },
  { name: 'Webhooks', description: 'Where events are sent to as they happen.' },
  { name: 'Privacy', description: 'Erasing customers, telling them what is kept, and for how long.' },
  { name: 'Imports', description: 'Customers from a file: looked through, run, watched and taken back.' },
  { name: 'Causes', description: 'What was done in bulk, how far it has come, and how it is taken back.' },
  { name: 'Access', description: 'The workspace, and the keys that open it.' },
  {
    name: 'People',
    description:
      'Who works with customers: how they sign in, and who may open the workspace. Sign-in, links and sessions are made for the pages of the server itself.',
  },
  { name: 'Operation', description: 'For whoever keeps the server running; takes no key.' },
  { name: 'Documentation', description: 'What you are reading; takes no key.' },
];

export type Place = 'path' | 'query' | 'header';
export type Parameter = {
  name: string;
  in: Place;
  required: boolean;
  description?: string;
  schema: Schema;
  example?: unknown;
};
export type Content = Record<string, { schema: Schema; example?: unknown }>;
type Header = { $ref: string } | { description: string; schema: Schema };
export type Response = { $ref?: string; description?: string; headers?: Record<string, Header>; content?: Content };
export type Operation = {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  'x-permission'?: string;
  security: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: { required: true; content: Content };
  responses: Record<string, Response>;
};
/** Operations by method in lower case; `parameters` are those of every one of them. */
export type PathItem = { parameters: { $ref: string }[] } & Record<string, Operation>;
export type OpenApi = {
  openapi: string;
  info: { title: string; version: string; summary: string; license: { name: string; identifier: string } };
  servers: { url: string }[];
  externalDocs: { url: string };
  tags: { name: string; description: string }[];
  paths: Record<string, PathItem>;
  components: { schemas: Record<string, Schema> } & Record<string, object>;
};

/** The whole document. */
export function openapiDocument(): OpenApi {
  const schemas: Record<string, Schema> = {};
  const paths: Record<string, PathItem> = {};
  for (const [table, routes] of Object.entries(routeTables))
    for (const [key, route] of Object.entries(routes)) {
      paths[route.path] ??= { parameters: [{ $ref: '#/components/parameters/RequestId' }] } as PathItem;
      paths[route.path]![route.method.toLowerCase()] = operationOf(
        table + key[0]!.toUpperCase() + key.slice(1),
        route,
        schemas,
      );
    }
  const problem = toSchema(problemSchema, schemas);
  return {
    openapi: '3.1.1',
    info: {
      title: 'Clientele',
      version: manifest.version,
      summary: manifest.description,
      license: { name: manifest.license, identifier: manifest.license },
    },
    servers: [{ url: '/' }],
    externalDocs: { url: docsRoutes.page.path },
    tags: TAGS,
    paths,
    components: { ...sharedComponents(problem), schemas: Object.fromEntries(Object.entries(schemas).sort()) },
  };
}

/** The document as it is served and kept in docs/openapi.json, byte for byte. */
export const openapiText = (): string => `${JSON.stringify(openapiDocument(), null, 2)}\n`;

function sharedComponents(problem: Schema): Record<string, object> {
  const requestId = 'Names the request in the reply, the log and the events.';
  return {
    securitySchemes: {
      key: { type: 'http', scheme: 'bearer', description: 'An API key, which belongs to one workspace.' },
      session: {
        type: 'apiKey',
        in: 'cookie',
        name: '__Host-clientele',
        description:
          'The session of a person, who names a workspace in `Clientele-Workspace` or, on GET, in `?workspace=`. What changes something takes `Sec-Fetch-Site: same-origin` or a matching `Origin`. (Over plain HTTP on the same machine the cookie is called `clientele`.)',
      },
    },
    parameters: {
      RequestId: {
        name: 'X-Request-Id',
        in: 'header',
        required: false,
        description: `${requestId} Made by the server where it is left out or is not 1–128 letters, digits and \`_ . : + / = -\`.`,
        schema: { type: 'string' },
      },
    },
    headers: {
      RequestId: { description: requestId, schema: { type: 'string' } },
      Replayed: {
        description: '`true` when the request had been done before under its `Idempotency-Key`.',
        schema: { type: 'string' },
      },
    },
    responses: {
      Problem: {
        description: 'The request was refused, or failed.',
        headers: REQUEST_ID,
        content: { 'application/problem+json': withExample(problem) },
      },
    },
  };
}

const REQUEST_ID = { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } };
const REPLAYED = { 'Idempotency-Replayed': { $ref: '#/components/headers/Replayed' } };

function operationOf(operationId: string, route: Route, schemas: Record<string, Schema>): Operation {
  const parameters = (['path', 'query', 'header'] as const).flatMap((place) => {
    const given = { path: route.parameters, query: route.query, header: route.headers }[place] ?? {};
    return Object.entries(given).map(([name, schema]) =>
      parameterOf(operationId, place, name, toSchema(schema, schemas)),
    );
  });
  return {
    operationId,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description && { description: route.description }),
    ...(route.permission && { 'x-permission': route.permission }),
    security: [
      ...(route.permission ? [{ key: [] }] : []),
      ...(route.permission || route.person ? [{ session: [] }] : []),
    ],
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && {
      requestBody: { required: true, content: contentOf(route.body.schema, route.body.types, schemas) },
    }),
    responses: responsesOf(route, schemas),
  };
}

function parameterOf(operationId: string, place: Place, name: string, { description, ...schema }: Schema): Parameter {
  // A field may be null in JSON; in a path or query there is no such thing.
  if (Array.isArray(schema.type)) schema.type = schema.type.find((type) => type !== 'null');
  const example = exampleOf(operationId, place, name);
  if (example !== undefined) delete schema.examples;
  return { name, in: place, required: place === 'path', description, schema, example };
}

function responsesOf(route: Route, schemas: Record<string, Schema>): Record<string, Response> {
  const replayable = route.headers && 'Idempotency-Key' in route.headers;
  const responses: Record<string, Response> = {};
  for (const [
    status,
    { description, schema, type, types = [type].filter((one) => one !== undefined), headers = {} },
  ] of Object.entries(route.replies)) {
    const own = Object.entries(headers).map(([name, words]) => [
      name,
      { description: words, schema: { type: 'string' } },
    ]);
    const response: Response = {
      description,
      headers: { ...Object.fromEntries(own), ...(replayable ? REPLAYED : {}), ...REQUEST_ID },
    };
    if (schema) response.content = contentOf(schema, [type ?? 'application/json'], schemas);
    else if (types.length > 0)
      response.content = Object.fromEntries(
        types.map((one) => [one, { schema: { type: one.endsWith('json') ? 'object' : 'string' } }]),
      );
    responses[status] = response;
  }
  return { ...responses, default: { $ref: '#/components/responses/Problem' } };
}

function contentOf(schema: TSchema, types: string[], schemas: Record<string, Schema>): Content {
  const media = withExample(toSchema(schema, schemas));
  return Object.fromEntries(types.map((type) => [type, media]));
}

function withExample(schema: Schema): Content[string] {
  const example = examples[nameOf(schema) ?? ''];
  return example === undefined ? { schema } : { schema, example };
}
