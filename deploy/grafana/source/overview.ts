import { type DashboardSource, METRIC_VARIABLES } from './build-dashboard.ts';
import { facts, figure, graph } from './panels.ts';
import { quantile, rate, series, sumBy } from './promql.ts';

const HITS = `sum(${rate('hits')})`;

/** Is it well, what is asked of it, and what does it take. */
export const OVERVIEW: DashboardSource = {
  uid: 'hypercache-overview',
  title: 'HyperCache: overview',
  description: 'Whether the cluster is well, what is asked of it and what it takes.',
  variables: METRIC_VARIABLES,
  rows: [
    {
      title: 'Now',
      panels: [
        figure({ title: 'Nodes that answer', unit: 'none', expr: `sum(${series('up')})` }),
        figure({
          title: 'Cluster',
          description: 'Not whole: at least one node misses another one. GET /health names it.',
          unit: 'none',
          expr: `min(${series('clusterHealthy')})`,
          texts: { 0: 'not whole', 1: 'whole' },
          steps: [
            [0, 'red'],
            [1, 'green'],
          ],
        }),
        figure({ title: 'Commands', unit: 'ops', expr: `sum(${rate('commandsProcessed')})` }),
        figure({
          title: 'Hits of look-ups',
          unit: 'percentunit',
          expr: `${HITS} / (${HITS} + sum(${rate('misses')}))`,
        }),
        figure({
          title: 'Fullest node',
          description: 'Memory of stores and buffers, of the limit of the node.',
          unit: 'percentunit',
          expr: `max(${series('nodeMemoryPressure')})`,
          steps: [
            [0.85, 'orange'],
            [0.95, 'red'],
          ],
        }),
        figure({ title: 'Clients', unit: 'short', expr: `sum(${series('connections')})` }),
      ],
    },
    {
      title: 'What is asked',
      panels: [
        graph({
          title: 'Commands by node',
          unit: 'ops',
          queries: [{ expr: sumBy('node', rate('commandsProcessed')), legend: '{{node}}' }],
        }),
        graph({
          title: 'Time in commands, 99 of 100',
          unit: 's',
          queries: [{ expr: quantile(0.99, 'node', 'operationDuration'), legend: '{{node}}' }],
        }),
        graph({
          title: 'Hits of look-ups by store',
          unit: 'percentunit',
          queries: [
            {
              expr:
                `${sumBy('store', rate('hits'))} / ` +
                `(${sumBy('store', rate('hits'))} + ${sumBy('store', rate('misses'))})`,
              legend: '{{store}}',
            },
          ],
        }),
        graph({
          title: 'Error replies',
          unit: 'ops',
          queries: [{ expr: sumBy('node', rate('errorReplies')), legend: '{{node}}' }],
        }),
        graph({
          title: 'Keys that went',
          unit: 'cps',
          queries: [
            { expr: sumBy('store', rate('expired')), legend: '{{store}} expired' },
            { expr: sumBy('store', rate('evictions')), legend: '{{store}} evicted' },
          ],
        }),
        graph({
          title: 'Network of clients',
          unit: 'Bps',
          queries: [
            { expr: sumBy('node', rate('netInputBytes')), legend: '{{node}} in' },
            { expr: sumBy('node', rate('netOutputBytes')), legend: '{{node}} out' },
          ],
        }),
      ],
    },
    {
      title: 'What it takes',
      panels: [
        graph({
          title: 'Memory of stores and buffers',
          unit: 'bytes',
          queries: [{ expr: series('nodeMemoryBytes'), legend: '{{node}}' }],
        }),
        graph({
          title: 'Processor time',
          description: 'Seconds a second: 1 is a core.',
          unit: 'none',
          queries: [{ expr: sumBy('node', rate('cpuDuration')), legend: '{{node}}' }],
        }),
        graph({
          title: 'Keys held, copies included',
          unit: 'short',
          isStacked: true,
          queries: [{ expr: sumBy('node', series('items')), legend: '{{node}}' }],
        }),
        facts({
          title: 'Nodes',
          unit: 'none',
          hidden: ['__name__', 'job'],
          queries: [
            { expr: series('buildInfo'), legend: '', column: 'answers', unit: 'none' },
            {
              expr: `time() - ${series('startTime')}`,
              legend: '',
              column: 'up for',
              unit: 's',
            },
            { expr: series('connections'), legend: '', column: 'clients', unit: 'short' },
            { expr: series('residentBytes'), legend: '', column: 'resident', unit: 'bytes' },
          ],
        }),
      ],
    },
  ],
};
