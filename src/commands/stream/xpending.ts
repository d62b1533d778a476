import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { StreamId } from '../../engine/values/stream/stream-id.ts';
import {
  type PendingEntries,
  pendingEntriesOf,
} from '../../engine/values/stream/stream-pending.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';
import {
  findConsumerArgument,
  findGroupArgument,
  replyConsumerName,
  replyNoKeyOrGroup,
} from './group-argument.ts';
import { parseEndArgument, parseIdArgument, parseStartArgument } from './id-argument.ts';
import { NOT_A_STREAM, RECORD, replyId, requireStream } from './stream-argument.ts';

export const xackCommand: CommandRow = {
  name: 'xack',
  arity: -4,
  flags: ['write', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW UPDATE')],
  group: 'stream',
  since: '5.0.0',
  complexity: 'O(1) for each message ID processed.',
  summary: 'Tells a group that entries were processed: they are no longer pending',
  syntax: 'key group id [id ...]',
  execute: executeXack,
};

export const xpendingCommand: CommandRow = {
  name: 'xpending',
  arity: -3,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'stream',
  since: '5.0.0',
  complexity:
    'O(N) with N being the number of elements returned, so asking for a small fixed number of ' +
    'entries per call is O(1). O(M), where M is the total number of entries scanned when used ' +
    'with the IDLE filter. When the command returns just the summary and the list of consumers ' +
    'is small, it runs in O(1) time; otherwise, an additional O(N) time for iterating every ' +
    'consumer.',
  summary: 'Tells which entries of a group are pending',
  syntax: 'key group [[IDLE min-idle-time] start end count [consumer]]',
  tips: ['nondeterministic_output'],
  execute: executeXpending,
};

const ID = new StreamId();
const FIRST = new StreamId();
const LAST = new StreamId();

function executeXack({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  const entry = requireStream(database, frame, 1, reply);
  if (entry === NOT_A_STREAM) return;
  if (entry === 0) return reply.integer(0);
  RECORD.open(database, entry);
  if (!findGroupArgument(frame, 2)) return reply.integer(0);
  for (let arg = 3; arg < frame.count; arg++) {
    if (!parseIdArgument(frame, arg, ID, reply)) return;
  }
  RECORD.beforeChange();
  const pending = pendingEntriesOf(database).open(RECORD.pendingTree);
  let count = 0;
  for (let arg = 3; arg < frame.count; arg++) {
    parseIdArgument(frame, arg, ID, reply);
    if (!pending.find(ID)) continue;
    RECORD.goToConsumer(pending.consumer);
    RECORD.changePending(-1);
    pending.remove();
    count++;
  }
  if (count > 0) {
    database.store.stats[STORE_STAT.CHANGES] += count - 1;
    database.recordCommand(frame, EVENT.none, 1);
  }
  reply.integer(count);
}

function executeXpending({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  const { count: argCount } = frame;
  if (argCount !== 3 && (argCount < 6 || argCount > 9)) return reply.error(ERRORS.syntax);
  let startArg = 3;
  let idleMin = 0;
  let count = 0;
  if (argCount >= 6) {
    if (frame.equals(3, 'IDLE')) {
      idleMin = roundedIntegerArgument(frame, 4);
      if (Number.isNaN(idleMin)) return reply.error(ERRORS.notInteger);
      if (argCount < 8) return reply.error(ERRORS.syntax);
      startArg = 5;
    }
    count = roundedIntegerArgument(frame, startArg + 2);
    if (Number.isNaN(count)) return reply.error(ERRORS.notInteger);
    if (!parseStartArgument(frame, startArg, FIRST, reply)) return;
    if (!parseEndArgument(frame, startArg + 1, LAST, reply)) return;
  }
  const entry = requireStream(database, frame, 1, reply);
  if (entry === NOT_A_STREAM) return;
  if (entry === 0) return replyNoKeyOrGroup(frame, reply);
  RECORD.open(database, entry);
  if (!findGroupArgument(frame, 2)) return replyNoKeyOrGroup(frame, reply);
  const pending = pendingEntriesOf(database).open(RECORD.pendingTree);
  if (argCount === 3) {
    return replySummary(pending, database.trees.count(RECORD.pendingTree), reply);
  }
  const consumerArg = startArg + 3;
  let consumer = -1;
  if (consumerArg < argCount) {
    if (!findConsumerArgument(frame, consumerArg)) return reply.array(0);
    consumer = RECORD.consumerNumber;
  }
  const { nowMs } = database.store.clock;
  replyPending(pending, { idleMin, count, consumer, nowMs }, reply);
}

function replySummary(pending: PendingEntries, count: number, reply: ReplyWriter): void {
  reply.array(4);
  reply.integer(count);
  if (count === 0) {
    reply.null();
    reply.null();
    reply.nullArray();
    return;
  }
  pending.seekFirst();
  replyId(reply, pending.readId(ID));
  pending.seekLast();
  replyId(reply, pending.readId(ID));
  const mark = reply.openAggregate();
  let consumerCount = 0;
  for (let isThere = RECORD.firstConsumer(); isThere; isThere = RECORD.nextConsumer()) {
    if (RECORD.consumerPending === 0) continue;
    reply.array(2);
    replyConsumerName(reply);
    reply.bulkInteger(RECORD.consumerPending);
    consumerCount++;
  }
  reply.closeArray(mark, consumerCount);
}

/** Entries between FIRST and LAST. */
function replyPending(
  pending: PendingEntries,
  filter: { idleMin: number; count: number; consumer: number; nowMs: number },
  reply: ReplyWriter,
): void {
  const { idleMin, count, consumer, nowMs } = filter;
  const mark = reply.openAggregate();
  let written = 0;
  let left = consumer < 0 ? Infinity : RECORD.consumerPending;
  for (let isThere = count > 0 && pending.seek(FIRST); isThere; isThere = pending.next()) {
    if (written >= count || left === 0) break;
    if (pending.readId(ID).compare(LAST) > 0) break;
    if (consumer >= 0 && pending.consumer !== consumer) continue;
    left--;
    const idleMs = nowMs - pending.deliveredMs;
    if (idleMin !== 0 && idleMs < idleMin) continue;
    reply.array(4);
    replyId(reply, ID);
    RECORD.goToConsumer(pending.consumer);
    replyConsumerName(reply);
    reply.integer(Math.max(0, idleMs));
    reply.integer64(pending.timesDelivered);
    written++;
  }
  reply.closeArray(mark, written);
}
