import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { StreamId } from '../../engine/values/stream/stream-id.ts';
import {
  type PendingEntries,
  pendingEntriesOf,
} from '../../engine/values/stream/stream-pending.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';
import {
  cText,
  findGroupArgument,
  recordPending,
  recordProgress,
  replyNoKeyOrGroup,
  requireConsumer,
} from './group-argument.ts';
import { ID_FORM, parseIdArgument, parseStartArgument, readIdArgument } from './id-argument.ts';
import {
  NOT_A_STREAM,
  RECORD,
  replyEntry,
  replyId,
  requireStream,
  WALKER,
} from './stream-argument.ts';

export const xclaimCommand: CommandRow = {
  name: 'xclaim',
  arity: -6,
  flags: ['write', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW UPDATE')],
  group: 'stream',
  since: '5.0.0',
  complexity: 'O(log N) with N being the number of messages in the PEL of the consumer group.',
  summary: 'Makes pending entries of a group those of another consumer',
  syntax:
    'key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] ' +
    '[RETRYCOUNT count] [FORCE] [JUSTID] [LASTID id]',
  tips: ['nondeterministic_output'],
  execute: executeXclaim,
};

export const xautoclaimCommand: CommandRow = {
  name: 'xautoclaim',
  arity: -6,
  flags: ['write', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW DELETE')],
  group: 'stream',
  since: '6.2.0',
  complexity: 'O(1) if COUNT is small.',
  summary: 'Makes entries that have been pending for long those of another consumer',
  syntax: 'key group consumer min-idle-time start [COUNT count] [JUSTID]',
  tips: ['nondeterministic_output'],
  execute: executeXautoclaim,
};

const COUNT_DEFAULT = 100;
/** Redis keeps 16 bytes for each, in a signed integer of 64 bits. */
const COUNT_MAX = 2 ** 59;
/** Entries looked at for each that may be claimed. */
const LOOKED_AT = 10;
/** Of an entry that FORCE makes, until it is claimed. */
const NO_CONSUMER = 0xffff_ffff;

const ID = new StreamId();
const LAST_ID = new StreamId();
const DELIVERED = new StreamId();
const PLACE = { keyArg: 1, groupArg: 2, consumerArg: 3 };

/** What is asked for. Reused by each. */
const CLAIM = {
  idleMin: 0,
  /** When the entries count as delivered. */
  deliveredMs: 0,
  /** -1: one more than before. */
  timesDelivered: -1n,
  isForced: false,
  onlyIds: false,
  /** Consumer that claims, once it is known. */
  number: NO_CONSUMER,
};

function executeXclaim(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database } = session;
  const entry = requireStream(database, frame, 1, reply);
  if (entry === NOT_A_STREAM) return;
  if (entry === 0 || !openGroup(database, frame, entry)) {
    return replyNoKeyOrGroup(frame, reply);
  }
  const idleMin = roundedIntegerArgument(frame, 4);
  if (Number.isNaN(idleMin)) return reply.error(ERRORS.streamIdleMinClaim);
  let idEnd = 5;
  while (idEnd < frame.count && readIdArgument(frame, idEnd, ID) === ID_FORM.WHOLE) idEnd++;
  begin(idleMin, database);
  if (!parseOptions(database, frame, idEnd, reply)) return;
  const { sink } = database.store;
  sink.beginGroup();
  RECORD.beforeChange();
  let isProgress = false;
  if (LAST_ID.compare(RECORD.readDeliveredId(DELIVERED)) > 0) {
    RECORD.writeDeliveredId(LAST_ID);
    isProgress = true;
  }
  const pending = pendingEntriesOf(database).open(RECORD.pendingTree);
  const mark = reply.openAggregate();
  let claimedCount = 0;
  let recordedCount = 0;
  for (let arg = 5; arg < idEnd; arg++) {
    readIdArgument(frame, arg, ID);
    let isPending = pending.find(ID);
    if (!WALKER.find(database, RECORD.nodes, ID)) {
      if (!isPending) continue;
      forget(database, frame, pending);
      recordedCount++;
      continue;
    }
    if (!isPending && CLAIM.isForced) {
      pending.insertMissed(ID, NO_CONSUMER, CLAIM.deliveredMs, 1);
      isPending = true;
    }
    if (!isPending || !claim(database, frame, pending)) continue;
    replyClaimed(reply);
    claimedCount++;
    recordedCount++;
  }
  if (isProgress && recordedCount === 0) {
    database.store.stats[STORE_STAT.CHANGES]++;
    recordProgress(database, frame, PLACE);
  }
  sink.endGroup();
  reply.closeArray(mark, claimedCount);
}

function executeXautoclaim(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database } = session;
  // As in Redis the key counts as read whatever is wrong with the other arguments.
  const entry = database.read(frame, 1);
  const idleMin = roundedIntegerArgument(frame, 4);
  if (Number.isNaN(idleMin)) return reply.error(ERRORS.streamIdleMinAutoclaim);
  if (!parseStartArgument(frame, 5, ID, reply)) return;
  begin(idleMin, database);
  let count = parseAutoclaimOptions(frame, reply);
  if (count === 0) return;
  if (entry !== 0 && database.typeOf(entry) !== TYPE.STREAM) return reply.error(ERRORS.wrongType);
  if (entry === 0 || !openGroup(database, frame, entry)) {
    return replyNoKeyOrGroup(frame, reply);
  }
  const { sink } = database.store;
  sink.beginGroup();
  RECORD.beforeChange();
  const pending = pendingEntriesOf(database).open(RECORD.pendingTree);
  const claimed: StreamId[] = [];
  const goneIds: StreamId[] = [];
  let isThere = pending.seek(ID);
  for (let left = count * LOOKED_AT; isThere && left > 0 && count > 0; left--) {
    pending.readId(ID);
    if (!WALKER.find(database, RECORD.nodes, ID)) {
      forget(database, frame, pending);
      goneIds.push(new StreamId().copyFrom(ID));
      count--;
      isThere = pending.isThere;
      continue;
    }
    if (claim(database, frame, pending)) {
      claimed.push(new StreamId().copyFrom(ID));
      count--;
    }
    isThere = pending.next();
  }
  sink.endGroup();
  if (isThere) pending.readId(DELIVERED);
  else DELIVERED.setZero();
  reply.array(3);
  replyId(reply, DELIVERED);
  reply.array(claimed.length);
  for (const id of claimed) {
    if (!CLAIM.onlyIds) WALKER.find(database, RECORD.nodes, id);
    ID.copyFrom(id);
    replyClaimed(reply);
  }
  reply.array(goneIds.length);
  for (const id of goneIds) replyId(reply, id);
}

