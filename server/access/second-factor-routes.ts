// One's own account and its second factor over HTTP.
import { secondFactorRoutes } from '#contract/second-factor.ts';
import type { Database } from '../database.ts';
import type { RouteTable } from '../http.ts';
import { json } from './replying.ts';
import {
  beginTotp,
  confirmTotp,
  createRecoveryCodes,
  type Guard,
  readOwnAccount,
  removeTotp,
} from './second-factor.ts';

export function secondFactorTable(database: Database, guard: Guard): RouteTable {
  return [
    [secondFactorRoutes.account, async ({ person }) => json(200, await readOwnAccount(database, person!))],
    [
      secondFactorRoutes.beginTotp,
      async ({ person, body, address }) => json(200, await beginTotp(database, guard, person!, body, address), UNKEPT),
    ],
    [
      secondFactorRoutes.confirmTotp,
      async ({ person, body }) => {
        const confirmed = await confirmTotp(database, guard, person!, body);
        guard.notify(person!.account.email, 'second_factor_on');
        return json(200, confirmed, UNKEPT);
      },
    ],
    [
      secondFactorRoutes.removeTotp,
      async ({ person, body, address }) => {
        await removeTotp(database, guard, person!, body, address);
        guard.notify(person!.account.email, 'second_factor_off');
        return { status: 204 };
      },
    ],
    [
      secondFactorRoutes.createRecoveryCodes,
      async ({ person, body, address }) => {
        const codes = await createRecoveryCodes(database, guard, person!, body, address);
        guard.notify(person!.account.email, 'recovery_codes_renewed');
        return json(200, codes, UNKEPT);
      },
    ],
  ];
}

/** What is told once is not to lie in a browser's cache. */
const UNKEPT = { 'cache-control': 'no-store' };
