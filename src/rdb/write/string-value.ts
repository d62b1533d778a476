import { ENCODING } from '../../engine/keyspace/entry.ts';
import type { FrozenEntry } from '../../engine/snapshot/frozen-entry.ts';
import { RDB_TYPE } from '../format.ts';
import type { EntryWriter } from './entry-writer.ts';

/** A step of a long string. */
const PIECE_BYTES = 64 * 1024;
const HIGH_WORD = 0x1_0000_0000;

export function writeString(writer: EntryWriter, entry: FrozenEntry): void {
  writer.writeHead(entry, RDB_TYPE.STRING);
  const { value } = entry;
  if (entry.encoding !== ENCODING.INT) return writer.writeSlice(value);
  const { view, offset } = value;
  const integer = view.getInt32(offset + 4, true) * HIGH_WORD + view.getUint32(offset, true);
  if (Number.isSafeInteger(integer)) writer.buffer.writeIntegerString(integer);
  else writer.buffer.writeInteger64String(view.getBigInt64(offset, true));
}

/** A string that may be too long for one step: if it is, it is not compressed. */
export function* writeLongString(writer: EntryWriter, entry: FrozenEntry): Generator<void, void> {
  if (entry.value.length <= writer.options.compressedBytesMax) return writeString(writer, entry);
  writer.writeHead(entry, RDB_TYPE.STRING);
  const { buffer } = writer;
  const { value } = entry;
  const { length } = value;
  buffer.writeLength(length);
  for (let at = 0; at < length; at += PIECE_BYTES) {
    const byteCount = Math.min(PIECE_BYTES, length - at);
    buffer.writeRaw(value.bytes, value.view, value.offset + at, byteCount);
    yield;
  }
}
