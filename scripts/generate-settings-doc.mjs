/**
 * Writes docs/settings.md from the compiled setting table; with --check it only compares, and fails
 * when the page is out of date.
 */
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = path.resolve(import.meta.dirname, '..');
const PAGE = path.join(ROOT, 'docs', 'settings.md');
const module = path.join(ROOT, '.build', 'src', 'config', 'settings-page.js');
const { settingsPage } = await import(pathToFileURL(module).href);

const text = settingsPage();
if (!process.argv.includes('--check')) {
  fs.writeFileSync(PAGE, text);
  process.stdout.write(`wrote ${path.relative(ROOT, PAGE)}\n`);
} else if (!fs.existsSync(PAGE) || fs.readFileSync(PAGE, 'utf8') !== text) {
  process.stderr.write('docs/settings.md is out of date: npm run config:docs\n');
  process.exitCode = 1;
}
