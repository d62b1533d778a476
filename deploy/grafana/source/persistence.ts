import { type DashboardSource, METRIC_VARIABLES } from './build-dashboard.ts';
import { figure, graph } from './panels.ts';
import { rate, series, sumBy } from './promql.ts';

const BY_STORE = '{{node}} {{store}}';

/** What would be there after a loss of power, and what that costs. */
export const PERSISTENCE: DashboardSource = {
  uid: 'hypercache-persistence',
  title: 'HyperCache: persistence',
  description: 'What would be there after a loss of power, and what keeping it costs.',
  variables: METRIC_VARIABLES,
  rows: [
    {
      title: 'Now',
      panels: [
        figure({
          title: 'Logs of changes',
          unit: 'none',
          expr: `min(${series('logOk')})`,
          texts: { 0: 'refused', 1: 'written' },
          steps: [
            [0, 'red'],
            [1, 'green'],
          ],
        }),
        figure({
          title: 'Last snapshots',
          unit: 'none',
          expr: `min(${series('snapshotOk')})`,
          texts: { 0: 'one failed', 1: 'written' },
          steps: [
            [0, 'red'],
            [1, 'green'],
          ],
        }),
        figure({
          title: 'Oldest snapshot',
          unit: 's',
          expr: `time() - min(${series('snapshotTime')})`,
        }),
        figure({
          title: 'Loaded',
          description: 'While a node starts: the part of its files that it has read.',
          unit: 'percentunit',
          expr: `min(${series('loadingProgress')})`,
        }),
        figure({ title: 'Bytes of logs', unit: 'bytes', expr: `sum(${series('logBytes')})` }),
        figure({
          title: 'Bytes of snapshots',
          unit: 'bytes',
          expr: `sum(${series('snapshotBytes')})`,
        }),
      ],
    },
    {
      title: 'Log of changes',
      panels: [
        graph({
          title: 'Size',
          unit: 'bytes',
          queries: [{ expr: series('logBytes'), legend: BY_STORE }],
        }),
        graph({
          title: 'Written, not synced yet',
          description: 'What a loss of power would take.',
          unit: 'bytes',
          queries: [{ expr: series('logUnsyncedBytes'), legend: BY_STORE }],
        }),
        graph({
          title: 'Time of the last sync',
          unit: 's',
          queries: [{ expr: series('logSyncDuration'), legend: BY_STORE }],
        }),
        graph({
          title: 'Syncs',
          unit: 'cps',
          queries: [{ expr: sumBy('node, store', rate('logSyncs')), legend: BY_STORE }],
        }),
        graph({
          title: 'Rewrites since the start',
          unit: 'none',
          queries: [{ expr: series('logRewrites'), legend: BY_STORE }],
        }),
      ],
    },
    {
      title: 'Snapshots',
      panels: [
        graph({
          title: 'Changes since the last',
          unit: 'short',
          queries: [{ expr: series('changesSinceSnapshot'), legend: BY_STORE }],
        }),
        graph({
          title: 'Time of the last',
          unit: 's',
          queries: [{ expr: series('snapshotDuration'), legend: BY_STORE }],
        }),
        graph({
          title: 'Written since the start',
          unit: 'none',
          queries: [{ expr: series('snapshots'), legend: BY_STORE }],
        }),
      ],
    },
  ],
};
