import type { Disk } from '../../base/world.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import type { Store } from '../../engine/store.ts';
import type { AofFile } from './aof-manifest.ts';

export interface AofLoaderOptions {
  readonly disk: Disk;
  readonly node: NodeServices;
  readonly store: Store;
  readonly directory: string;
  /** In order: the base when it is an AOF, then the increments; one file that is no part: alone. */
  readonly files: readonly AofFile[];
  /** Setting `aof-load-truncated`: a torn tail is cut. */
  readonly cutsTail: boolean;
  /** Setting `aof-load-corrupt-tail`: what follows the first bad record is cut as well. */
  readonly cutsDamage: boolean;
}

/** A log that cannot be loaded. */
export class AofError extends Error {
  readonly file: string;
  readonly offset: number;
  readonly reason: string;

  constructor(file: string, offset: number, reason: string) {
    super(`${file}: ${reason} at offset ${offset}`);
    this.name = 'AofError';
    this.file = file;
    this.offset = offset;
    this.reason = reason;
  }
}

/**
 * Applies logs to a store, unrecorded and without expiry. The journal must not be attached yet.
 */
export class AofLoader {
  /** Bytes applied so far, of all files. */
  loadedBytes = 0;
  readonly totalBytes: number = 0;
  commandCount = 0;
  keyCount = 0;
  expiredCount = 0;
  /** What was cut off, in words, for the log; '' when nothing was. */
  cut = '';

  constructor(_options: AofLoaderOptions) {}

  /**
   * Goes on until it is late. @returns true: all is loaded
   * @throws AofError, and NodeError when the disk refuses
   */
  step(_isLate: () => boolean): boolean {
    throw new Error('not built yet');
  }
}
