/**
 * What the npm package promises: no package runs a script at installation, the tarball holds only
 * what a user needs, and its entry points and types resolve (publint, attw).
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const problems = [...installScripts(), ...strayFiles(), ...linted()];
for (const problem of problems) process.stderr.write(`package: ${problem}\n`);
if (problems.length === 0) process.stdout.write('package: clean\n');
process.exitCode = problems.length === 0 ? 0 : 1;

function installScripts() {
  const found = [];
  const lock = JSON.parse(fs.readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8'));
  for (const [name, row] of Object.entries(lock.packages)) {
    if (row.hasInstallScript && !row.dev && !row.devOptional) {
      found.push(`${name || 'the package itself'} has an install script`);
    }
  }
  const own = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
    if (own.scripts?.[script]) found.push(`package.json has a ${script} script`);
  }
  return found;
}

function strayFiles() {
  const run = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (run.status !== 0) return [`npm pack failed: ${run.stderr}`];
  const answer = JSON.parse(run.stdout);
  // A list in npm 10, an object by package name since 11.
  const pack = Array.isArray(answer) ? answer[0] : Object.values(answer)[0];
  const wanted = /^(dist\/|package\.json$|README\.md$|CHANGELOG\.md$|LICENSE$)/;
  const stray = pack.files.filter((file) => !wanted.test(file.path) || /\.test\./.test(file.path));
  process.stdout.write(
    `package: ${pack.files.length} files, ${Math.round(pack.unpackedSize / 1024)} KiB\n`,
  );
  return stray.map((file) => `the tarball holds ${file.path}`);
}

function linted() {
  const found = [];
  // CommonJS users get the package through require(esm), which every supported Node has.
  const checks = [
    ['publint', ['node_modules/publint/src/cli.js', '--strict']],
    [
      'attw',
      ['node_modules/@arethetypeswrong/cli/dist/index.js', '--pack', '.', '--profile', 'esm-only'],
    ],
  ];
  for (const [name, args] of checks) {
    if (!fs.existsSync(path.join(ROOT, args[0]))) {
      found.push(`${name} is not installed`);
      continue;
    }
    const run = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
    if (run.status !== 0) found.push(`${name}:\n${run.stdout}${run.stderr}`);
  }
  return found;
}
