/**
 * For orchestrators, which have no password: whether the node lives, is ready, has started. Who has
 * not logged in where a password is set is told that, and not why.
 *
 *     /health                  nothing is wrong with it, nor with how it stands to other nodes
 *     /health/ready            requests are welcome: started, not stopping, nothing wrong with it
 *     /health/startup          the data is loaded
 *     /health/live             the process answers: to start it anew would mend nothing
 */
import type { NodeServices } from '../../commands/node-services.ts';
import { clusterSize } from '../admin/cluster-facts.ts';
import type { RouteAnswer, RouteRequest, RouteRow } from '../route-row.ts';

const SCHEMA = {
  type: 'object',
  properties: {
    healthy: { type: 'boolean' },
    status: { type: 'string', enum: ['healthy', 'unhealthy', 'starting', 'loading', 'stopping'] },
    cluster_size: { type: 'integer' },
    issues: { type: 'array', items: { type: 'string' } },
  },
};

export const HEALTH_ROUTES: readonly RouteRow[] = [
  healthRow('/health', {
    operationId: 'getHealth',
    summary: 'Tells whether the node is healthy, and what is wrong when it is not',
    isGood: (_services, issues) => issues.length === 0,
  }),
  healthRow('/health/live', {
    operationId: 'getLiveness',
    summary: 'Tells that the process answers',
    isGood: () => true,
  }),
  healthRow('/health/ready', {
    operationId: 'getReadiness',
    summary: 'Tells whether requests are welcome',
    isGood: ({ health }) => health.ownIssues().length === 0,
  }),
  healthRow('/health/startup', {
    operationId: 'getStartup',
    summary: 'Tells whether the node has started',
    isGood: ({ health }) => health.hasStarted,
  }),
];

function healthRow(
  path: string,
  facts: Pick<RouteRow, 'operationId' | 'summary'> & {
    readonly isGood: (services: NodeServices, issues: readonly string[]) => boolean;
  },
): RouteRow {
  const { isGood, ...texts } = facts;
  return {
    method: 'GET',
    path,
    ...texts,
    tag: 'health',
    access: { by: 'open' },
    responses: {
      200: { description: 'Yes', schema: SCHEMA },
      503: { description: 'No: `issues` says why', schema: SCHEMA },
    },
    handle: (request) => answer(request, isGood),
  };
}

function answer(
  { isLoggedIn, services }: RouteRequest,
  isGood: (services: NodeServices, issues: readonly string[]) => boolean,
): RouteAnswer {
  const issues = services.health.issues();
  const isHealthy = issues.length === 0;
  const status = isGood(services, issues) ? 200 : 503;
  const facts = { healthy: isHealthy, status: statusOf(services, isHealthy) };
  if (!isLoggedIn) return { status, facts };
  return { status, facts: { ...facts, cluster_size: clusterSize(services), issues } };
}

function statusOf({ health }: NodeServices, isHealthy: boolean): string {
  if (health.phase !== 'running') return health.phase;
  return isHealthy ? 'healthy' : 'unhealthy';
}
