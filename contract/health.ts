// Whether the server lives, and whether it can serve.
import { Type } from 'typebox';
import type { Route } from './api.ts';

const status = Type.Object({ status: Type.String() }, { title: 'Status' });

export const healthRoutes = {
  live: {
    permission: null,
    probe: true,
    tag: 'Operation',
    method: 'GET',
    path: '/healthz',
    summary: 'Tell whether the server lives',
    description: 'Asks nothing of anything else.',
    replies: { 200: { description: 'It does.', schema: status } },
  },
  ready: {
    permission: null,
    probe: true,
    tag: 'Operation',
    method: 'GET',
    path: '/readyz',
    summary: 'Tell whether the server can serve',
    description: 'Looks whether the database answers, at most once a second. A server that is being stopped cannot.',
    replies: { 200: { description: 'It can.', schema: status } },
  },
  metrics: {
    permission: null,
    probe: true,
    tag: 'Operation',
    method: 'GET',
    path: '/metrics',
    summary: 'Read metrics for Prometheus',
    description: 'For those who send the token of the setting `metrics.token` as `Authorization: Bearer <token>`.',
    replies: {
      200: { description: 'The text exposition format.', type: 'text/plain; version=0.0.4; charset=utf-8' },
    },
  },
} as const satisfies Record<string, Route>;
