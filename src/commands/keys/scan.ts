import type { Frame } from '../../base/frame.ts';
import { globMatches } from '../../base/glob.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Database } from '../../engine/database.ts';
import { AddressBuffer } from '../../engine/keyspace/address-buffer.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { CommandRow } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';

const STAR = 42;
const DEFAULT_COUNT = 10;
const UINT64_MAX = 2n ** 64n - 1n;

/** One command's wishes, and the entries of one step; nothing of it outlives the command. */
const options = { cursor: 0, count: DEFAULT_COUNT, patternArg: 0, typeArg: 0 };
const found = new AddressBuffer(64);

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
  execute({ database }, frame, reply) {
    if (!parseOptions(frame, reply)) return;
    const isBeyond = options.cursor > Number.MAX_SAFE_INTEGER;
    found.count = 0;
    const next = isBeyond ? 0 : database.scan(options.cursor, options.count, found);
    reply.array(2);
    reply.bulkInteger(next);
    const mark = reply.openAggregate();
    let count = 0;
    for (let i = 0; i < found.count; i++) {
      if (replyMatch(database, found.addresses[i], frame, reply)) count++;
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
  execute({ database }, frame, reply) {
    options.patternArg = 1;
    options.typeArg = 0;
    const mark = reply.openAggregate();
    let count = 0;
    let cursor = 0;
    do {
      found.count = 0;
      cursor = database.scan(cursor, LIMITS.sliceEntryCount, found);
      for (let i = 0; i < found.count; i++) {
        if (replyMatch(database, found.addresses[i], frame, reply)) count++;
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
  execute({ database }, _frame, reply) {
    const entry = database.randomEntry();
    if (entry === 0) return reply.null();
    const key = database.keySlice(entry);
    reply.bulk(key.bytes, key.offset, key.length);
  },
};

/** Writes the entry's key when it is live and wanted. */
function replyMatch(database: Database, entry: number, frame: Frame, reply: ReplyWriter): boolean {
  if (database.isExpired(entry)) return false;
  const { patternArg, typeArg } = options;
  const key = database.keySlice(entry);
  if (patternArg !== 0) {
    const at = frame.offsets[patternArg];
    const length = frame.lengths[patternArg];
    const isAll = length === 1 && frame.bytes[at] === STAR;
    const { bytes, offset } = key;
    if (!isAll && !globMatches(frame.bytes, at, length, bytes, offset, key.length)) return false;
  }
  if (typeArg !== 0) {
    // As in Redis, to look at the type is to read the key.
    database.store.stats[STORE_STAT.HITS]++;
    if (!frame.equals(typeArg, database.typeName(entry).toUpperCase())) return false;
  }
  reply.bulk(key.bytes, key.offset, key.length);
  return true;
}

function parseOptions(frame: Frame, reply: ReplyWriter): boolean {
  options.cursor = parseCursor(frame.latin1(1).split('\0', 1)[0]);
  options.count = DEFAULT_COUNT;
  options.patternArg = 0;
  options.typeArg = 0;
  if (Number.isNaN(options.cursor)) {
    reply.error(ERRORS.invalidCursor);
    return false;
  }
  for (let arg = 2; arg < frame.count; arg += 2) {
    const hasValue = arg + 1 < frame.count;
    if (hasValue && frame.equals(arg, 'COUNT')) {
      if (!parseCount(frame, arg + 1, reply)) return false;
    } else if (hasValue && frame.equals(arg, 'MATCH')) {
      options.patternArg = arg + 1;
    } else if (hasValue && frame.equals(arg, 'TYPE')) {
      options.typeArg = arg + 1;
    } else {
      reply.error(ERRORS.syntax);
      return false;
    }
  }
  return true;
}

function parseCount(frame: Frame, arg: number, reply: ReplyWriter): boolean {
  const count = integer64Argument(frame, arg);
  if (count === null) {
    reply.error(ERRORS.notInteger);
    return false;
  }
  if (count < 1n) {
    reply.error(ERRORS.syntax);
    return false;
  }
  options.count = Number(count);
  return true;
}

/**
 * As strtoul reads it: digits with a sign, nothing before and nothing behind, at most 64 bits; the
 * empty text is 0, a negative number wraps around.
 * @returns NaN when Redis would refuse it
 */
function parseCursor(text: string): number {
  let at = 0;
  let isNegative = false;
  if (text.startsWith('-') || text.startsWith('+')) {
    isNegative = text.charCodeAt(0) === 45;
    at = 1;
  }
  if (text.length === 0) return 0;
  if (at === text.length) return NaN;
  let value = 0n;
  for (let i = at; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10n + BigInt(digit);
    if (value > UINT64_MAX) return NaN;
  }
  return Number(isNegative ? BigInt.asUintN(64, -value) : value);
}
