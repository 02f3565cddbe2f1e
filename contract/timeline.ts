// New customers over time.
import { Type } from 'typebox';
import { IF_NONE_MATCH, type Route } from './api.ts';

export const TIMELINE_STEPS = ['day', 'week', 'month'] as const;
export type TimelineStep = (typeof TIMELINE_STEPS)[number];

export const TIMELINE = { days: 90, most_days: 3700 } as const;

const date = (description: string) => Type.String({ format: 'date', description });

export const timelineSchema = Type.Object(
  {
    from: date('The first day.'),
    to: date('The last day.'),
    by: Type.String({ enum: [...TIMELINE_STEPS] }),
    before: Type.Integer({ description: 'How many were created before the first day.' }),
    results: Type.Array(
      Type.Object({
        date: date('The day; of a week its Monday, of a month its first, which may lie before `from`.'),
        customers: Type.Integer({ minimum: 0, description: 'How many were created then, from `from` to `to` only.' }),
      }),
      { description: 'Oldest first, those without customers included.' },
    ),
  },
  { title: 'CustomerTimeline' },
);

export type CustomerTimeline = {
  from: string;
  to: string;
  by: TimelineStep;
  before: number;
  results: { date: string; customers: number }[];
};

export const timelineRoutes = {
  timeline: {
    permission: 'customers:read',
    tag: 'Customers',
    method: 'GET',
    path: '/api/customers/stats/timeline',
    summary: 'Count new customers over time',
    description: `By \`created_at\`, in UTC, of the customers that are not deleted now: exact, and over all time their sum is the total. Up to ${TIMELINE.most_days} days.`,
    query: {
      from: date(`The first day; ${TIMELINE.days - 1} days before \`to\` where it is left out.`),
      to: date('The last day; today where it is left out.'),
      by: Type.String({ enum: [...TIMELINE_STEPS], default: 'day', description: 'What is counted together.' }),
    },
    headers: IF_NONE_MATCH,
    replies: {
      200: { description: 'The counts.', schema: timelineSchema, headers: { ETag: 'Weak.' } },
      304: { description: 'Unchanged.' },
    },
  },
} as const satisfies Record<string, Route>;
