/**
 * XREAD and XREADGROUP. What waits is run again with the key that became ready, and then follows
 * other rules, as in redis-server 7.0: it is served as soon as the stream's last id is above the
 * one waited from, be the entry gone again, and without COUNT it gets a thousand entries at most.
 */
import { Frame } from '../../base/frame.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { StreamId } from '../../engine/values/stream/stream-id.ts';
import { findLastId } from '../../engine/values/stream/stream-remove.ts';
import { ERRORS, type ErrorRow } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { CommandRow } from '../command-row.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';
import { deliverNew, replyHistory } from './deliver.ts';
import { cText, findGroupArgument } from './group-argument.ts';
import { ID_FORM, parseIdArgument, readIdArgument } from './id-argument.ts';
import { ID_MAX, NOT_A_STREAM, RECORD, replyRange, requireStream } from './stream-argument.ts';

export const xreadCommand: CommandRow = {
  name: 'xread',
  arity: -4,
  flags: ['readonly', 'blocking', 'movablekeys'],
  keys: [
    {
      flags: 'RO ACCESS',
      begin: { keyword: 'STREAMS', startFrom: 1 },
      find: { lastKey: -1, step: 1, limit: 2 },
    },
  ],
  group: 'stream',
  since: '5.0.0',
  complexity:
    'For each stream mentioned: O(N) with N being the number of elements being returned, it ' +
    'means that XREAD-ing with a fixed COUNT is O(1). Note that when the BLOCK option is used, ' +
    'XADD will pay O(M) time in order to serve the M clients blocked on the stream getting new ' +
    'data.',
  summary: 'Returns the entries of streams behind given ids, or waits for some',
  syntax: '[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]',
  execute: (session, frame, reply) => executeRead(session, frame, reply, false),
};

export const xreadgroupCommand: CommandRow = {
  name: 'xreadgroup',
  arity: -7,
  flags: ['write', 'blocking', 'movablekeys'],
  keys: [
    {
      flags: 'RO ACCESS',
      begin: { keyword: 'STREAMS', startFrom: 4 },
      find: { lastKey: -1, step: 1, limit: 2 },
    },
  ],
  group: 'stream',
  since: '5.0.0',
  complexity:
    'For each stream mentioned: O(M) with M being the number of elements returned. If M is ' +
    'constant (e.g. always asking for the first 10 elements with COUNT), you can consider it ' +
    'O(1). On the other side when XREADGROUP blocks, XADD will pay the O(N) time in order to ' +
    'serve the N clients blocked on the stream getting new data.',
  summary: 'Delivers new entries of streams to a consumer of a group, or its pending ones again',
  syntax:
    '<GROUP group consumer> [COUNT count] [BLOCK milliseconds] [NOACK] ' +
    'STREAMS key [key ...] id [id ...]',
  execute: (session, frame, reply) => executeRead(session, frame, reply, true),
};

/** Of what a client waited for. */
const WAITED_COUNT_MAX = 1000;

/** What was asked for. Reused by each. */
class ReadOptions {
  isGroup = false;
  /** -1: does not wait. */
  timeoutMs = -1;
  /** 0: all. */
  count = 0;
  noAck = false;
  /** Of the group's name, the consumer's follows; 0: none given. */
  groupArg = 0;
  keyArg = 0;
  keyCount = 0;
}

const OPTIONS = new ReadOptions();
const AFTER = new StreamId();
const LAST = new StreamId();
const RANGE = { first: AFTER, last: ID_MAX, count: 0, isBackwards: false };

function executeRead(session: Session, frame: Frame, reply: ReplyWriter, isGroup: boolean): void {
  if (!parseOptions(session, frame, isGroup, reply)) return;
  const { keyArg, keyCount } = OPTIONS;
  for (let i = 0; i < keyCount; i++) {
    if (!checkStream(session, frame, keyArg + i, reply)) return;
  }
  // Where the array or map begins, once something is written.
  let mark = -1;
  let servedCount = 0;
  for (let i = 0; i < keyCount; i++) {
    const arg = keyArg + i;
    const entry = session.database.read(frame, arg);
    if (entry === 0) continue;
    RECORD.open(session.database, entry);
    if (!isDue(session, frame, arg)) continue;
    if (servedCount++ === 0) mark = reply.openAggregate();
    if (reply.protocol === 2) reply.array(2);
    reply.bulkView(frame.bytes, frame.view, frame.offsets[arg], frame.lengths[arg]);
    serve(session, frame, arg, reply);
  }
  if (servedCount > 0) {
    if (reply.protocol === 2) reply.closeArray(mark, servedCount);
    else reply.closeMap(mark, servedCount);
    return;
  }
  if (OPTIONS.timeoutMs < 0) return reply.nullArray();
  wait(session, frame, reply);
}

