import { type DashboardSource, METRIC_VARIABLES } from './build-dashboard.ts';
import { graph } from './panels.ts';
import { quantile, rate, series, sumBy } from './promql.ts';

/** Where time goes: commands, the event loop, the process. */
export const PERFORMANCE: DashboardSource = {
  uid: 'hypercache-performance',
  title: 'HyperCache: performance',
  description: 'Where time goes: by command, in the event loop and in the process.',
  variables: METRIC_VARIABLES,
  rows: [
    {
      title: 'Commands',
      panels: [
        graph({
          title: 'The ten most called',
          unit: 'ops',
          queries: [
            { expr: `topk(10, ${sumBy('command', rate('operations'))})`, legend: '{{command}}' },
          ],
        }),
        graph({
          title: 'The ten that take the longest, 99 of 100',
          unit: 's',
          queries: [
            {
              expr: `topk(10, ${quantile(0.99, 'command', 'operationDuration')})`,
              legend: '{{command}}',
            },
          ],
        }),
        graph({
          title: 'The ten that keep a node busy',
          description: 'Seconds a second in the command, of all nodes together.',
          unit: 'percentunit',
          queries: [
            {
              expr: `topk(10, ${sumBy('command', rate('operationDuration', '_sum'))})`,
              legend: '{{command}}',
            },
          ],
        }),
        graph({
          title: 'Time in commands',
          unit: 's',
          queries: [0.5, 0.9, 0.99, 0.999].map((share) => ({
            expr: quantile(share, 'job', 'operationDuration'),
            legend: `${share * 100} of 100`,
          })),
        }),
        graph({
          title: 'Error replies and refusals',
          unit: 'ops',
          queries: [
            { expr: sumBy('node', rate('errorReplies')), legend: '{{node}} errors' },
            { expr: sumBy('node', rate('deniedCommands')), legend: '{{node}} not allowed' },
            { expr: sumBy('node', rate('deniedLogins')), legend: '{{node}} failed logins' },
          ],
        }),
        graph({
          title: 'Messages of channels',
          unit: 'cps',
          queries: [
            { expr: sumBy('node', rate('pubsubMessages')), legend: '{{node}} published' },
            { expr: sumBy('node', rate('pubsubDeliveries')), legend: '{{node}} delivered' },
          ],
        }),
      ],
    },
    {
      title: 'Event loop',
      panels: [
        graph({
          title: 'How late timers come',
          description: 'Mean of ten looks a second; every client waits as long.',
          unit: 's',
          queries: [
            {
              expr: `${sumBy('node', rate('loopLagMsSum'))} / ${sumBy('node', rate('loopTurns'))}`,
              legend: '{{node}}',
            },
          ],
        }),
        graph({
          title: 'A tenth of a second late and more',
          unit: 'cps',
          queries: [{ expr: sumBy('node', rate('loopStalls')), legend: '{{node}}' }],
        }),
        graph({
          title: 'Garbage collection',
          description: 'Share of the time.',
          unit: 'percentunit',
          queries: [{ expr: sumBy('node', rate('gcDuration')), legend: '{{node}}' }],
        }),
      ],
    },
    {
      title: 'Process and clients',
      panels: [
        graph({
          title: 'Processor time',
          description: 'Seconds a second: 1 is a core.',
          unit: 'none',
          queries: [{ expr: sumBy('node', rate('cpuDuration')), legend: '{{node}}' }],
        }),
        graph({
          title: 'Resident memory and heap',
          unit: 'bytes',
          queries: [
            { expr: series('residentBytes'), legend: '{{node}} resident' },
            { expr: series('heapBytes'), legend: '{{node}} heap' },
          ],
        }),
        graph({
          title: 'Clients',
          unit: 'short',
          queries: [
            { expr: series('connections'), legend: '{{node}} connected' },
            { expr: series('blockedClients'), legend: '{{node}} waiting' },
          ],
        }),
        graph({
          title: 'Connections',
          unit: 'cps',
          queries: [
            { expr: sumBy('node', rate('connectionsReceived')), legend: '{{node}} accepted' },
          ],
        }),
        graph({
          title: 'Memory of client buffers',
          unit: 'bytes',
          queries: [{ expr: series('clientBufferBytes'), legend: '{{node}}' }],
        }),
        graph({
          title: 'Commands a socket read',
          description: 'What pipelines, and many clients at once, save.',
          unit: 'short',
          queries: [
            {
              expr:
                `${sumBy('node', rate('commandsProcessed'))} / ` +
                sumBy('node', rate('readsProcessed')),
              legend: '{{node}}',
            },
          ],
        }),
      ],
    },
  ],
};
