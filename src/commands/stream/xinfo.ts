import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { StreamId } from '../../engine/values/stream/stream-id.ts';
import { pendingEntriesOf } from '../../engine/values/stream/stream-pending.ts';
import { groupLag } from '../../engine/values/stream/stream-progress.ts';
import { radixNodeCount } from '../../engine/values/stream/stream-radix.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { helpRow } from '../help-reply.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';
import {
  cText,
  findGroupArgument,
  replyConsumerName,
  replyGroupName,
  replyNoGroup,
} from './group-argument.ts';
import {
  ID_MAX,
  ID_ZERO,
  NOT_A_STREAM,
  RECORD,
  replyEntry,
  replyId,
  replyRange,
  requireStream,
  WALKER,
} from './stream-argument.ts';

export const xinfoCommand: CommandRow = {
  name: 'xinfo',
  arity: -2,
  flags: [],
  categories: ['-stream'],
  group: 'stream',
  since: '5.0.0',
  complexity: 'Depends on subcommand.',
  summary: 'Container of the commands that tell about streams',
  syntax: '',
  subcommands: [
    {
      name: 'stream',
      arity: -3,
      flags: ['readonly'],
      keys: [keysAt(2, 0, 1, 'RO ACCESS')],
      group: 'stream',
      since: '5.0.0',
      complexity: 'O(1)',
      summary: 'Tells about a stream, and with FULL about all that belongs to it',
      syntax: 'key [FULL [COUNT count]]',
      execute: executeStream,
    },
    {
      name: 'groups',
      arity: 3,
      flags: ['readonly'],
      keys: [keysAt(2, 0, 1, 'RO ACCESS')],
      group: 'stream',
      since: '5.0.0',
      complexity: 'O(1)',
      summary: 'Tells about the consumer groups of a stream',
      syntax: 'key',
      execute: executeGroups,
    },
    {
      name: 'consumers',
      arity: 4,
      flags: ['readonly'],
      keys: [keysAt(2, 0, 1, 'RO ACCESS')],
      group: 'stream',
      since: '5.0.0',
      complexity: 'O(1)',
      summary: 'Tells about the consumers of a group',
      syntax: 'key groupname',
      tips: ['nondeterministic_output'],
      execute: executeConsumers,
    },
    helpRow({
      container: 'XINFO',
      group: 'stream',
      since: '5.0.0',
      lines: [
        'CONSUMERS <key> <groupname>',
        '    Show consumers of <groupname>.',
        'GROUPS <key>',
        '    Show the stream consumer groups.',
        'STREAM <key> [FULL [COUNT <count>]',
        '    Show information about the stream.',
      ],
    }),
  ],
};

const FULL_COUNT = 10;
const ID = new StreamId();
const RANGE = { first: ID_ZERO, last: ID_MAX, count: 0, isBackwards: false };

/** Opens RECORD at argument 2. False after the error reply. */
function openStream(database: Database, frame: Frame, reply: ReplyWriter): boolean {
  const entry = requireStream(database, frame, 2, reply);
  if (entry === NOT_A_STREAM) return false;
  if (entry === 0) {
    reply.error(ERRORS.noSuchKey);
    return false;
  }
  RECORD.open(database, entry);
  return true;
}

