import { figure } from '../ui/figures.ts';

const customers = (count: number) => `${figure(count)} ${count === 1 ? 'customer' : 'customers'}`;
const fresh = (count: number) => `${figure(count)} new ${count === 1 ? 'customer' : 'customers'}`;

export const dashboard = {
  title: 'Dashboard',
  figures: 'Customers now',
  total: 'Customers',
  active: 'Active',
  inactive: 'Inactive',
  none: 'There are no customers yet',
  noneMore: 'Figures and charts appear with the first ones.',
  toImport: 'Import a file',
  share: 'Active share',
  shareSummary: (share: string, active: number, total: number) =>
    `${share} of the customers are active: ${figure(active)} of ${figure(total)}.`,
  range: 'Time',
  ranges: { '30': 'Last 30 days', '90': 'Last 90 days', '365': 'Last year', '1826': 'Last 5 years' },
  by: 'By',
  steps: { day: 'Day', week: 'Week', month: 'Month' },
  fresh: 'New customers',
  freshSummary: (sum: number, from: string, to: string, most: number, when: string) =>
    sum === 0
      ? `No new customers from ${from} to ${to}.`
      : `${fresh(sum)} from ${from} to ${to}; most of them, ${figure(most)}, ${when}.`,
  growth: 'All customers over time',
  growthSummary: (before: number, after: number, from: string, to: string) =>
    `From ${figure(before)} to ${customers(after)} between ${from} and ${to}, of those who are there today.`,
  point: (when: string, text: string) => `${when}: ${text}`,
  freshAt: fresh,
  totalAt: customers,
  on: (day: string) => `on ${day}`,
  inWeek: (day: string) => `in the week of ${day}`,
  inMonth: (month: string) => `in ${month}`,
  week: (day: string) => `Week of ${day}`,
  show: 'Show them',
  showAt: (when: string) => `Show them: ${when}`,
  readout: (title: string) => `${title}: go through it with the arrow keys`,
  asTable: 'Show as table',
  asChart: 'Hide the table',
  when: 'When',
  count: 'Customers',
  utc: 'Days are counted in UTC.',
  recent: 'Recent changes',
  recentNone: 'No customer was changed of late.',
  recentAll: 'Last changed customers',
  bulk: (count: number, more: boolean) => `${more ? 'At least ' : ''}${figure(count)} changes at once`,
  events: {
    'customer.created': 'was created',
    'customer.updated': 'was changed',
    'customer.deleted': 'was deleted',
    'customer.restored': 'was restored',
    'customer.erased': 'was erased',
  } as Record<string, string>,
  changed: (fields: string) => `: ${fields}`,
  someone: 'A customer',
};
