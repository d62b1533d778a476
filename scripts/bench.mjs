/**
 * Compiles, builds and runs benches in full size.
 *   node scripts/bench.mjs [name [arguments of that bench]]     all of TARGETS when none is named
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { BENCHES, TARGETS } from './benches.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const [name, ...args] = process.argv.slice(2);
if (name !== undefined && BENCHES[name] === undefined) {
  process.stderr.write(`no bench is named ${name}; there are ${Object.keys(BENCHES).join(', ')}\n`);
  process.exit(1);
}
run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json');
run('scripts/build.mjs', '--no-types');
for (const one of name === undefined ? TARGETS : [name]) run(`.build/bench/${one}.js`, ...args);

function run(...words) {
  const { status } = spawnSync(process.execPath, words, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
