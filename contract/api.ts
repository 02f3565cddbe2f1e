// What a route is: everything that OpenAPI, the client, the docs and the server's permission check need to know of it.
import type { TSchema } from 'typebox';
import { Type } from 'typebox';
import type { Permission } from './roles.ts';

export { PERMISSIONS, type Permission, ROLES, type Role } from './roles.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export type Route = {
  method: Method;
  /** With `{name}` for a parameter, as OpenAPI writes it. */
  path: string;
  /** null: anybody may. */
  permission: Permission | null;
  /** For whoever is signed in, in whatever workspaces or none; a key will not do. */
  person?: true;
  /** About more than one workspace: a signed-in person need not name one. */
  any_workspace?: true;
  /** A GET that signs a browser in, which another site has sent here: over a private connection only. */
  signs_in?: true;
  /** Takes parameters that it does not name, and ignores them: who sends them is not ours to tell. */
  further_query?: true;
  /** Asked by machines every few seconds: draws on nobody's quota, and is not worth a line in the log. */
  probe?: true;
  tag: string;
  summary: string;
  description?: string;
  parameters?: Record<string, TSchema>;
  query?: Record<string, TSchema>;
  /** Its query is for the page that is answered, and read there. */
  query_of_page?: true;
  /** Request headers besides those that every route takes. */
  headers?: Record<string, TSchema>;
  /** `limit`: bytes, where it takes more than other bodies may have. */
  body?: {
    schema: TSchema;
    types: string[];
    limit?: number;
    /** Handed on as it arrives, however long it takes, rather than read as JSON. */
    stream?: true;
  };
  replies: Record<
    number,
    {
      description: string;
      schema?: TSchema;
      type?: string;
      /** Where a reply without a schema may have one of several types. */
      types?: readonly string[];
      headers?: Record<string, string>;
    }
  >;
};

export const IDEMPOTENCY_KEY = {
  'Idempotency-Key': Type.String({
    minLength: 1,
    maxLength: 255,
    description:
      'Makes the request safe to repeat: within 24 hours the same key with the same request is done once and answered alike (`Idempotency-Replayed: true`); with another request it is refused with 422.',
  }),
};

export const IF_MATCH = {
  'If-Match': Type.String({
    description: 'The `ETag` of the version that the change is based on; 412 when it is no longer the current one.',
  }),
};

export const IF_NONE_MATCH = {
  'If-None-Match': Type.String({
    description: 'The `ETag` of a reply that you have; 304 without a body when it still holds.',
  }),
};
