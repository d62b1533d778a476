/** Where the data lies, or is to. */
import { dirname, join } from 'node:path';
import { NodeError } from '../../../base/errors.ts';
import { StoresFile } from '../../../config/stores-file.ts';
import { DataDirectoryLock } from '../../../persistence/data-directory.ts';
import { checkDirectory } from '../../../persistence/tools/check-directory.ts';
import { type FileReport, isBad } from '../../../persistence/tools/findings.ts';
import { counted, describeBytes, describeMs } from '../../terminal/units.ts';
import { isDirectory } from '../../tool-arguments.ts';
import {
  type CheckRow,
  type Findings,
  failure,
  good,
  type Patient,
  unknown,
  warning,
} from '../check-row.ts';

const LOCAL = ['stopped', 'here'] as const;

export const DISK_CHECKS: readonly CheckRow[] = [
  {
    name: 'data-directory',
    about: 'the data directory is, or can be made, and no other process holds it',
    stages: ['stopped'],
    look: checkDataDirectory,
  },
  {
    name: 'disk-space',
    about: 'the disk has room for the data, its log and a snapshot',
    stages: LOCAL,
    look: checkDiskSpace,
  },
  {
    name: 'disk-sync',
    about: 'how long the disk takes to make 4 KiB safe, against `persistence.sync_policy`',
    stages: LOCAL,
    look: checkDiskSync,
  },
  {
    name: 'data-files',
    about: 'with `--deep`: every file that a start would read is good',
    stages: ['stopped'],
    look: checkDataFiles,
  },
];

function keepsData({ configuration }: Patient): boolean {
  return configuration.persistence.enabled;
}

/** The data directory, or the nearest directory above it that is there. */
function directoryOf({ configuration, world }: Patient): string {
  let path = configuration.node.dataDir;
  while (!world.disk.exists(path) && dirname(path) !== path) path = dirname(path);
  return path;
}

function checkDataDirectory(patient: Patient): Findings {
  if (!keepsData(patient)) return null;
  const { configuration, world } = patient;
  const { dataDir } = configuration.node;
  const directory = directoryOf(patient);
  try {
    if (directory === dataDir) {
      DataDirectoryLock.take(world, dataDir).release();
      return good(`${dataDir} is there and can be written`);
    }
    const probe = probePath(patient, directory);
    world.disk.createExclusive(probe, new Uint8Array(0));
    world.disk.remove(probe);
    return good(`${dataDir} can be made`);
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    const isTaken = error.code === 'DIRECTORY_TAKEN';
    return failure(
      error.message,
      isTaken
        ? 'stop that process, or give this node a directory of its own: node.data_dir'
        : 'let the user of the node own the directory: chown, or the volume of a container',
    );
  }
}

function probePath({ world }: Patient, directory: string): string {
  return join(directory, `.hypercache-doctor-${world.host.pid}`);
}

const FREE_BYTES_MIN = 64 * 1024 * 1024;
/** The data as a snapshot, and a log that has grown to its double before it is rewritten. */
const DISK_PER_MEMORY = 3;

function checkDiskSpace(patient: Patient): Findings {
  if (!keepsData(patient)) return null;
  const { configuration, node, world } = patient;
  const directory = directoryOf(patient);
  const freeBytes = world.disk.freeBytes(directory);
  if (freeBytes < 0) return unknown(`how full the disk of ${directory} is is not known`);
  const free = `${describeBytes(freeBytes)} are free for ${configuration.node.dataDir}`;
  const advice = 'make room, or move node.data_dir to a larger disk';
  if (freeBytes < FREE_BYTES_MIN) return failure(`only ${free}: writes will be refused`, advice);
  const usedBytes = node?.statistics?.memory.used;
  const wantedBytes = DISK_PER_MEMORY * (usedBytes ?? configuration.cache.nodeMaxMemoryBytes);
  const what = usedBytes === undefined ? 'the limit of memory' : 'the memory in use';
  if (freeBytes >= wantedBytes) return good(free);
  return warning(
    `${free}; snapshot and log may take three times ${what}, ${describeBytes(wantedBytes)}`,
    usedBytes === undefined ? `${advice}, or lower cache.node_max_memory` : advice,
  );
}

const SYNC_COUNT = 20;
const BLOCK_BYTES = 4096;
/** Writers of a log that is synced always wait so long each time. */
const SYNC_SLOW_MS = 10;
/** The log of a second must be safe before the next one is. */
const SYNC_VERY_SLOW_MS = 500;

async function checkDiskSync(patient: Patient): Promise<Findings> {
  if (!keepsData(patient) || !patient.configuration.persistence.appendOnly) return null;
  const directory = directoryOf(patient);
  const times = await measureSyncs(patient, directory);
  if (times === null) return unknown(`nothing can be written to ${directory} by this user`);
  const medianMs = times[SYNC_COUNT >> 1];
  const longestMs = times[SYNC_COUNT - 1];
  const { syncPolicy } = patient.configuration.persistence;
  const found = `a sync takes ${describeMs(medianMs)} ms, the longest ${describeMs(longestMs)}`;
  if (longestMs > SYNC_VERY_SLOW_MS) {
    return warning(`${found}: writers will be held`, 'use another disk, or see what else writes');
  }
  if (syncPolicy === 'always' && medianMs > SYNC_SLOW_MS) {
    return warning(
      `${found}: with persistence.sync_policy always each write waits for one`,
      'use a disk with a safe cache, or everysec',
    );
  }
  return good(found);
}

/** @returns ms in order, or null when nothing can be written */
async function measureSyncs(patient: Patient, directory: string): Promise<number[] | null> {
  const { clock, disk } = patient.world;
  const path = probePath(patient, directory);
  const block = new Uint8Array(BLOCK_BYTES);
  const times: number[] = [];
  try {
    const file = disk.openWrite(path, 'create');
    try {
      for (let i = 0; i < SYNC_COUNT; i++) {
        if (file.write(block, 0, block.length) < block.length) return null;
        const startMs = clock.monotonicMs();
        await file.sync();
        times.push(clock.monotonicMs() - startMs);
      }
    } finally {
      file.close();
      disk.remove(path);
    }
  } catch (error) {
    if (error instanceof NodeError) return null;
    throw error;
  }
  return times.sort((left, right) => left - right);
}

function checkDataFiles(patient: Patient): Findings {
  const { configuration, tool, world } = patient;
  if (!tool.flags.has('deep') || !isDirectory(world, configuration.node.dataDir)) return null;
  const bad: FileReport[] = [];
  let count = 0;
  try {
    new StoresFile(configuration, world.disk).read();
    checkDirectory(world, configuration, (report) => {
      count++;
      if (isBad(report)) bad.push(report);
    });
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return failure(error.message, 'hypercache check tells more');
  }
  if (bad.length === 0) return good(`${counted(count, 'file')} read, all good`);
  return failure(
    `${bad.map(({ path }) => path).join(', ')}: torn or damaged`,
    'hypercache check tells where, hypercache repair mends what can be mended',
  );
}
