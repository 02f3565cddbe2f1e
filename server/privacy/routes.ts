// Privacy over HTTP.
import { DOSSIER_FORMATS, DOSSIER_TYPES, privacyRoutes } from '#contract/privacy.ts';
import { contextOf, headersOf, json } from '../access/access.ts';
import type { Database } from '../database.ts';
import type { RouteTable } from '../http.ts';
import { readIfMatch } from '../preconditions.ts';
import { invalid } from '../problem.ts';
import { trueOrFalse } from '../query.ts';
import { dossierOf } from './dossier.ts';
import { type ErasingOptions, eraseCustomer, liftSuppressions, readErasure } from './erasing.ts';
import { readRules, updateRules } from './retention.ts';

export function privacyTable(database: Database, options: ErasingOptions): RouteTable {
  return [
    [
      privacyRoutes.erase,
      async (call) => {
        const suppress = trueOrFalse(call.query, 'suppress') ?? true;
        const if_match = readIfMatch(call.headers['if-match']);
        const context = { ...contextOf(call), if_match, suppress };
        const written = await eraseCustomer(database, options, call.actor, call.params.id!, context);
        return json(200, written.subject, headersOf(written));
      },
    ],
    [privacyRoutes.erasure, async ({ actor, params }) => json(200, await readErasure(database, actor, params.id!))],
    [
      privacyRoutes.dossier,
      async ({ actor, params, query }) => {
        const format = formatOf(query.format);
        const name = `customer-${params.id}.${format}`;
        return {
          status: 200,
          type: DOSSIER_TYPES[format],
          headers: { 'content-disposition': `${format === 'html' ? 'inline' : 'attachment'}; filename="${name}"` },
          body: await dossierOf(database, actor, params.id!, format),
        };
      },
    ],
    [
      privacyRoutes.lift,
      async (call) => {
        const written = await liftSuppressions(database, call.actor, call.body, contextOf(call));
        return json(200, written.subject, headersOf(written));
      },
    ],
    [privacyRoutes.retention, async ({ actor }) => json(200, await readRules(database, actor.workspace.id))],
    [
      privacyRoutes.updateRetention,
      async (call) => {
        const written = await updateRules(database, call.actor, call.body, contextOf(call));
        return json(200, written.subject, headersOf(written));
      },
    ],
  ];
}

function formatOf(text = 'json') {
  const format = DOSSIER_FORMATS.find((name) => name === text);
  if (format) return format;
  const detail = `format must be one of ${DOSSIER_FORMATS.join(', ')}.`;
  throw invalid([{ pointer: 'format', code: 'invalid_format', detail }]);
}
