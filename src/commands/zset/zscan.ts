import type { Frame } from '../../base/frame.ts';
import { formatDouble } from '../../base/numbers.ts';
import { ENCODING } from '../../engine/keyspace/entry.ts';
import type { Slice } from '../../engine/slice.ts';
import { ZsetScan } from '../../engine/values/zset/zset-scan.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { parseScanCursor, parseScanOptions, ScanOptions } from '../scan-options.ts';
import { NOT_A_ZSET, replyMember, requireZset, walker } from './sorted-set.ts';

/** Whole numbers up to here are kept as integers in a listpack, and told so. */
const INTEGER_MAX = 2 ** 62;

const options = new ScanOptions();
const scan = new ZsetScan();

export const zscanCommand: CommandRow = {
  name: 'zscan',
  arity: -3,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'sorted-set',
  since: '2.8.0',
  complexity:
    'O(1) for every call. O(N) for a complete iteration, including enough command calls for the ' +
    'cursor to return back to 0. N is the number of elements inside the collection..',
  summary: 'Walks through the members of a sorted set a few at a time',
  syntax: 'key cursor [MATCH pattern] [COUNT count]',
  tips: ['nondeterministic_output'],
  execute({ database }, frame, reply) {
    if (!parseScanCursor(frame, 2, options, reply)) return;
    const entry = requireZset(database, frame, 1, reply);
    if (entry === NOT_A_ZSET) return;
    if (entry !== 0 && !parseScanOptions(frame, 2, false, options, reply)) return;
    reply.array(2);
    if (entry === 0) {
      reply.bulkInteger(0);
      return reply.array(0);
    }
    const isListpack = database.encodingOf(entry) === ENCODING.LISTPACK;
    const { trees } = walker.open(database, entry);
    if (trees === null) return replyAll(frame, isListpack, reply);
    scan.take(trees, options.cursor, options.count);
    reply.bulkInteger(scan.nextCursor);
    const mark = reply.openAggregate();
    let count = 0;
    while (scan.next()) {
      const member = walker.showMember();
      if (options.matches(frame, member))
        count += replyPair(member, walker.score(), isListpack, reply);
    }
    reply.closeArray(mark, count);
  },
};

/** What lies in one run is told at once. */
function replyAll(frame: Frame, isListpack: boolean, reply: ReplyWriter): void {
  reply.bulkInteger(0);
  const mark = reply.openAggregate();
  let count = 0;
  for (let isLeft = walker.seekFirst(); isLeft; isLeft = walker.next()) {
    const member = walker.showMember();
    if (options.matches(frame, member))
      count += replyPair(member, walker.score(), isListpack, reply);
  }
  reply.closeArray(mark, count);
}

/** Scores are text here in both protocols, and a listpack's are told as they are kept. */
function replyPair(member: Slice, score: number, isListpack: boolean, reply: ReplyWriter): number {
  replyMember(reply, member);
  const isInteger = isListpack && Number.isInteger(score) && Math.abs(score) <= INTEGER_MAX;
  reply.bulkLatin1(isInteger ? BigInt(score).toString() : formatDouble(score));
  return 2;
}
