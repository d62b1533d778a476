/** What is shipped for monitoring, by its own checkers: promtool, and the code that made it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { dashboardFiles } from '../../deploy/grafana/source/dashboards.ts';
import { METRIC_ROWS } from '../../src/observability/metrics/metric-table.ts';
import { skipWithoutPromtool } from '../../src/testing/promtool.ts';
import { ROOT } from '../support/server.ts';
import { readDashboards } from './panels.ts';

const PROMETHEUS = path.join(ROOT, 'deploy/prometheus');
const skip = skipWithoutPromtool();

function promtool(...args: string[]): void {
  const run = spawnSync('promtool', args, { cwd: PROMETHEUS, encoding: 'utf8' });
  assert.equal(run.status, 0, run.stdout + run.stderr);
}

test('promtool takes the configuration and the rules', { skip }, () => {
  promtool('check', 'config', '--syntax-only', 'prometheus.yml');
  promtool('check', 'rules', 'rules/alerts.yml', 'rules/recording.yml');
  promtool('check', 'rules', path.join(ROOT, 'deploy/helm/hypercache/files/rules.yml'));
});

test('each alert fires when it should and not before', { skip }, () => {
  promtool('test', 'rules', 'tests/alerts.yml');
  const { tests } = readYaml<{ tests: { alert_rule_test?: AlertTest[] }[] }>('tests/alerts.yml');
  const fired = tests
    .flatMap((one) => one.alert_rule_test ?? [])
    .filter((one) => (one.exp_alerts ?? []).length > 0)
    .map(({ alertname }) => alertname);
  const alerts = rules().filter(({ alert }) => alert !== undefined);
  assert.deepEqual(new Set(fired), new Set(alerts.map(({ alert }) => alert)));
  for (const { alert, annotations, labels } of alerts) {
    assert.match(String(labels?.['severity']), /^(critical|warning)$/, alert);
    assert.ok(annotations?.['summary'] && annotations['description'], alert);
  }
});

test('rules and dashboards ask for metrics that there are, and for no constant', () => {
  const known = new Set(Object.values(METRIC_ROWS).map(({ name }) => name));
  const recorded = rules().flatMap(({ record }) => record ?? []);
  for (const record of recorded) known.add(record);
  const dashboards = readDashboards();
  const asked = [
    ...rules().map(({ expr }) => expr),
    ...dashboards.flatMap(({ panels }) =>
      panels.flatMap(({ targets = [] }) => targets.map(({ expr = '' }) => expr)),
    ),
  ];
  assert.ok(asked.length > 100);
  for (const expr of asked) {
    assert.doesNotMatch(expr, /\bvector\(/);
    for (const [name] of expr.matchAll(/\b(?:\w+:)?hypercache_\w+(?::\w+)?/g)) {
      assert.ok(known.has(name.replace(/_(bucket|sum|count)$/, '')), `${name} of ${expr}`);
    }
  }
  for (const record of recorded) {
    assert.ok(
      asked.some((expr) => expr.includes(record)),
      `nobody asks for ${record}`,
    );
  }
  assert.doesNotMatch(JSON.stringify(dashboards), /https?:/);
});

test('what is made of them is up to date', async () => {
  const generator = path.join(ROOT, 'scripts/docs/monitoring-files.mjs');
  const { monitoringFiles } = await import(generator);
  const files: Record<string, string> = monitoringFiles(ROOT, dashboardFiles());
  for (const [name, text] of Object.entries(files)) {
    assert.equal(fs.readFileSync(path.join(ROOT, name), 'utf8'), text, `${name}: npm run docs`);
  }
  const folders = ['deploy/grafana/dashboards', 'deploy/helm/hypercache/files/dashboards'];
  for (const folder of folders) {
    for (const name of fs.readdirSync(path.join(ROOT, folder))) {
      assert.ok(`${folder}/${name}` in files, `${folder}/${name} is made of nothing`);
    }
  }
  const { configMapGenerator } = parse(
    fs.readFileSync(path.join(ROOT, 'deploy/grafana/kustomization.yaml'), 'utf8'),
  );
  const mapped = configMapGenerator[0].files.map((file: string) => path.basename(file));
  assert.deepEqual(new Set(mapped), new Set(Object.keys(dashboardFiles())));
});

interface AlertTest {
  readonly alertname: string;
  readonly exp_alerts?: readonly unknown[];
}

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

function rules(): Rule[] {
  return ['rules/alerts.yml', 'rules/recording.yml'].flatMap((name) =>
    readYaml<{ groups: { rules: Rule[] }[] }>(name).groups.flatMap((group) => group.rules),
  );
}

function readYaml<T>(name: string): T {
  return parse(fs.readFileSync(path.join(PROMETHEUS, name), 'utf8')) as T;
}
