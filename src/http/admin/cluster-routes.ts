/** What an operator changes of the cluster. */
import { type RouteAnswer, type RouteRequest, type RouteRow, refusal } from '../route-row.ts';

export const CLUSTER_ROUTES: readonly RouteRow[] = [
  {
    method: 'POST',
    path: '/api/cluster/members/:id/forget',
    operationId: 'forgetMember',
    summary: 'Says that a node that failed does not come back: nobody waits for it any more',
    tag: 'cluster',
    access: { by: 'route', command: 'cluster forget' },
    responses: {
      200: {
        description: 'Every node hears of it',
        schema: {
          type: 'object',
          properties: { success: { type: 'boolean' }, node_id: { type: 'string' } },
        },
      },
      404: { description: 'No such node is known' },
      409: { description: 'It lives: stop it first' },
    },
    handle: forget,
  },
];

function forget({ params, services }: RouteRequest): RouteAnswer {
  const id = params['id']!;
  const node = services.cluster.nodes.find((known) => known.id === id);
  if (node === undefined) return refusal(404, `There is no node '${id}'`);
  if (!services.cluster.forgetNode(id)) return refusal(409, `The node '${id}' lives`);
  return { status: 200, facts: { success: true, node_id: id } };
}
