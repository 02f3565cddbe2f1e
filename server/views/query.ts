// The query of a view: that of a list, and the columns in which it is shown.
import { CUSTOMER_FIELDS, listQuery } from '#contract/customers.ts';
import { readListQuery } from '../customers/customers.ts';
import { invalid, Problem } from '../problem.ts';
import { names, parseQuery } from '../query.ts';

const { limit: _limit, cursor: _cursor, fields: _fields, ...ofLists } = listQuery;
const ALLOWED = { ...ofLists, columns: _fields! };

/** 400 where the query is none that a list would take, by the list's own rules. */
export function checkViewQuery(workspace_id: number, text: string): void {
  try {
    const { columns, ...query } = parseQuery(text, ALLOWED);
    readListQuery(workspace_id, query);
    if (columns !== undefined) names({ columns }, 'columns', CUSTOMER_FIELDS);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 400) throw error;
    throw invalid(error.errors.map((one) => ({ ...one, pointer: '/query', detail: `Query: ${one.detail}` })));
  }
}
