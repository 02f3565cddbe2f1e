// Every word that the console says, so that one place can be read through, or put into another language.
import { activity, work } from './words/activity.ts';
import { bulk, exporting } from './words/bulk.ts';
import { customers } from './words/customers.ts';
import { dashboard } from './words/dashboard.ts';
import { everywhere } from './words/everywhere.ts';
import { frame } from './words/frame.ts';
import { imports } from './words/imports.ts';
import { people } from './words/people.ts';
import { record } from './words/record.ts';
import { secondFactor } from './words/second-factor.ts';
import { settings } from './words/settings.ts';
import { webhooks } from './words/webhooks.ts';

export const words = {
  activity,
  bulk,
  everywhere,
  customers,
  dashboard,
  exporting,
  frame,
  imports,
  people,
  record,
  secondFactor,
  settings,
  webhooks,
  work,
};
