import type { RouteRow } from '../route-row.ts';
import { METRICS_CONTENT_TYPE } from './exposition.ts';

export const METRICS_ROUTES: readonly RouteRow[] = [
  {
    method: 'GET',
    path: '/metrics',
    operationId: 'getMetrics',
    summary: 'Metrics in the text format of Prometheus',
    tag: 'admin',
    access: { by: 'route', command: 'info' },
    responses: {
      200: { description: 'The metrics', contentType: 'text/plain', schema: { type: 'string' } },
    },
    async handle({ metrics }) {
      const bytes = await metrics.text();
      return { status: 200, content: { type: METRICS_CONTENT_TYPE, bytes } };
    },
  },
];
