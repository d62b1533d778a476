import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { METRIC_ROWS } from '../../../src/observability/metrics/metric-table.ts';
import { type Panel, PROMETHEUS } from './panels.ts';

export interface DashboardSource {
  /** In the address of the dashboard, and the name of its file. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly dashboard.VariableModel[];
  readonly rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[];
}

const TAG = 'hypercache';

/** As Grafana reads it from a file. */
export function buildDashboard(source: DashboardSource): dashboard.Dashboard {
  const builder = new dashboard.DashboardBuilder(source.title)
    .uid(source.uid)
    .description(source.description)
    .tags([TAG])
    .time({ from: 'now-1h', to: 'now' })
    .timezone('browser')
    .refresh('30s')
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .link(
      new dashboard.DashboardLinkBuilder('HyperCache')
        .type(dashboard.DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(true)
        .includeVars(true)
        .keepTime(true),
    );
  for (const variable of source.variables) builder.withVariable({ build: () => variable });
  for (const { panels, title } of source.rows) {
    builder.withRow(new dashboard.RowBuilder(title));
    for (const panel of panels) builder.withPanel(panel);
  }
  const built = builder.build();
  built.panels?.forEach((panel, i) => {
    panel.id = i + 1;
  });
  return built;
}

/** Which data source, cluster, nodes and stores. */
export const METRIC_VARIABLES: readonly dashboard.VariableModel[] = [
  new dashboard.DatasourceVariableBuilder('metrics').label('Metrics').type('prometheus').build(),
  labelVariable('job', 'Cluster', `label_values(${METRIC_ROWS.up.name}, job)`).build(),
  labelVariable('node', 'Node', `label_values(${METRIC_ROWS.up.name}{job=~"$job"}, node)`)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ text: 'All', value: '$__all' })
    .build(),
  labelVariable('store', 'Store', `label_values(${METRIC_ROWS.items.name}{job=~"$job"}, store)`)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ text: 'All', value: '$__all' })
    .build(),
];

function labelVariable(name: string, label: string, query: string): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(PROMETHEUS)
    .query({ query, refId: name })
    .definition(query)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc);
}
