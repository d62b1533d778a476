import type { EncodingConfiguration } from '../../base/configuration.ts';
import { Slice } from '../../engine/slice.ts';
import type { RdbReader } from '../rdb-reader.ts';
import { LoadedValue } from './loaded-value.ts';
import { PackWriter } from './pack-writer.ts';
import { PackedRun } from './packed-run.ts';

/** Elements that are read between two moments at which others may run. */
export const STEP_ELEMENT_COUNT = 256;

/** What the readers of all types share: one object for each file, or for all payloads. */
export class ReadContext {
  reader: RdbReader;
  limits: EncodingConfiguration;
  readonly value: LoadedValue = new LoadedValue();
  readonly run: PackedRun = new PackedRun();
  readonly writer: PackWriter = new PackWriter();
  /** What was read last. */
  readonly shown: Slice = new Slice();
  /** A text that outlives the next read. */
  readonly kept: Slice = new Slice();
  private scratch = new Uint8Array(256);

  constructor(reader: RdbReader, limits: EncodingConfiguration) {
    this.reader = reader;
    this.limits = limits;
  }

  /** Reads a string, to be used before the next read. */
  next(): Slice {
    this.reader.readString(this.shown);
    return this.shown;
  }

  /** Reads a string that must outlive the next read, but not the next one of this kind. */
  nextKept(): Slice {
    const { shown, kept } = this;
    this.reader.readString(shown);
    const { length } = shown;
    if (length > this.scratch.length) this.scratch = new Uint8Array(length * 2);
    if (kept.bytes !== this.scratch) {
      kept.bytes = this.scratch;
      kept.view = new DataView(this.scratch.buffer);
    }
    copyInto(this.scratch, shown);
    kept.offset = 0;
    kept.length = length;
    return kept;
  }

  /** Refuses the value. */
  fail(reason: string): never {
    return this.reader.fail(reason);
  }

  spend(byteCount: number): void {
    this.value.spend(byteCount, this.reader.offset);
  }
}

function copyInto(bytes: Uint8Array, text: Slice): void {
  const { length, offset } = text;
  if (length > SHORT_BYTES_MAX) {
    bytes.set(text.bytes.subarray(offset, offset + length));
    return;
  }
  for (let i = 0; i < length; i++) bytes[i] = text.bytes[offset + i];
}

const SHORT_BYTES_MAX = 24;
