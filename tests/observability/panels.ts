/** What the dashboards ask, read from the very files that Grafana gets. */
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../support/server.ts';

const FOLDER = path.join(ROOT, 'deploy/grafana/dashboards');

export interface PanelQuery {
  readonly dashboard: string;
  readonly panel: string;
  readonly isInstant: boolean;
  readonly expr: string;
  /** Labels that the legend names. */
  readonly labels: readonly string[];
}

export interface LogQuery {
  readonly dashboard: string;
  readonly panel: string;
  readonly query: string;
  /** That lines are counted by, or measured. */
  readonly fields: readonly string[];
}

interface Target {
  readonly expr?: string;
  readonly instant?: boolean;
  readonly legendFormat?: string;
  readonly query?: string;
  readonly metrics?: readonly { readonly field?: string }[];
  readonly bucketAggs?: readonly { readonly field?: string }[];
}

interface Panel {
  readonly title: string;
  readonly datasource?: { readonly type: string };
  readonly targets?: readonly Target[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query?: string | { readonly query: string };
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

export function readDashboards(): Dashboard[] {
  return fs.readdirSync(FOLDER).map((name) => {
    return JSON.parse(fs.readFileSync(path.join(FOLDER, name), 'utf8'));
  });
}

export function panelQueries(): PanelQuery[] {
  return targetsOf('prometheus').map(({ dashboard, panel, target }) => ({
    dashboard,
    panel,
    isInstant: target.instant === true,
    expr: fill(target.expr!),
    labels: [...(target.legendFormat ?? '').matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!),
  }));
}

export function logQueries(): LogQuery[] {
  return targetsOf('elasticsearch').map(({ dashboard, panel, target }) => ({
    dashboard,
    panel,
    query: target.query!,
    fields: [...(target.metrics ?? []), ...(target.bucketAggs ?? [])]
      .map(({ field }) => field)
      .filter((field) => field !== undefined),
  }));
}

/** Questions that fill the choices at the top. */
export function variableQueries(type: 'prometheus' | 'elasticsearch'): string[] {
  return readDashboards()
    .flatMap(({ templating }) => templating.list)
    .filter((variable) => variable.type === 'query')
    .map(({ query }) => (typeof query === 'string' ? query : query!.query))
    .filter((query) => query.startsWith('{') === (type === 'elasticsearch'));
}

function targetsOf(type: string): { dashboard: string; panel: string; target: Target }[] {
  return readDashboards().flatMap(({ panels, title }) =>
    panels
      .filter(({ datasource }) => datasource?.type === type)
      .flatMap((panel) =>
        (panel.targets ?? []).map((target) => ({ dashboard: title, panel: panel.title, target })),
      ),
  );
}

/** As Grafana puts the choices in, with everything chosen. */
function fill(expr: string): string {
  return expr
    .replaceAll('$job', 'hypercache')
    .replaceAll(/\$(node|store)/g, '.+')
    .replaceAll('$__rate_interval', '8s');
}
