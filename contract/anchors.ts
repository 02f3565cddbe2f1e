// Places all along an ordering, so that a list of any length can be entered anywhere.
import { Type } from 'typebox';
import { IF_NONE_MATCH, type Route } from './api.ts';
import { listQuery } from './customers.ts';

export const ANCHOR_LIMIT = { minimum: 1, maximum: 1000, default: 100 } as const;

export const anchorsSchema = Type.Object(
  {
    count: Type.Integer({ description: 'How many customers the list has.' }),
    is_exact: Type.Boolean({
      description: 'True: the ranks are exact, as they are in lists of up to 4,096 customers; otherwise they are near.',
    }),
    results: Type.Array(
      Type.Object({
        rank: Type.Integer({
          minimum: 1,
          description: 'How many customers come before the page that the cursor begins.',
        }),
        cursor: Type.String({ description: 'A `cursor` of the list with this `ordering` and `is_active`.' }),
      }),
      { description: 'In the order of the list. The beginning is not among them: it takes no cursor.' },
    ),
  },
  { title: 'Anchors' },
);

export type Anchors = { count: number; is_exact: boolean; results: { rank: number; cursor: string }[] };

export const anchorRoutes = {
  anchors: {
    permission: 'customers:read',
    tag: 'Customers',
    method: 'GET',
    path: '/api/customers/anchors',
    summary: 'Find places all along a list',
    description:
      'Cursors that cut the list into about equal parts, with their ranks, to enter a long list anywhere. What it costs does not grow with the list: in a long one the places come from a sample of about 4,096 customers, so a rank is off by 1.5 % of the list at most as a rule, and by less than 0.8 % mostly. A reply may also be behind by changes of up to a thousandth of the list.',
    query: {
      ordering: listQuery.ordering!,
      is_active: listQuery.is_active!,
      limit: Type.Integer({ ...ANCHOR_LIMIT, description: 'How many places at most.' }),
    },
    headers: IF_NONE_MATCH,
    replies: {
      200: { description: 'The places.', schema: anchorsSchema, headers: { ETag: 'Weak.' } },
      304: { description: 'Unchanged.' },
    },
  },
} as const satisfies Record<string, Route>;
