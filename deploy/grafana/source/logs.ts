import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import type { DashboardSource } from './build-dashboard.ts';
import { durations, ELASTICSEARCH, lineCounts, lines } from './log-panels.ts';

const NODES = 'service.node.name:$node';

/** Log lines of all nodes: by level and component, of one request, of administration. */
export const LOGS: DashboardSource = {
  uid: 'hypercache-logs',
  title: 'HyperCache: logs',
  description: 'Log lines of all nodes: by level and component, of one request, of administrators.',
  variables: [
    new dashboard.DatasourceVariableBuilder('logs').label('Logs').type('elasticsearch').build(),
    termsVariable('node', 'Node', 'service.node.name'),
    termsVariable('component', 'Component', 'log.logger'),
    termsVariable('level', 'Level', 'log.level'),
    new dashboard.TextBoxVariableBuilder('correlation')
      .label('Correlation id')
      .description('As X-Correlation-ID of an answer has it; *: any. One with : or / in quotes.')
      .defaultValue('*')
      .build(),
  ],
  rows: [
    {
      title: 'How many',
      panels: [
        lineCounts({ title: 'Lines by level', query: NODES, by: 'log.level' }),
        lineCounts({ title: 'Lines by component', query: NODES, by: 'log.logger' }),
        lineCounts({
          title: 'HTTP answers by status',
          query: `${NODES} AND log.logger:http AND http.response.status_code:*`,
          by: 'http.response.status_code',
        }),
        durations({
          title: 'HTTP requests, 95 of 100',
          query: `${NODES} AND log.logger:http AND event.duration:*`,
          field: 'event.duration',
          by: 'event.action',
        }),
      ],
    },
    {
      title: 'Lines',
      panels: [
        lines({
          title: 'Of one request',
          description: 'On every node that had to do with it, replicas at level debug included.',
          query: 'trace.id:$correlation',
        }),
        lines({ title: 'Errors and warnings', query: `${NODES} AND log.level:(error OR warn)` }),
        lines({
          title: 'Administration',
          description: 'Who changed settings, users, stores and the like: names, never values.',
          query: `${NODES} AND log.logger:audit`,
        }),
        lines({
          title: 'Logins and commands that were refused',
          query: `${NODES} AND log.logger:auth`,
        }),
        lines({
          title: 'By node, component and level',
          query: `${NODES} AND log.logger:$component AND log.level:$level`,
        }),
      ],
    },
  ],
};

/** The values that there are, or all. */
function termsVariable(name: string, label: string, field: string): dashboard.VariableModel {
  const query = JSON.stringify({ find: 'terms', field });
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(ELASTICSEARCH)
    .query(query)
    .definition(query)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('*')
    .current({ text: 'All', value: '$__all' })
    .build();
}