function executeStream({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  if (!openStream(database, frame, reply)) return;
  const isFull = frame.count > 3;
  let count = FULL_COUNT;
  if (isFull) {
    const isRefused =
      (frame.count !== 4 && frame.count !== 6) ||
      !frame.equals(3, 'FULL') ||
      (frame.count === 6 && !frame.equals(4, 'COUNT'));
    if (isRefused) {
      const name = cText(frame, 1).slice(0, 128);
      reply.errorLatin1(
        `ERR unknown subcommand or wrong number of arguments for '${name}'. Try XINFO HELP.`,
      );
      return;
    }
    if (frame.count === 6) {
      count = roundedIntegerArgument(frame, 5);
      if (Number.isNaN(count)) return reply.error(ERRORS.notInteger);
      if (count < 0) count = FULL_COUNT;
    }
  }
  reply.map(isFull ? 9 : 10);
  replyFacts(database, reply);
  if (isFull) replyFull(database, count, reply);
  else replyEnds(database, reply);
}

function replyFacts(database: Database, reply: ReplyWriter): void {
  reply.bulkLatin1('length');
  reply.integer(RECORD.length);
  const { keyCount, nodeCount } = radixNodeCount(database, RECORD);
  reply.bulkLatin1('radix-tree-keys');
  reply.integer(keyCount);
  reply.bulkLatin1('radix-tree-nodes');
  reply.integer(nodeCount);
  reply.bulkLatin1('last-generated-id');
  replyId(reply, RECORD.readLastId(ID));
  reply.bulkLatin1('max-deleted-entry-id');
  replyId(reply, RECORD.readMaxDeletedId(ID));
  reply.bulkLatin1('entries-added');
  reply.integer64(BigInt.asIntN(64, RECORD.entriesAdded64));
  reply.bulkLatin1('recorded-first-entry-id');
  replyId(reply, RECORD.readFirstId(ID));
}

function replyEnds(database: Database, reply: ReplyWriter): void {
  reply.bulkLatin1('groups');
  reply.integer(RECORD.groupCount);
  reply.bulkLatin1('first-entry');
  WALKER.start(database, RECORD.nodes, ID_ZERO, ID_MAX);
  if (WALKER.next()) replyEntry(reply, WALKER);
  else reply.null();
  reply.bulkLatin1('last-entry');
  WALKER.startFromEnd(database, RECORD.nodes, ID_ZERO, ID_MAX);
  if (WALKER.prev()) replyEntry(reply, WALKER);
  else reply.null();
}

/** @param count  entries, and pending ones of each group and consumer, at most; 0: all */
function replyFull(database: Database, count: number, reply: ReplyWriter): void {
  reply.bulkLatin1('entries');
  RANGE.count = count;
  replyRange(database, RECORD, RANGE, reply);
  reply.bulkLatin1('groups');
  reply.array(RECORD.groupCount);
  for (let isThere = RECORD.firstGroup(); isThere; isThere = RECORD.nextGroup()) {
    reply.map(7);
    reply.bulkLatin1('name');
    replyGroupName(reply);
    replyProgress(reply);
    reply.bulkLatin1('pel-count');
    reply.integer(database.trees.count(RECORD.pendingTree));
    reply.bulkLatin1('pending');
    replyGroupPending(database, count, reply);
    reply.bulkLatin1('consumers');
    reply.array(RECORD.consumerCount);
    for (let isNext = RECORD.firstConsumer(); isNext; isNext = RECORD.nextConsumer()) {
      replyFullConsumer(database, count, reply);
    }
  }
}

/** How far the group here has read. */
function replyProgress(reply: ReplyWriter): void {
  reply.bulkLatin1('last-delivered-id');
  replyId(reply, RECORD.readDeliveredId(ID));
  reply.bulkLatin1('entries-read');
  if (RECORD.knowsEntriesRead) reply.integer64(RECORD.entriesRead64);
  else reply.null();
  reply.bulkLatin1('lag');
  const lag = groupLag(RECORD);
  if (lag === null) reply.null();
  else reply.integer64(lag);
}

function replyGroupPending(database: Database, count: number, reply: ReplyWriter): void {
  const pending = pendingEntriesOf(database).open(RECORD.pendingTree);
  const mark = reply.openAggregate();
  let written = 0;
  for (let isThere = pending.seekFirst(); isThere; isThere = pending.next()) {
    reply.array(4);
    replyId(reply, pending.readId(ID));
    RECORD.goToConsumer(pending.consumer);
    replyConsumerName(reply);
    reply.integer(pending.deliveredMs);
    reply.integer64(pending.timesDelivered);
    if (++written === count) break;
  }
  reply.closeArray(mark, written);
}

function replyFullConsumer(database: Database, count: number, reply: ReplyWriter): void {
  reply.map(4);
  reply.bulkLatin1('name');
  replyConsumerName(reply);
  reply.bulkLatin1('seen-time');
  reply.integer(RECORD.seenMs);
  const pendingCount = RECORD.consumerPending;
  const number = RECORD.consumerNumber;
  reply.bulkLatin1('pel-count');
  reply.integer(pendingCount);
  reply.bulkLatin1('pending');
  const pending = pendingEntriesOf(database).open(RECORD.pendingTree);
  const wanted = count === 0 ? pendingCount : Math.min(count, pendingCount);
  reply.array(wanted);
  let left = wanted;
  for (let isThere = left > 0 && pending.seekFirst(); isThere; isThere = pending.next()) {
    if (pending.consumer !== number) continue;
    reply.array(3);
    replyId(reply, pending.readId(ID));
    reply.integer(pending.deliveredMs);
    reply.integer64(pending.timesDelivered);
    if (--left === 0) return;
  }
}

function executeGroups({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  if (!openStream(database, frame, reply)) return;
  reply.array(RECORD.groupCount);
  for (let isThere = RECORD.firstGroup(); isThere; isThere = RECORD.nextGroup()) {
    reply.map(6);
    reply.bulkLatin1('name');
    replyGroupName(reply);
    reply.bulkLatin1('consumers');
    reply.integer(RECORD.consumerCount);
    reply.bulkLatin1('pending');
    reply.integer(database.trees.count(RECORD.pendingTree));
    replyProgress(reply);
  }
}

function executeConsumers({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  if (!openStream(database, frame, reply)) return;
  if (!findGroupArgument(frame, 3)) return replyNoGroup(frame, reply);
  const { nowMs } = database.store.clock;
  reply.array(RECORD.consumerCount);
  for (let isThere = RECORD.firstConsumer(); isThere; isThere = RECORD.nextConsumer()) {
    reply.map(3);
    reply.bulkLatin1('name');
    replyConsumerName(reply);
    reply.bulkLatin1('pending');
    reply.integer(RECORD.consumerPending);
    reply.bulkLatin1('idle');
    reply.integer(Math.max(0, nowMs - RECORD.seenMs));
  }
}
