import { StreamId } from '../../engine/values/stream/stream-id.ts';
import { RDB_TYPE } from '../format.ts';
import type { RdbReader } from '../rdb-reader.ts';
import type { LoadedNodes } from './loaded-nodes.ts';

/** What a stream says of itself behind its nodes. */
export interface StreamFacts {
  readonly firstId: StreamId;
  readonly lastId: StreamId;
  readonly maxDeletedId: StreamId;
  length: number;
  entriesAdded: bigint;
}

export function readFacts(reader: RdbReader, type: number, nodes: LoadedNodes): StreamFacts {
  const length = reader.readLength();
  const lastId = readId(reader);
  const maxDeletedId = new StreamId();
  let entriesAdded = BigInt(length);
  if (type !== RDB_TYPE.STREAM_LISTPACKS) {
    // The first id is known from the entries.
    readId(reader);
    maxDeletedId.copyFrom(readId(reader));
    reader.readWords();
    entriesAdded = wordsOf(reader);
  }
  return { firstId: nodes.firstLiveId, lastId, maxDeletedId, length, entriesAdded };
}

/** An id as two lengths. */
export function readId(reader: RdbReader): StreamId {
  const id = new StreamId();
  reader.readWords();
  id.words[0] = reader.high;
  id.words[1] = reader.low;
  reader.readWords();
  id.words[2] = reader.high;
  id.words[3] = reader.low;
  return id;
}

/** The number read last, unsigned. */
export function wordsOf(reader: RdbReader): bigint {
  return (BigInt(reader.high) << 32n) | BigInt(reader.low);
}
