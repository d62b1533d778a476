/**
 * Two nodes that write into one directory would destroy each other's data, so a node that keeps
 * data holds `hypercache.lock` in it. The file names the process; one whose process is gone, as it
 * was killed or the machine went down, is taken over.
 */
import { join } from 'node:path';
import { NodeError } from '../base/errors.ts';
import type { World } from '../base/world.ts';

const LOCK_NAME = 'hypercache.lock';
/** Others may be taking the same file over. */
const ATTEMPT_COUNT_MAX = 10;

interface Holder {
  readonly pid: number;
  readonly mark: string;
  readonly host: string;
}

export class DataDirectoryLock {
  readonly path: string;
  private readonly world: World;
  private isHeld = true;

  private constructor(world: World, path: string) {
    this.world = world;
    this.path = path;
  }

  /**
   * Makes the directory when it is missing.
   * @throws NodeError DIRECTORY_TAKEN while another process holds it, DISK_REFUSED
   */
  static take(world: World, directory: string): DataDirectoryLock {
    const { disk, host } = world;
    const path = join(directory, LOCK_NAME);
    const own: Holder = {
      pid: host.pid,
      mark: host.processMark(host.pid),
      host: host.hostname,
    };
    disk.makeDirectory(directory);
    const bytes = Buffer.from(`${JSON.stringify(own)}\n`, 'utf8');
    for (let attempt = 0; attempt < ATTEMPT_COUNT_MAX; attempt++) {
      if (disk.createExclusive(path, bytes)) return new DataDirectoryLock(world, path);
      const holder = readHolder(world, path);
      if (holder !== null && lives(world, holder)) throw taken(directory, holder);
      disk.remove(path);
    }
    throw taken(directory, null);
  }

  release(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.world.disk.remove(this.path);
  }
}

/** @returns null when there is none, or one that a crash left half written */
function readHolder({ disk }: World, path: string): Holder | null {
  const bytes = disk.readFile(path);
  if (bytes === null) return null;
  try {
    const { pid, mark, host } = JSON.parse(Buffer.from(bytes).toString('utf8')) as Holder;
    return { pid: Number(pid), mark: String(mark), host: String(host) };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

/** Of another machine's process nothing can be known: its lock was left by a container, mostly. */
function lives({ host }: World, holder: Holder): boolean {
  if (holder.host !== host.hostname || !Number.isSafeInteger(holder.pid)) return false;
  return holder.mark !== '' && host.processMark(holder.pid) === holder.mark;
}

function taken(directory: string, holder: Holder | null): NodeError {
  const who = holder === null ? 'another process' : `the process ${holder.pid}`;
  return new NodeError(
    'DIRECTORY_TAKEN',
    `The data directory ${directory} is in use by ${who}: two nodes cannot share one`,
    { directory, pid: holder?.pid ?? 0 },
  );
}
