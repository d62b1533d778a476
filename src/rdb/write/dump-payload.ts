import { Crc64 } from '../../base/digest/crc64.ts';
import type { FrozenEntry } from '../../engine/snapshot/frozen-entry.ts';
import { CRC_BYTES, PAYLOAD_FOOTER_BYTES, WRITTEN_VERSION } from '../format.ts';
import { RdbBuffer } from '../rdb-buffer.ts';
import { EntryWriter } from './entry-writer.ts';
import { writeEntry } from './write-entry.ts';
import type { RdbWriteOptions } from './write-options.ts';

export interface DumpOptions {
  /** rdbcompression. */
  readonly compresses: boolean;
  /** list-max-listpack-size. */
  readonly listNodeSize: number;
  readonly nowMs: number;
}

/**
 * What DUMP answers: type, value, AUX fields of ours, version, checksum.
 * @returns a buffer that is true until the next call; empty when all fields of a hash have expired
 */
export function dumpPayload(entry: FrozenEntry, options: DumpOptions): RdbBuffer {
  const { buffer } = payloads;
  payloads.write(entry, options);
  // Bytes of a long value are not kept for the next.
  if (buffer.bytes.length > KEPT_BYTES_MAX) payloads = new PayloadWriter();
  return buffer;
}

const KEPT_BYTES_MAX = 256 * 1024;

/** The options of one call. */
class PayloadOptions implements RdbWriteOptions {
  compresses = true;
  listNodeSize = 0;
  nowMs = 0;
  /** One answer is one step in any case. */
  readonly compressedBytesMax = Number.POSITIVE_INFINITY;
  readonly hasChecksum = true;
  readonly use = 'none';
}

/** Reused: a payload costs nothing but its bytes. */
class PayloadWriter {
  private readonly options = new PayloadOptions();
  readonly buffer = new RdbBuffer(this.options);
  private readonly writer = new EntryWriter(this.buffer, this.options, false);
  private readonly crc = new Crc64();

  write(entry: FrozenEntry, { compresses, listNodeSize, nowMs }: DumpOptions): void {
    const { buffer, options, crc } = this;
    options.compresses = compresses;
    options.listNodeSize = listNodeSize;
    options.nowMs = nowMs;
    buffer.clear();
    writeEntry(this.writer, entry);
    if (buffer.length === 0) return;
    buffer.reserve(PAYLOAD_FOOTER_BYTES);
    buffer.view.setUint16(buffer.length, WRITTEN_VERSION, true);
    buffer.length += PAYLOAD_FOOTER_BYTES - CRC_BYTES;
    crc.reset();
    crc.update(buffer.bytes, 0, buffer.length);
    crc.writeTo(buffer.bytes, buffer.length);
    buffer.length += CRC_BYTES;
  }
}

let payloads = new PayloadWriter();
