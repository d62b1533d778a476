/**
 * What every type needs to write a value: where it goes, and what stands in front of it.
 *
 *     file      [AUX ...] [EXPIRE_MS ms] [IDLE s | FREQUENCY n] type, key, value
 *     payload   type, value [AUX ...]
 */

import type { Slice } from '../../engine/slice.ts';
import type { FrozenEntry } from '../../engine/snapshot/frozen-entry.ts';
import { OPCODE, OWN_AUX } from '../format.ts';
import { RdbBuffer } from '../rdb-buffer.ts';
import { ListpackBuilder } from './listpack-builder.ts';
import type { RdbWriteOptions } from './write-options.ts';

/** What a byte holds at most: frequencies beyond are written as this. */
const FREQUENCY_MAX = 255;

export class EntryWriter {
  readonly buffer: RdbBuffer;
  readonly options: RdbWriteOptions;
  /** A key stands in front of each value. */
  readonly isFile: boolean;
  /** For one value at a time. */
  readonly pack: ListpackBuilder;

  constructor(buffer: RdbBuffer, options: RdbWriteOptions, isFile: boolean) {
    this.buffer = buffer;
    this.options = options;
    this.isFile = isFile;
    this.pack = new ListpackBuilder(new RdbBuffer(options));
  }

  /** All in front of the value. */
  writeHead(entry: FrozenEntry, type: number): void {
    const { buffer, isFile } = this;
    if (!isFile) return buffer.writeByte(type);
    if (entry.isJson) this.writeAux(OWN_AUX.JSON, '1');
    const { deadlineMs } = entry;
    if (deadlineMs !== -1) {
      buffer.writeByte(OPCODE.EXPIRE_MS);
      buffer.writeMs(deadlineMs);
    }
    if (this.options.use !== 'none') this.writeUse(entry);
    buffer.writeByte(type);
    this.writeSlice(entry.key);
  }

  /** What stands behind the value, but for deadlines of fields. */
  writeTail(entry: FrozenEntry): void {
    if (!this.isFile && entry.isJson) this.writeAux(OWN_AUX.JSON, '1');
  }

  writeSlice(slice: Slice): void {
    this.buffer.writeString(slice.bytes, slice.view, slice.offset, slice.length);
  }

  /** The listpack that was built, as a string. */
  writePack(): void {
    const { pack, buffer } = this;
    pack.end();
    buffer.writeString(pack.buffer.bytes, pack.buffer.view, 0, pack.buffer.length);
  }

  writeAux(name: string, value: string): void {
    const { buffer } = this;
    buffer.writeByte(OPCODE.AUX);
    buffer.writeText(name);
    buffer.writeText(value);
  }

  private writeUse(entry: FrozenEntry): void {
    const { buffer } = this;
    if (this.options.use === 'idle') {
      const { idleS } = entry;
      if (idleS < 0) return;
      buffer.writeByte(OPCODE.IDLE);
      buffer.writeLength(Math.floor(idleS));
      return;
    }
    const { frequency } = entry;
    if (frequency < 0) return;
    buffer.writeByte(OPCODE.FREQUENCY);
    buffer.writeByte(Math.min(FREQUENCY_MAX, Math.floor(frequency)));
  }
}
