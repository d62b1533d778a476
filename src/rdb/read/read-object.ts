import { TYPE } from '../../engine/keyspace/entry.ts';
import { RDB_TYPE } from '../format.ts';
import type { ReadContext } from './read-context.ts';
import { readHash } from './read-hash.ts';
import { readList } from './read-list.ts';
import { readSet } from './read-set.ts';
import { readStream } from './read-stream.ts';
import { readZset } from './read-zset.ts';

/**
 * Reads the object behind a key's type into the context's value, which has been begun and is whole
 * when the walk ends. A large one yields now and then: others may run between two steps, but
 * nothing may clear the databases.
 * @throws RdbError; the value must then be released
 */
export function readObject(context: ReadContext, type: number): Iterator<void, void> {
  switch (type) {
    case RDB_TYPE.LIST:
    case RDB_TYPE.LIST_ZIPLIST:
    case RDB_TYPE.LIST_QUICKLIST:
    case RDB_TYPE.LIST_QUICKLIST_2:
      return readList(context, type);
    case RDB_TYPE.SET:
    case RDB_TYPE.SET_INTSET:
    case RDB_TYPE.SET_LISTPACK:
      return readSet(context, type);
    case RDB_TYPE.ZSET:
    case RDB_TYPE.ZSET_2:
    case RDB_TYPE.ZSET_ZIPLIST:
    case RDB_TYPE.ZSET_LISTPACK:
      return readZset(context, type);
    case RDB_TYPE.HASH:
    case RDB_TYPE.HASH_ZIPMAP:
    case RDB_TYPE.HASH_ZIPLIST:
    case RDB_TYPE.HASH_LISTPACK:
      return readHash(context, type);
    case RDB_TYPE.STREAM_LISTPACKS:
    case RDB_TYPE.STREAM_LISTPACKS_2:
    case RDB_TYPE.STREAM_LISTPACKS_3:
      return readStream(context, type);
    case RDB_TYPE.STRING:
      readString(context);
      return DONE;
    case RDB_TYPE.MODULE:
    case RDB_TYPE.MODULE_2:
      return context.fail('value of a module, of which there are none here');
    default:
      return context.fail(`value of unknown type ${type}`);
  }
}

const DONE: Iterator<void, void> = { next: () => ({ done: true, value: undefined }) };

/** Reads a string into the context's value. */
function readString({ reader, value }: ReadContext): void {
  value.kind = TYPE.STRING;
  reader.readString(value.content);
}