function parseOptions(
  session: Session,
  frame: Frame,
  isGroup: boolean,
  reply: ReplyWriter,
): boolean {
  const options = OPTIONS;
  options.isGroup = isGroup;
  options.timeoutMs = -1;
  options.count = 0;
  options.noAck = false;
  options.groupArg = 0;
  options.keyArg = 0;
  for (let arg = 1; arg < frame.count && options.keyArg === 0; ) {
    const used = parseOption(session, frame, arg, reply);
    if (used === 0) return false;
    arg += used;
  }
  if (options.keyArg === 0) {
    reply.error(ERRORS.syntax);
    return false;
  }
  if (!isGroup || options.groupArg > 0) return true;
  reply.error(ERRORS.streamNoGroupOption);
  return false;
}

/** @returns  arguments that the option takes; 0 after the error reply */
function parseOption(session: Session, frame: Frame, arg: number, reply: ReplyWriter): number {
  const left = frame.count - arg - 1;
  const { isGroup } = OPTIONS;
  if (left > 0 && frame.equals(arg, 'COUNT')) {
    const count = roundedIntegerArgument(frame, arg + 1);
    if (Number.isNaN(count)) return refuse(reply, ERRORS.notInteger);
    OPTIONS.count = Math.max(0, count);
    return 2;
  }
  if (left > 0 && frame.equals(arg, 'STREAMS')) {
    if (left % 2 === 1) return refuse(reply, ERRORS.streamUnbalanced);
    OPTIONS.keyArg = arg + 1;
    OPTIONS.keyCount = left / 2;
    return 1;
  }
  if (left > 0 && frame.equals(arg, 'BLOCK')) {
    if (session.isInScript) {
      reply.errorLatin1(
        `ERR ${cText(frame, 0)} command is not allowed with BLOCK option from scripts`,
      );
      return 0;
    }
    OPTIONS.timeoutMs = session.node.blocking.parseTimeoutMs(frame, arg + 1, reply);
    return OPTIONS.timeoutMs < 0 ? 0 : 2;
  }
  if (left > 1 && frame.equals(arg, 'GROUP')) {
    if (!isGroup) return refuse(reply, ERRORS.streamGroupRefused);
    OPTIONS.groupArg = arg + 1;
    return 3;
  }
  if (frame.equals(arg, 'NOACK')) {
    if (!isGroup) return refuse(reply, ERRORS.streamNoackRefused);
    OPTIONS.noAck = true;
    return 1;
  }
  return refuse(reply, ERRORS.syntax);
}

function refuse(reply: ReplyWriter, error: ErrorRow): number {
  reply.error(error);
  return 0;
}

/** Whether key, group and id are as they should be. False after the error reply. */
function checkStream(session: Session, frame: Frame, arg: number, reply: ReplyWriter): boolean {
  const { database } = session;
  const idArg = arg + OPTIONS.keyCount;
  const entry = requireStream(database, frame, arg, reply);
  if (entry === NOT_A_STREAM) return false;
  if (OPTIONS.isGroup) {
    if (entry !== 0) RECORD.open(database, entry);
    if (entry === 0 || !findGroupArgument(frame, OPTIONS.groupArg)) {
      replyNoGroup(session, frame, arg, reply);
      return false;
    }
    if (frame.equals(idArg, '>')) return true;
    if (frame.equals(idArg, '$')) {
      reply.error(ERRORS.streamDollarRefused);
      return false;
    }
  } else {
    if (frame.equals(idArg, '$') || frame.equals(idArg, '+')) return true;
    if (frame.equals(idArg, '>')) {
      reply.error(ERRORS.streamNewRefused);
      return false;
    }
  }
  return parseIdArgument(frame, idArg, AFTER, reply);
}

function replyNoGroup(session: Session, frame: Frame, arg: number, reply: ReplyWriter): void {
  if (session.node.blocking.isRunningAgain) return reply.error(ERRORS.streamGroupGone);
  const key = cText(frame, arg);
  const group = cText(frame, OPTIONS.groupArg);
  reply.errorLatin1(
    `NOGROUP No such key '${key}' or consumer group '${group}' in XREADGROUP with GROUP option`,
  );
}

