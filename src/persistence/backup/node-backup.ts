/**
 * One consistent image of all stores of a running node: every store is frozen in the same loop
 * turn, and written beside the commands into files of their own. These are packed while they are
 * sent.
 *
 *     <data directory>/.backup-<n>/<number>.rdb     removed at the end, or at the next start
 */
import { join } from 'node:path';
import { NodeError } from '../../base/errors.ts';
import { BACKGROUND_PACE, SlicedWork } from '../../base/pace/sliced-work.ts';
import type { Disk } from '../../base/world.ts';
import { beginSnapshotFile, type KeeperParts } from '../keeper-parts.ts';
import type { SnapshotFile } from '../snapshot/snapshot-file.ts';
import { type ArchiveSource, writeArchive } from './write-archive.ts';

const FOLDER_PREFIX = '.backup-';
const STORES_FILE = 'stores.json';
/** A snapshot or rewrite of some store is waited for as long as that. */
const BEGIN_WITHIN_MS = 60_000;
const BEGIN_RETRY_MS = 50;
/** A store that is emptied meanwhile makes all begin anew. */
const ATTEMPT_COUNT_MAX = 5;

interface Frozen {
  readonly parts: KeeperParts;
  readonly file: SnapshotFile;
}

/**
 * The bytes of a .tar.gz. The snapshots are whole before the first piece comes; whoever stops
 * reading (`return`) has everything removed.
 * @param partsOf  of all stores, the default one first
 * Rejects with NodeError UNSUPPORTED (busy for too long), DISK_REFUSED.
 */
export async function* backUpNode(
  partsOf: () => readonly KeeperParts[],
): AsyncGenerator<Uint8Array, void, undefined> {
  const { configuration, node, world } = partsOf()[0]!;
  const { dataDir } = configuration.node;
  const folder = makeFolder(world.disk, dataDir);
  try {
    for (let attempt = 1; ; attempt++) {
      const frozen = await freezeAll(partsOf, folder);
      const createdMs = world.clock.wallMs();
      const stores = world.disk.readFile(join(dataDir, STORES_FILE));
      const isWhole = await writeAll(frozen);
      if (isWhole) {
        const head = { createdMs, nodeId: configuration.node.id, version: node.version };
        yield* writeArchive({ world, head, sources: sourcesOf(frozen, stores) });
        return;
      }
      if (attempt === ATTEMPT_COUNT_MAX) throw busy('stores are emptied again and again');
    }
  } finally {
    world.disk.removeTree(folder);
  }
}

/** What nodes that were killed left. */
export function removeOldBackups(disk: Disk, dataDir: string): void {
  if (!disk.exists(dataDir)) return;
  for (const name of disk.listDirectory(dataDir)) {
    if (name.startsWith(FOLDER_PREFIX)) disk.removeTree(join(dataDir, name));
  }
}

function makeFolder(disk: Disk, dataDir: string): string {
  for (let number = 1; ; number++) {
    const folder = join(dataDir, `${FOLDER_PREFIX}${number}`);
    if (disk.exists(folder)) continue;
    disk.makeDirectory(folder);
    return folder;
  }
}

/** All in one turn: no command runs between the first and the last. */
async function freezeAll(
  partsOf: () => readonly KeeperParts[],
  folder: string,
): Promise<readonly Frozen[]> {
  const { world } = partsOf()[0]!;
  const untilMs = world.clock.monotonicMs() + BEGIN_WITHIN_MS;
  for (;;) {
    const all = partsOf();
    if (all.every(({ node, store }) => !store.isFrozen && !node.scripting.isBusy)) {
      return freeze(all, folder);
    }
    if (world.clock.monotonicMs() > untilMs) throw busy('a snapshot or rewrite does not end');
    await pause(all[0]!, BEGIN_RETRY_MS);
  }
}

function freeze(all: readonly KeeperParts[], folder: string): Frozen[] {
  const frozen: Frozen[] = [];
  try {
    for (const [number, parts] of all.entries()) {
      const file = beginSnapshotFile(parts, join(folder, `${number}.rdb`), false);
      frozen.push({ parts, file });
    }
    return frozen;
  } catch (error) {
    for (const { file } of frozen) file.discard();
    throw error;
  }
}

/** @returns false when a store was emptied or dropped meanwhile: then nothing of it is left */
async function writeAll(frozen: readonly Frozen[]): Promise<boolean> {
  try {
    await walk(frozen);
    if (frozen.some(({ file }) => file.isAborted)) return discard(frozen);
    for (const { file } of frozen) await file.sync();
    return true;
  } catch (error) {
    discard(frozen);
    throw error;
  }
}

function discard(frozen: readonly Frozen[]): false {
  for (const { file } of frozen) file.discard();
  return false;
}

function walk(frozen: readonly Frozen[]): Promise<void> {
  const { node, world } = frozen[0]!.parts;
  return new Promise((resolve, reject) => {
    new SlicedWork({
      world,
      pace: BACKGROUND_PACE,
      commandCount: () => node.table.calls,
      step: (isLate) => {
        let isDone = true;
        // Also those whose turn has not come hand over what their stores had to write early.
        for (const { file } of frozen) {
          if (file.isAborted) return true;
          if (!file.step(isDone ? isLate : ALWAYS_LATE)) isDone = false;
        }
        return isDone;
      },
      onDone: resolve,
      onFailed: reject,
    });
  });
}

const ALWAYS_LATE = () => true;

function sourcesOf(frozen: readonly Frozen[], stores: Uint8Array | null): ArchiveSource[] {
  const sources: ArchiveSource[] = frozen.map(({ file, parts }) => {
    const { name } = parts.store;
    const path = name === 'default' ? 'dump.rdb' : `stores/${name.toLowerCase()}/dump.rdb`;
    return { path, store: name, keyCount: file.keysWritten, content: file.path };
  });
  if (stores === null) return sources;
  return [...sources, { path: STORES_FILE, store: '', keyCount: 0, content: stores }];
}

function pause({ world }: KeeperParts, ms: number): Promise<void> {
  return new Promise((resolve) => void world.timers.after(ms, resolve));
}

function busy(reason: string): NodeError {
  return new NodeError('UNSUPPORTED', `No backup can be made now: ${reason}`);
}
