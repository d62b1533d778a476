import { Crc64 } from '../../base/digest/crc64.ts';
import type { FrozenEntry } from '../../engine/snapshot/frozen-entry.ts';
import { CRC_BYTES, PAYLOAD_FOOTER_BYTES, WRITTEN_VERSION } from '../format.ts';
import { RdbBuffer } from '../rdb-buffer.ts';
import { EntryWriter } from './entry-writer.ts';
import { writeEntry } from './write-entry.ts';

export interface DumpOptions {
  /** rdbcompression. */
  readonly compresses: boolean;
  /** list-max-listpack-size. */
  readonly listNodeSize: number;
  readonly nowMs: number;
}

/**
 * What DUMP answers: type, value, AUX fields of ours, version, checksum.
 * @returns a buffer of the caller's; empty when all fields of a hash have expired
 */
export function dumpPayload(entry: FrozenEntry, options: DumpOptions): RdbBuffer {
  const writeOptions = {
    ...options,
    // One answer is one step in any case.
    compressedBytesMax: Number.POSITIVE_INFINITY,
    hasChecksum: true,
    use: 'none',
  } as const;
  const buffer = new RdbBuffer(writeOptions, PAYLOAD_BYTES_MIN + entry.value.length);
  writeEntry(new EntryWriter(buffer, writeOptions, false), entry);
  if (buffer.length === 0) return buffer;
  buffer.reserve(PAYLOAD_FOOTER_BYTES);
  buffer.view.setUint16(buffer.length, WRITTEN_VERSION, true);
  buffer.length += PAYLOAD_FOOTER_BYTES - CRC_BYTES;
  const crc = new Crc64();
  crc.update(buffer.bytes, 0, buffer.length);
  crc.writeTo(buffer.bytes, buffer.length);
  buffer.length += CRC_BYTES;
  return buffer;
}

const PAYLOAD_BYTES_MIN = 64;
