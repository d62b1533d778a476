import { NodeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { World } from '../base/world.ts';

const FILE_NAME = 'incarnation';

/**
 * Unix ms of this start, and more than that of any start before, whatever became of the clock:
 * others take a node with a greater one for a new process, and one with a smaller one for a ghost.
 * @param directory  '': nothing is kept, and the clock alone decides
 */
export function takeIncarnation(world: World, directory: string, logger: Logger): number {
  const { clock, disk } = world;
  const nowMs = clock.wallMs();
  if (directory === '') return nowMs;
  const path = `${directory}/${FILE_NAME}`;
  try {
    const kept = disk.readFile(path);
    const keptMs = kept === null ? 0 : parseMs(Buffer.from(kept).toString('latin1'));
    const incarnation = Math.max(nowMs, keptMs + 1);
    disk.makeDirectory(directory);
    disk.writeFileAtomic(path, Buffer.from(`${incarnation}\n`, 'latin1'));
    return incarnation;
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    logger.warn('incarnation', 'The number of this start cannot be kept', { path, error });
    return nowMs;
  }
}

/** What is damaged counts as none: the clock alone then decides, as for a new node. */
function parseMs(text: string): number {
  return /^\d{13}\n$/.test(text) ? Number(text) : 0;
}
