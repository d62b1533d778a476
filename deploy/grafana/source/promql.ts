/**
 * Expressions over the rows of the metric table: a metric that is renamed, or gone, does not
 * compile, and one that is told by store obeys the choice of stores at the top of a dashboard.
 */
import {
  METRIC_ROWS,
  type MetricName,
  type MetricRow,
} from '../../../src/observability/metrics/metric-table.ts';

/** A series of the chosen nodes and stores. @param suffix  of a histogram: `_bucket` */
export function series(name: MetricName, suffix = ''): string {
  const row: MetricRow = METRIC_ROWS[name];
  const matchers = ['job=~"$job"', 'node=~"$node"'];
  if (row.labels.includes('store')) matchers.push('store=~"$store"');
  return `${row.name}${suffix}{${matchers.join(', ')}}`;
}

/** A second, over as much time as a point of the graph stands for. */
export function rate(name: MetricName, suffix = ''): string {
  return `rate(${series(name, suffix)}[$__rate_interval])`;
}

export function sumBy(labels: string, expression: string): string {
  return `sum by (${labels}) (${expression})`;
}

/** @param labels  besides `le`: those of one line of the graph */
export function quantile(share: number, labels: string, name: MetricName): string {
  return `histogram_quantile(${share}, ${sumBy(`${labels}, le`, rate(name, '_bucket'))})`;
}