/**
 * Whether the open stream has something for this client: entries behind the id, which AFTER then
 * holds, or a consumer's own history.
 */
function isDue(session: Session, frame: Frame, arg: number): boolean {
  const { database } = session;
  const idArg = arg + OPTIONS.keyCount;
  if (OPTIONS.isGroup) {
    findGroupArgument(frame, OPTIONS.groupArg);
    if (!asksForNew(frame, idArg)) return true;
    RECORD.readDeliveredId(AFTER);
  } else {
    readAfter(session, frame, idArg);
  }
  if (session.node.blocking.isRunningAgain) return RECORD.readLastId(LAST).compare(AFTER) > 0;
  if (RECORD.length === 0) return false;
  findLastId(database, RECORD, LAST);
  return LAST.compare(AFTER) > 0;
}

/** The largest id of all means `>` in Redis too. AFTER holds the id if there is one. */
function asksForNew(frame: Frame, idArg: number): boolean {
  if (frame.equals(idArg, '>')) return true;
  return readIdArgument(frame, idArg, AFTER) === ID_FORM.WHOLE && AFTER.compare(ID_MAX) === 0;
}

/** The id behind which XREAD reads in the open stream. */
function readAfter(session: Session, frame: Frame, idArg: number): void {
  if (frame.equals(idArg, '$')) {
    RECORD.readLastId(AFTER);
  } else if (frame.equals(idArg, '+')) {
    // From before the last entry on; where there is none, as `$`.
    if (findLastId(session.database, RECORD, AFTER)) AFTER.decrement();
    else RECORD.readLastId(AFTER);
  } else {
    readIdArgument(frame, idArg, AFTER);
  }
}

function serve(session: Session, frame: Frame, arg: number, reply: ReplyWriter): void {
  const { database } = session;
  const { blocking } = session.node;
  const idArg = arg + OPTIONS.keyCount;
  const isDefaulted = blocking.isRunningAgain && OPTIONS.count === 0;
  const count = isDefaulted ? WAITED_COUNT_MAX : OPTIONS.count;
  if (!OPTIONS.isGroup) {
    AFTER.increment();
    RANGE.count = count;
    replyRange(database, RECORD, RANGE, reply);
    return;
  }
  const { groupArg, noAck } = OPTIONS;
  const place = { keyArg: arg, groupArg, consumerArg: groupArg + 1, count, noAck };
  if (asksForNew(frame, idArg)) {
    RECORD.readDeliveredId(AFTER).increment();
    deliverNew(session, frame, place, AFTER, reply);
  } else {
    AFTER.increment();
    replyHistory(session, frame, place, AFTER, reply);
  }
}

function wait(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { keyArg, keyCount, timeoutMs, isGroup } = OPTIONS;
  session.node.blocking.blockOnKeys(session, frame, reply, {
    firstKeyArg: keyArg,
    keyCount,
    hasKeyArguments: true,
    timeoutMs,
    type: TYPE.STREAM,
    timeoutReply: 'null-array',
    unblockOnDelete: isGroup,
    replay: isGroup ? frame : replayOf(session, frame),
  });
}

/** The command with ids in place of `$` and `+`: what was there when it came is not waited for. */
function replayOf(session: Session, frame: Frame): Frame {
  const { keyArg, keyCount } = OPTIONS;
  const texts: Uint8Array[] = [];
  let isChanged = false;
  for (let arg = 0; arg < frame.count; arg++) {
    const isId = arg >= keyArg + keyCount;
    if (!isId || !(frame.equals(arg, '$') || frame.equals(arg, '+'))) {
      texts.push(frame.copyArgument(arg));
      continue;
    }
    isChanged = true;
    const entry = session.database.find(frame, arg - keyCount);
    AFTER.setZero();
    if (entry !== 0) RECORD.open(session.database, entry).readLastId(AFTER);
    texts.push(Buffer.from(AFTER.toString(), 'latin1'));
  }
  if (!isChanged) return frame;
  const replay = new Frame();
  replay.attach(new Uint8Array(Buffer.concat(texts)));
  let offset = 0;
  for (const { length } of texts) {
    replay.append(offset, length);
    offset += length;
  }
  return replay;
}
