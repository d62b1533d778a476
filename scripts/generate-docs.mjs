/**
 * Writes the pages that come from tables in the compiled source: docs/settings.md,
 * docs/commands.md and docs/metrics.md. With --check it only compares, and fails when one is out of
 * date.
 */
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { commandsPage } from './docs/commands-page.mjs';
import { metricsPage } from './docs/metrics-page.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const { settingsPage } = await load('src/config/settings-page.js');
const { COMMAND_ROWS } = await load('src/commands/command-table.js');
const { METRIC_ROWS } = await load('src/observability/metrics/metric-table.js');

const pages = {
  'docs/settings.md': settingsPage(),
  'docs/commands.md': commandsPage(COMMAND_ROWS),
  'docs/metrics.md': metricsPage(METRIC_ROWS),
};
for (const [name, text] of Object.entries(pages)) {
  const file = path.join(ROOT, name);
  const isCurrent = fs.existsSync(file) && fs.readFileSync(file, 'utf8') === text;
  if (isCurrent) continue;
  if (process.argv.includes('--check')) {
    process.stderr.write(`${name} is out of date: npm run docs\n`);
    process.exitCode = 1;
  } else {
    fs.writeFileSync(file, text);
    process.stdout.write(`wrote ${name}\n`);
  }
}

function load(name) {
  return import(pathToFileURL(path.join(ROOT, '.build', name)).href);
}
