/**
 * Holds every file to the house rules of rooms.mjs and docs/STYLE.md. First it must see a planted
 * breach of each rule, else it stops: a silent checker is worse than none.
 */
import fs from 'node:fs';
import path from 'node:path';
import * as rooms from '../rooms.mjs';
import { findBlindSpots, PLANTS } from './tidy/plants.mjs';
import { checkAll } from './tidy/rules.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const FOLDERS = ['src', 'page', 'tests', 'bench', 'fuzz', 'scripts', 'examples', 'deploy'];

const startMs = performance.now();
const blind = findBlindSpots();
for (const text of blind) process.stderr.write(`tidy is blind: ${text}\n`);
if (blind.length > 0) process.exit(2);

const files = readFiles();
const breaches = checkAll(files, rooms);
for (const { rule, file, line, text } of breaches) {
  process.stdout.write(`${file}:${line} ${rule}: ${text}\n`);
}
const plantCount = Object.values(PLANTS).flat().length;
const ms = Math.round(performance.now() - startMs);
process.stdout.write(
  `tidy: ${files.size} files, ${breaches.length} breaches; saw all ${plantCount} planted ` +
    `breaches of ${Object.keys(PLANTS).length} rules (${ms} ms)\n`,
);
process.exitCode = breaches.length === 0 ? 0 : 1;

function readFiles() {
  const found = new Map([['rooms.mjs', fs.readFileSync(path.join(ROOT, 'rooms.mjs'), 'utf8')]]);
  for (const folder of FOLDERS) {
    if (!fs.existsSync(path.join(ROOT, folder))) continue;
    for (const name of fs.readdirSync(path.join(ROOT, folder), { recursive: true }).sort()) {
      if (!/\.(tsx?|mjs|js)$/.test(name)) continue;
      const file = path.posix.join(folder, name.split(path.sep).join('/'));
      found.set(file, fs.readFileSync(path.join(ROOT, file), 'utf8'));
    }
  }
  return found;
}
