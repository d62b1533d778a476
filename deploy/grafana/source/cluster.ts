import { type DashboardSource, METRIC_VARIABLES } from './build-dashboard.ts';
import { figure, graph } from './panels.ts';
import { rate, series, sumBy } from './promql.ts';

/** Who is there, how they reach each other, and whether copies are equal. */
export const CLUSTER: DashboardSource = {
  uid: 'hypercache-cluster',
  title: 'HyperCache: cluster and replication',
  description: 'Who is there, how nodes reach each other, and how far copies are behind.',
  variables: METRIC_VARIABLES,
  rows: [
    {
      title: 'Members',
      panels: [
        figure({ title: 'Members', unit: 'none', expr: `max(${series('clusterSize')})` }),
        figure({
          title: 'Fewest links of a node',
          description: 'One less than there are members, when every node reaches every other.',
          unit: 'none',
          expr: `min(${series('linksUp')})`,
        }),
        figure({
          title: 'Longest round trip',
          unit: 's',
          expr: `max(${series('linkRoundTripMs')})`,
        }),
        figure({
          title: 'Furthest behind',
          description: 'How long the slowest copy has not acknowledged a change.',
          unit: 's',
          expr: `max(${series('replicaLag')})`,
          steps: [
            [2, 'orange'],
            [10, 'red'],
          ],
        }),
        figure({
          title: 'First certificate ends in',
          unit: 's',
          expr: `min(${series('certificateEnd')}) - time()`,
          steps: [
            [0, 'red'],
            [21 * 86_400, 'green'],
          ],
        }),
        figure({
          title: 'Links that broke in a day',
          unit: 'none',
          expr: `sum(increase(${series('linkBreaks')}[1d]))`,
        }),
      ],
    },
    {
      title: 'Replication',
      panels: [
        graph({
          title: 'For how long copies are behind',
          unit: 's',
          queries: [{ expr: series('replicaLag'), legend: '{{store}}: {{node}} to {{peer}}' }],
        }),
        graph({
          title: 'Changes not acknowledged',
          unit: 'short',
          queries: [{ expr: series('replicaBehind'), legend: '{{store}}: {{node}} to {{peer}}' }],
        }),
        graph({
          title: 'Changes of other nodes applied',
          unit: 'cps',
          queries: [{ expr: sumBy('node', rate('replicatedChanges')), legend: '{{node}}' }],
        }),
        graph({
          title: 'Batches sent',
          unit: 'cps',
          queries: [{ expr: sumBy('node', rate('sentBatches')), legend: '{{node}}' }],
        }),
        graph({
          title: 'Keys sent to make copies equal',
          unit: 'cps',
          queries: [
            { expr: sumBy('node', rate('repairKeysSent')), legend: '{{node}} sent' },
            { expr: sumBy('node', rate('repairKeysTaken')), legend: '{{node}} taken' },
          ],
        }),
        graph({
          title: 'Stores that were begun to be compared',
          unit: 'cps',
          queries: [{ expr: sumBy('node', rate('repairsBegun')), legend: '{{node}}' }],
        }),
      ],
    },
    {
      title: 'Commands for other nodes',
      panels: [
        graph({
          title: 'Forwarded to their owner',
          unit: 'ops',
          queries: [{ expr: sumBy('node', rate('forwardedCommands')), legend: '{{node}}' }],
        }),
        graph({
          title: 'Executed for clients of others',
          unit: 'ops',
          queries: [{ expr: sumBy('node', rate('proxiedCommands')), legend: '{{node}}' }],
        }),
        graph({
          title: 'Forwarded, of all commands',
          description: 'Clients that know slots, or the owner, need not go by other nodes.',
          unit: 'percentunit',
          queries: [
            {
              expr:
                `${sumBy('node', rate('forwardedCommands'))} / ` +
                sumBy('node', rate('commandsProcessed')),
              legend: '{{node}}',
            },
          ],
        }),
      ],
    },
    {
      title: 'Links and gossip',
      panels: [
        graph({
          title: 'Links: bytes',
          unit: 'Bps',
          queries: [
            { expr: sumBy('node', rate('linkBytesSent')), legend: '{{node}} sent' },
            { expr: sumBy('node', rate('linkBytesReceived')), legend: '{{node}} received' },
          ],
        }),
        graph({
          title: 'Links: messages',
          unit: 'cps',
          queries: [{ expr: sumBy('node', rate('linkMessagesSent')), legend: '{{node}}' }],
        }),
        graph({
          title: 'Gossip: bytes',
          unit: 'Bps',
          queries: [
            { expr: sumBy('node', rate('gossipBytesSent')), legend: '{{node}} sent' },
            { expr: sumBy('node', rate('gossipBytesReceived')), legend: '{{node}} received' },
          ],
        }),
        graph({
          title: 'Members that the gossip reaches',
          unit: 'none',
          queries: [{ expr: series('gossipMembersAlive'), legend: '{{node}}' }],
        }),
        graph({
          title: 'Round trips',
          unit: 's',
          queries: [{ expr: series('linkRoundTripMs'), legend: '{{node}}' }],
        }),
        graph({
          title: 'Members suspected',
          unit: 'cps',
          queries: [{ expr: sumBy('node', rate('gossipSuspicions')), legend: '{{node}}' }],
        }),
      ],
    },
  ],
};
