import type { FrozenEntry } from '../../engine/snapshot/frozen-entry.ts';
import type { RdbBuffer } from '../rdb-buffer.ts';
import type { RdbWriteOptions } from './write-options.ts';

/**
 * Writes type, key and value. Yields every few hundred elements; what was written so far may be
 * taken out of the buffer then.
 */
export function* writeKeyValue(
  _buffer: RdbBuffer,
  _entry: FrozenEntry,
  _options: RdbWriteOptions,
): Generator<void, void> {
  throw new Error('not built yet');
}