function openGroup(database: Database, frame: Frame, entry: number): boolean {
  RECORD.open(database, entry);
  return findGroupArgument(frame, 2);
}

function begin(idleMin: number, database: Database): void {
  CLAIM.idleMin = Math.max(0, idleMin);
  CLAIM.deliveredMs = database.store.clock.nowMs;
  CLAIM.timesDelivered = -1n;
  CLAIM.isForced = false;
  CLAIM.onlyIds = false;
  CLAIM.number = NO_CONSUMER;
  LAST_ID.setZero();
}

function parseOptions(
  database: Database,
  frame: Frame,
  firstArg: number,
  reply: ReplyWriter,
): boolean {
  const { nowMs } = database.store.clock;
  for (let arg = firstArg; arg < frame.count; arg++) {
    const hasValue = arg + 1 < frame.count;
    if (frame.equals(arg, 'FORCE')) {
      CLAIM.isForced = true;
    } else if (frame.equals(arg, 'JUSTID')) {
      CLAIM.onlyIds = true;
    } else if (hasValue && (frame.equals(arg, 'IDLE') || frame.equals(arg, 'TIME'))) {
      const isIdle = frame.equals(arg, 'IDLE');
      const ms = roundedIntegerArgument(frame, ++arg);
      if (Number.isNaN(ms)) {
        reply.error(isIdle ? ERRORS.streamIdle : ERRORS.streamTime);
        return false;
      }
      const deliveredMs = isIdle ? nowMs - ms : ms;
      // What makes no sense is now: clients may do the sum with another clock. What a log says was
      // found to make sense when it was written: while it is loaded the clock is a little behind.
      const isLater = deliveredMs > nowMs && !database.store.isLoading;
      CLAIM.deliveredMs = deliveredMs < 0 || isLater ? nowMs : deliveredMs;
    } else if (hasValue && frame.equals(arg, 'RETRYCOUNT')) {
      const times = integer64Argument(frame, ++arg);
      if (times === null) {
        reply.error(ERRORS.streamRetrycount);
        return false;
      }
      CLAIM.timesDelivered = times;
    } else if (hasValue && frame.equals(arg, 'LASTID')) {
      if (!parseIdArgument(frame, ++arg, LAST_ID, reply)) return false;
    } else {
      reply.errorLatin1(`ERR Unrecognized XCLAIM option '${cText(frame, arg)}'`);
      return false;
    }
  }
  return true;
}

