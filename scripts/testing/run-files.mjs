/**
 * The inside of a process that runs several files of tests: imports one after the other, each as a
 * suite of its own, so that what a file says before and after its tests is said of them alone. The
 * next file comes when the tests of the last have ended: what a file costs is then its own.
 */
import path from 'node:path';
import { describe } from 'node:test';
import { pathToFileURL } from 'node:url';
import { tell } from './telling.mjs';

/** Longer than a socket takes to close. */
const LINGER_MS = 3_000;

for (const file of process.argv.slice(2)) {
  tell({ event: 'file', file });
  const before = process.cpuUsage();
  await describe(file, () => import(pathToFileURL(path.resolve(file))));
  const { user, system } = process.cpuUsage(before);
  tell({ event: 'cost', file, cpuMs: (user + system) / 1_000 });
}
tell({ event: 'end' });
// Only a process that something keeps alive comes to this.
setTimeout(
  () => tell({ event: 'open', resources: process.getActiveResourcesInfo() }),
  LINGER_MS,
).unref();
