import { type DashboardSource, METRIC_VARIABLES } from './build-dashboard.ts';
import { graph } from './panels.ts';
import { rate, series, sumBy } from './promql.ts';

/** What each store holds, finds and loses, and how full it is. */
export const STORES: DashboardSource = {
  uid: 'hypercache-stores',
  title: 'HyperCache: stores and memory',
  description: 'What each store holds, finds and loses, and how full it is.',
  variables: METRIC_VARIABLES,
  rows: [
    {
      title: 'Memory',
      panels: [
        graph({
          title: 'Memory of stores',
          unit: 'bytes',
          queries: [{ expr: series('memoryBytes'), legend: '{{node}} {{store}}' }],
        }),
        graph({
          title: 'Used of the limit of the store',
          description: 'A store that evicts may stay at 1; one that does not refuses writes there.',
          unit: 'percentunit',
          queries: [{ expr: series('memoryPressure'), legend: '{{node}} {{store}}' }],
        }),
        graph({
          title: 'Node: used and limit',
          unit: 'bytes',
          queries: [
            { expr: series('nodeMemoryBytes'), legend: '{{node}} used' },
            { expr: series('nodeMemoryLimitBytes'), legend: '{{node}} limit' },
          ],
        }),
        graph({
          title: 'Blocks taken',
          unit: 'cps',
          queries: [{ expr: sumBy('node', rate('allocations')), legend: '{{node}}' }],
        }),
        graph({
          title: 'Refused for lack of room',
          unit: 'cps',
          queries: [
            { expr: sumBy('node', rate('outOfMemoryRefusals')), legend: '{{node}} writes' },
            { expr: sumBy('node', rate('allocationFailures')), legend: '{{node}} blocks' },
          ],
        }),
        graph({
          title: 'Bytes a key',
          unit: 'bytes',
          queries: [
            {
              expr:
                `${sumBy('store', series('memoryBytes'))} / ` +
                `(${sumBy('store', series('items'))} > 0)`,
              legend: '{{store}}',
            },
          ],
        }),
      ],
    },
    {
      title: 'Keys',
      panels: [
        graph({
          title: 'Keys',
          unit: 'short',
          queries: [{ expr: series('items'), legend: '{{node}} {{store}}' }],
        }),
        graph({
          title: 'Look-ups',
          unit: 'ops',
          queries: [
            { expr: sumBy('store', rate('hits')), legend: '{{store}} hits' },
            { expr: sumBy('store', rate('misses')), legend: '{{store}} misses' },
          ],
        }),
        graph({
          title: 'Hits of look-ups',
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
          title: 'Evicted',
          unit: 'cps',
          queries: [
            { expr: sumBy('node, store', rate('evictions')), legend: '{{node}} {{store}}' },
          ],
        }),
        graph({
          title: 'Expired',
          unit: 'cps',
          queries: [{ expr: sumBy('node, store', rate('expired')), legend: '{{node}} {{store}}' }],
        }),
        graph({
          title: 'Evicted in five minutes, of what is held',
          description: 'At 1 the store was turned over once.',
          unit: 'percentunit',
          queries: [
            {
              expr: `increase(${series('evictions')}[5m]) / (${series('items')} > 0)`,
              legend: '{{node}} {{store}}',
            },
          ],
        }),
      ],
    },
    {
      title: 'Filters',
      panels: [
        graph({
          title: 'Places of filters in use',
          unit: 'percentunit',
          queries: [
            {
              expr: `${series('filterItems')} / ${series('filterCapacity')}`,
              legend: '{{node}} {{store}}',
            },
          ],
        }),
        graph({
          title: 'Questions to filters',
          unit: 'ops',
          queries: [{ expr: sumBy('store', rate('filterLookups')), legend: '{{store}}' }],
        }),
        graph({
          title: 'False positives to expect',
          unit: 'percentunit',
          queries: [{ expr: series('filterRate'), legend: '{{node}} {{store}}' }],
        }),
      ],
    },
  ],
};
