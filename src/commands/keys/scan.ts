import { slotOfKey } from '../../base/digest/key-slot.ts';
import type { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Database } from '../../engine/database.ts';
import { AddressBuffer } from '../../engine/keyspace/address-buffer.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { CommandRow } from '../command-row.ts';
import { parseScanOptions, ScanOptions } from '../scan-options.ts';
import type { SlotFilter } from '../session.ts';

/** One command's wishes, and the entries of one step; nothing of it outlives the command. */
const options = new ScanOptions();
const found = new AddressBuffer(64);

const DRAWN_COUNT_MAX = 256;

export const scanCommand: CommandRow = {
  name: 'scan',
  arity: -2,
  flags: ['readonly'],
  group: 'generic',
  since: '2.8.0',
  complexity: 'O(1) for every call, O(N) for a complete iteration, N being the number of keys',
  summary: 'Walk through the keys of the database a few at a time',
  syntax: 'cursor [MATCH pattern] [COUNT count] [TYPE type]',
  tips: ['nondeterministic_output', 'request_policy:special'],
  execute({ database, onlySlots }, frame, reply) {
    if (!parseScanOptions(frame, 1, true, options, reply)) return;
    const isBeyond = options.cursor > Number.MAX_SAFE_INTEGER;
    found.count = 0;
    const next = isBeyond ? 0 : database.scan(options.cursor, options.count, found);
    reply.array(2);
    reply.bulkInteger(next);
    const mark = reply.openAggregate();
    let count = 0;
    for (let i = 0; i < found.count; i++) {
      const entry = found.addresses[i];
      if (onlySlots !== null && !onlySlots.has(slotOf(database, entry))) continue;
      if (replyMatch(database, entry, frame, reply)) count++;
    }
    reply.closeArray(mark, count);
  },
};

export const keysCommand: CommandRow = {
  name: 'keys',
  arity: 2,
  flags: ['readonly'],
  categories: ['dangerous'],
  group: 'generic',
  since: '1.0.0',
  complexity: 'O(N) with N being the number of keys in the database',
  summary: 'List all keys whose name matches a pattern',
  syntax: 'pattern',
  tips: ['request_policy:all_shards', 'nondeterministic_output_order'],
  execute({ database, onlySlots }, frame, reply) {
    options.patternArg = 1;
    options.typeArg = 0;
    const mark = reply.openAggregate();
    let count = 0;
    let cursor = 0;
    do {
      found.count = 0;
      cursor = database.scan(cursor, LIMITS.sliceEntryCount, found);
      for (let i = 0; i < found.count; i++) {
        const entry = found.addresses[i];
        if (onlySlots !== null && !onlySlots.has(slotOf(database, entry))) continue;
        if (replyMatch(database, entry, frame, reply)) count++;
      }
    } while (cursor !== 0);
    reply.closeArray(mark, count);
  },
};

export const randomkeyCommand: CommandRow = {
  name: 'randomkey',
  arity: 1,
  flags: ['readonly'],
  group: 'generic',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Name a key chosen at random',
  syntax: '',
  tips: ['request_policy:all_shards', 'nondeterministic_output'],
  execute({ database, onlySlots }, _frame, reply) {
    const entry = onlySlots === null ? database.randomEntry() : chooseEntry(database, onlySlots);
    if (entry === 0) return reply.null();
    const key = database.keySlice(entry);
    reply.bulk(key.bytes, key.offset, key.length);
  },
};

/** One of the slots' keys, at random while they are not few among others; 0: there is none. */
function chooseEntry(database: Database, slots: SlotFilter): number {
  for (let i = 0; i < DRAWN_COUNT_MAX; i++) {
    const entry = database.randomEntry();
    if (entry === 0 || slots.has(slotOf(database, entry))) return entry;
  }
  let cursor = 0;
  do {
    found.count = 0;
    cursor = database.scan(cursor, LIMITS.sliceEntryCount, found);
    for (let i = 0; i < found.count; i++) {
      const entry = found.addresses[i];
      if (!database.isExpired(entry) && slots.has(slotOf(database, entry))) return entry;
    }
  } while (cursor !== 0);
  return 0;
}

function slotOf(database: Database, entry: number): number {
  const { bytes, length, offset } = database.keySlice(entry);
  return slotOfKey(bytes, offset, length);
}

/** Writes the entry's key when it is live and wanted. */
function replyMatch(database: Database, entry: number, frame: Frame, reply: ReplyWriter): boolean {
  if (database.isExpired(entry)) return false;
  const { typeArg } = options;
  const key = database.keySlice(entry);
  if (!options.matches(frame, key)) return false;
  if (typeArg !== 0) {
    // As in Redis, to look at the type is to read the key.
    database.store.stats[STORE_STAT.HITS]++;
    if (!frame.equals(typeArg, database.typeName(entry).toUpperCase())) return false;
  }
  reply.bulk(key.bytes, key.offset, key.length);
  return true;
}
