/**
 * Has the memory that the next commands of a pipeline will read fetched into the cache, many at
 * once instead of one by one: entries of their keys or, where they all work on one large hash, set
 * or sorted set, what lies behind their fields.
 */
import { bytesEqual } from '../base/bytes.ts';
import { hashBytes } from '../base/hash.ts';
import type { Database } from './database.ts';
import { FLAG, headerBytes, keyLength, TYPE } from './keyspace/entry.ts';
import { recordTree } from './values/tree-record.ts';

/** Where the arguments behind the names of commands to come lie, all in one buffer. */
export interface CommandHints {
  /** At most LIMITS.warmedKeyCountMax. */
  readonly count: number;
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  readonly secondOffsets: Uint32Array;
  readonly secondLengths: Uint32Array;
  readonly thirdOffsets: Uint32Array;
  readonly thirdLengths: Uint32Array;
}

/** Below that the processor's own cache has it all. */
const WARM_FROM_BYTES = 4 * 1024 * 1024;
/** A sorted set's record names the tree by score first. */
const ZSET_HASHED_TREE = 1;

/**
 * @param namesBounds  the commands are likely to ask for ranges, and to name no member
 * @returns            whether there was anything to fetch
 */
export function warmAhead(
  database: Database,
  bytes: Uint8Array,
  view: DataView,
  hints: CommandHints,
  namesBounds: boolean,
): boolean {
  if (!isWarmed(database)) return false;
  const { memory, entries, store } = database;
  const { offsets, lengths, count } = hints;
  if (!isOneKey(view, hints)) {
    // What names more than a key is likely to write.
    warmEntries(database, view, hints, hints.secondLengths[0] > 0);
    if (store.sink.isActive) store.sink.warm(database.index, bytes, view, hints);
    return true;
  }
  const hash = hashBytes(view, offsets[0], lengths[0], store.seed0, store.seed1);
  const entry = entries.find(hash, view, offsets[0], lengths[0]);
  if (entry === 0) return warmScriptKeys(database, view, hints);
  if (namesBounds || hints.secondLengths[0] === 0) return false;
  memory.locate(entry);
  const { view: entryView, base } = memory;
  const word0 = entryView.getUint32(base, true);
  const type = word0 & 15;
  if ((word0 & FLAG.TREE) === 0) return false;
  if (type !== TYPE.HASH && type !== TYPE.SET && type !== TYPE.ZSET) return false;
  const valueAt = base + headerBytes(word0) + keyLength(entryView, base, word0);
  const isZset = type === TYPE.ZSET;
  const id = recordTree(entryView, valueAt, isZset ? ZSET_HASHED_TREE : 0);
  // ZADD has the score before the member.
  const isThird = isZset && hints.thirdLengths[0] > 0;
  const fieldOffsets = isThird ? hints.thirdOffsets : hints.secondOffsets;
  const fieldLengths = isThird ? hints.thirdLengths : hints.secondLengths;
  const { warmer } = database.trees;
  database.noteWarmed(
    warmer.warm(id, view, fieldOffsets, fieldLengths, count, store.seed0, store.seed1),
  );
  return true;
}

/** Whether it is so large that a look-up waits for memory. */
export function isWarmed({ memory }: Database): boolean {
  return memory.liveBytes >= WARM_FROM_BYTES;
}

/**
 * Entries alone, of keys that are known to be looked up, and what the policy keeps beside them.
 * @param mayInsert  as of EntryTracker.warm
 */
export function warmEntries(
  database: Database,
  view: DataView,
  { offsets, lengths, count }: Pick<CommandHints, 'offsets' | 'lengths' | 'count'>,
  mayInsert = true,
): void {
  const { entries, store } = database;
  database.noteWarmed(entries.warm(view, offsets, lengths, count, store.seed0, store.seed1));
  const { tracker } = store;
  if (tracker === null) return;
  database.noteWarmed(tracker.warm(entries.warmedHashes, count, mayInsert));
}

/** Where others have their key a script has its text, and its first key behind their number. */
function warmScriptKeys(database: Database, view: DataView, hints: CommandHints): boolean {
  const { thirdOffsets, thirdLengths, count } = hints;
  if (thirdLengths[0] === 0) return false;
  const { seed0, seed1 } = database.store;
  const { entries } = database;
  database.noteWarmed(entries.warm(view, thirdOffsets, thirdLengths, count, seed0, seed1));
  return true;
}

/** Whether all commands name the same key. */
function isOneKey(view: DataView, { offsets, lengths, count }: CommandHints): boolean {
  const [offset] = offsets;
  const [length] = lengths;
  for (let i = 1; i < count; i++) {
    if (lengths[i] !== length || !bytesEqual(view, offsets[i], view, offset, length)) return false;
  }
  return true;
}