/** @returns COUNT, or 0 after the error reply */
function parseAutoclaimOptions(frame: Frame, reply: ReplyWriter): number {
  let count = COUNT_DEFAULT;
  for (let arg = 6; arg < frame.count; arg++) {
    if (arg + 1 < frame.count && frame.equals(arg, 'COUNT')) {
      count = roundedIntegerArgument(frame, ++arg);
      if (!(count >= 1 && count < COUNT_MAX)) {
        reply.error(ERRORS.countAboveZero);
        return 0;
      }
    } else if (frame.equals(arg, 'JUSTID')) {
      CLAIM.onlyIds = true;
    } else {
      reply.error(ERRORS.syntax);
      return 0;
    }
  }
  return count;
}

/** Takes the pending entry here, whose stream entry is gone, out of the group. */
function forget(database: Database, frame: Frame, pending: PendingEntries): void {
  RECORD.goToConsumer(pending.consumer);
  recordPending(database, frame, PLACE, ID, pending);
  RECORD.changePending(-1);
  pending.remove();
}

/**
 * Gives the pending entry here, ID, to the consumer that claims.
 * @returns  false when it has not been idle for long enough
 */
function claim(database: Database, frame: Frame, pending: PendingEntries): boolean {
  const { nowMs } = database.store.clock;
  let owner = pending.consumer;
  if (owner !== NO_CONSUMER && CLAIM.idleMin > 0) {
    if (nowMs - pending.deliveredMs < CLAIM.idleMin) return false;
  }
  if (CLAIM.number === NO_CONSUMER) {
    if (requireConsumer(database, frame, PLACE)) {
      RECORD.beforeChange();
      pending.find(ID);
      owner = pending.consumer;
    }
    CLAIM.number = RECORD.consumerNumber;
  }
  if (owner !== CLAIM.number) {
    if (owner !== NO_CONSUMER) {
      RECORD.goToConsumer(owner);
      RECORD.changePending(-1);
    }
    RECORD.goToConsumer(CLAIM.number);
    RECORD.changePending(1);
  } else {
    RECORD.goToConsumer(owner);
  }
  RECORD.activeMs = nowMs;
  pending.deliver(CLAIM.number, CLAIM.deliveredMs);
  if (CLAIM.timesDelivered >= 0n) pending.setTimesDelivered(CLAIM.timesDelivered);
  else if (!CLAIM.onlyIds) pending.countDelivery();
  recordPending(database, frame, PLACE, ID, pending);
  return true;
}

function replyClaimed(reply: ReplyWriter): void {
  if (CLAIM.onlyIds) replyId(reply, ID);
  else replyEntry(reply, WALKER);
}
