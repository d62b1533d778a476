/** What `hypercache check` says of a data directory: every file that a start would read. */
import { join } from 'node:path';
import type { Configuration } from '../../base/configuration.ts';
import type { World } from '../../base/world.ts';
import { isDroppedName, StoreFiles, storesDirectory } from '../store-files.ts';
import { checkLog, logPlaces, readManifest } from './check-log.ts';
import { checkSnapshot, type ReadingOptions } from './check-snapshot.ts';
import type { FileReport, Finding } from './findings.ts';

/** More of them than any node keeps. */
const OLDER_SNAPSHOTS_MAX = 1_000;

/** Calls `tell` with each report as it is made, since each may take a while. */
export function checkDirectory(
  world: World,
  configuration: Configuration,
  tell: (report: FileReport) => void,
): void {
  for (const files of storesIn(world, configuration)) {
    const databaseCount = files.storeName === 'default' ? configuration.cache.databases : 1;
    checkStore(files, { world, configuration, databaseCount }, tell);
  }
}

/** The default store, and every directory of a named one. */
export function storesIn(world: World, configuration: Configuration): StoreFiles[] {
  const directory = storesDirectory(configuration.node.dataDir);
  const names = world.disk.exists(directory) ? world.disk.listDirectory(directory) : [];
  return ['default', ...names.filter((name) => !isDroppedName(name)).sort()].map(
    (name) => new StoreFiles(name, configuration),
  );
}

/** A single file that stands alone, by what it begins with. */
export function checkFile(path: string, options: ReadingOptions): FileReport | null {
  const file = options.world.disk.openRead(path);
  if (file === null) return null;
  const head = Buffer.alloc(5);
  file.read(head, 0, head.length, 0);
  file.close();
  if (head.toString('latin1') === 'REDIS') {
    const report = checkSnapshot(path, options);
    const hasMore = report?.findings.some(({ reason }) => reason.includes('behind its end'));
    if (hasMore !== true) return report;
  }
  return checkLog({ path, isLast: true }, options)?.report ?? null;
}

function checkStore(
  files: StoreFiles,
  options: ReadingOptions,
  tell: (report: FileReport) => void,
): void {
  const { disk } = options.world;
  const tellIfThere = (report: FileReport | null) => {
    if (report !== null) tell(report);
  };
  tellIfThere(checkSnapshot(files.snapshotPath, options));
  for (let age = 1; age <= OLDER_SNAPSHOTS_MAX; age++) {
    const report = checkSnapshot(files.olderSnapshotPath(age), options);
    if (report === null) break;
    tell(report);
  }
  tellIfThere(checkLog({ path: files.oldLogPath, isLast: true }, options)?.report ?? null);
  const read = readManifest(disk, files.manifestPath);
  if (read === null) return;
  if (!('manifest' in read)) return tell(read);
  const { byteCount, manifest } = read;
  const counted = `${manifest.increments.length} increments`;
  const contents = manifest.base === null ? counted : `a base and ${counted}`;
  tell({ path: files.manifestPath, kind: 'manifest', byteCount, contents, findings: [] });
  const { base } = manifest;
  if (base?.name.endsWith('.rdb') === true) {
    const path = join(files.logDirectory, base.name);
    tell(checkSnapshot(path, options) ?? missing(path, 'snapshot'));
  }
  let previousBytes = -1;
  for (const place of logPlaces(files, manifest)) {
    const checked = checkLog(place, options);
    if (checked === null) {
      tell(missing(place.path, 'log'));
      previousBytes = 0;
      continue;
    }
    const { report, walk } = checked;
    tell({
      ...report,
      findings: [
        ...lostBefore(place.followsIncrement ? previousBytes : -1, walk?.afterBytes),
        ...report.findings,
      ],
    });
    previousBytes = report.byteCount;
  }
}

/** The first record of a file says how long the file before it is. */
function lostBefore(previousBytes: number, afterBytes = -1): Finding[] {
  if (previousBytes < 0 || afterBytes < 0 || previousBytes >= afterBytes) return [];
  const reason = `the file before it has lost its last ${afterBytes - previousBytes} bytes`;
  return [{ severity: 'damage', offset: 0, reason }];
}

function missing(path: string, kind: string): FileReport {
  const reason = 'the manifest names it, and it is not there';
  const findings: Finding[] = [{ severity: 'damage', offset: -1, reason }];
  return { path, kind, byteCount: 0, contents: '', findings };
}
