/** The node and the cluster it is in. */
import { measureStore } from '../../engine/store-statistics.ts';
import type { RouteRow } from '../route-row.ts';
import { clusterFacts, membersFacts } from './cluster-facts.ts';
import { memoryFacts, processFacts } from './node-facts.ts';

const MEMBER_SCHEMA = {
  type: 'object',
  properties: {
    node_id: { type: 'string' },
    address: { type: 'string' },
    port: { type: 'integer' },
    status: { type: 'string', enum: ['alive', 'leaving', 'suspect', 'failed', 'left'] },
    metadata: { type: 'object' },
    last_seen: { type: 'string', format: 'date-time' },
    joined_at: { type: 'string', format: 'date-time' },
  },
};

const MEMBERS_SCHEMA = { type: 'array', items: MEMBER_SCHEMA };

export const NODE_ROUTES: readonly RouteRow[] = [
  {
    method: 'GET',
    path: '/api/cluster/members',
    operationId: 'listMembers',
    summary: 'Lists the members of the cluster',
    tag: 'cluster',
    access: { by: 'route', command: 'info' },
    responses: {
      200: {
        description: 'The members known, this node first',
        schema: {
          type: 'object',
          properties: { members: MEMBERS_SCHEMA, total_count: { type: 'integer' } },
        },
      },
    },
    handle({ services }) {
      services.clock.refresh();
      const members = membersFacts(services);
      return { status: 200, facts: { members, total_count: members.length } };
    },
  },
  {
    method: 'GET',
    path: '/api/cluster/status',
    operationId: 'getClusterStatus',
    summary: 'Tells how the cluster is',
    tag: 'cluster',
    access: { by: 'route', command: 'info' },
    responses: {
      200: {
        description: 'As this node sees it',
        schema: {
          type: 'object',
          properties: {
            healthy: { type: 'boolean' },
            cluster_size: { type: 'integer' },
            mode: { type: 'string' },
            coordinator: { type: 'string' },
            table: { type: 'object', description: 'Who owns what: nodes that agree have one.' },
            issues: { type: 'array', items: { type: 'string' } },
            repair: {
              type: 'array',
              description: 'Stores of this node that are being made equal to their owners.',
              items: { type: 'object' },
            },
            slots: {
              type: 'array',
              description:
                'Stores whose slots have owners of their own: slots that this node owns and ' +
                'holds, and those that it waits for, fills, and has still to give away.',
              items: { type: 'object' },
            },
            members: MEMBERS_SCHEMA,
          },
        },
      },
    },
    handle({ services }) {
      services.clock.refresh();
      return { status: 200, facts: clusterFacts(services) };
    },
  },
  {
    method: 'GET',
    path: '/stats',
    operationId: 'getStatistics',
    summary: 'Tells of the node, its memory, its stores and the cluster',
    tag: 'admin',
    access: { by: 'route', command: 'info' },
    responses: {
      200: {
        description: 'Counts since the start',
        schema: {
          type: 'object',
          properties: {
            process: { type: 'object' },
            memory: { type: 'object' },
            cluster: { type: 'object' },
            stores: { type: 'object', description: 'By name.' },
          },
        },
      },
    },
    handle({ caller, services }) {
      services.clock.refresh();
      const { user } = caller.session;
      const stores: Record<string, unknown> = {};
      for (const store of services.stores) {
        if (user !== null && !user.mayUseStore(store.name)) continue;
        const { keyCount, memoryBytes, hits, misses, hitRate, evictions, expired } =
          measureStore(store);
        stores[store.name] = {
          items: keyCount,
          memory: memoryBytes,
          hits,
          misses,
          hit_rate: hitRate,
          evictions,
          expired,
        };
      }
      const facts = {
        process: processFacts(services),
        memory: memoryFacts(services),
        cluster: clusterFacts(services),
        stores,
      };
      return { status: 200, facts };
    },
  },
];
