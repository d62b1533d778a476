/**
 * Writes what comes from tables in the compiled source: docs/settings.md, docs/cli.md,
 * docs/commands.md, docs/metrics.md, docs/http-api.md, the Postman collection, the schema of the
 * Helm chart's values and what Grafana and Prometheus read.
 * With --check it only compares, and fails when one is out of date.
 */
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chartValuesSchema } from './docs/chart-values-schema.mjs';
import { commandsPage } from './docs/commands-page.mjs';
import { httpPage } from './docs/http-page.mjs';
import { metricsPage } from './docs/metrics-page.mjs';
import { monitoringFiles } from './docs/monitoring-files.mjs';
import { postmanCollection } from './docs/postman-collection.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const { settingsPage } = await load('src/config/settings-page.js');
const { configurationSchema } = await load('src/config/json-schema.js');
const { cliPage } = await load('src/cli/cli-page.js');
const { COMMAND_ROWS } = await load('src/commands/command-table.js');
const { ROUTES } = await load('src/http/route-table.js');
const { describeApi } = await load('src/http/docs-page/openapi.js');
const { METRIC_ROWS } = await load('src/observability/metrics/metric-table.js');
const { dashboardFiles } = await load('deploy/grafana/source/dashboards.js');

const { version } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
const pages = {
  'docs/settings.md': settingsPage(),
  'docs/cli.md': cliPage(),
  'docs/commands.md': commandsPage(COMMAND_ROWS),
  'docs/metrics.md': metricsPage(METRIC_ROWS),
  'docs/http-api.md': httpPage(ROUTES),
  'docs/hypercache.postman_collection.json': postmanCollection(describeApi(ROUTES, { version })),
  'deploy/helm/hypercache/values.schema.json': chartValuesSchema(configurationSchema()),
  ...monitoringFiles(ROOT, dashboardFiles()),
};
for (const [name, text] of Object.entries(pages)) {
  const file = path.join(ROOT, name);
  const isCurrent = fs.existsSync(file) && fs.readFileSync(file, 'utf8') === text;
  if (isCurrent) continue;
  if (process.argv.includes('--check')) {
    process.stderr.write(`${name} is out of date: npm run docs\n`);
    process.exitCode = 1;
  } else {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
    process.stdout.write(`wrote ${name}\n`);
  }
}

function load(name) {
  return import(pathToFileURL(path.join(ROOT, '.build', name)).href);
}
