/** One entry as an RDB holds it, in whichever form it lies; as redis-server 7.0 would write it. */

import { assert } from '../../base/errors.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import type { FrozenEntry } from '../../engine/snapshot/frozen-entry.ts';
import type { EntryWriter } from './entry-writer.ts';
import { writeLargeHash, writeSmallHash } from './hash-value.ts';
import { writeLargeList, writeSmallList } from './list-value.ts';
import { writeLargeSet, writeSmallSet } from './set-value.ts';
import { writeStream } from './stream-value.ts';
import { writeLongString, writeString } from './string-value.ts';
import { writeLargeZset, writeSmallZset } from './zset-value.ts';

/** Writes the entry whole. Nothing is written of a hash whose fields have all expired. */
export function writeEntry(writer: EntryWriter, entry: FrozenEntry): void {
  if (entry.isLarge) {
    const steps = writeLargeEntry(writer, entry);
    while (steps.next().done !== true);
    return;
  }
  switch (entry.type) {
    case TYPE.STRING:
      writeString(writer, entry);
      break;
    case TYPE.LIST:
      writeSmallList(writer, entry);
      break;
    case TYPE.SET:
      writeSmallSet(writer, entry);
      break;
    case TYPE.ZSET:
      writeSmallZset(writer, entry);
      break;
    case TYPE.HASH:
      writeSmallHash(writer, entry);
      break;
    default:
      assert(false, 'a small entry has a value');
  }
  writer.writeTail(entry);
}

/**
 * The same in steps of a few hundred elements or 64 KiB; between two of them the writer's buffer
 * may be emptied.
 */
export function* writeLargeEntry(writer: EntryWriter, entry: FrozenEntry): Generator<void, void> {
  switch (entry.type) {
    case TYPE.STRING:
      yield* writeLongString(writer, entry);
      break;
    case TYPE.LIST:
      yield* writeLargeList(writer, entry);
      break;
    case TYPE.SET:
      yield* writeLargeSet(writer, entry);
      break;
    case TYPE.ZSET:
      yield* writeLargeZset(writer, entry);
      break;
    case TYPE.HASH:
      yield* writeLargeHash(writer, entry);
      break;
    case TYPE.STREAM:
      yield* writeStream(writer, entry);
      break;
    default:
      assert(false, 'a large entry has a value');
  }
  writer.writeTail(entry);
}
