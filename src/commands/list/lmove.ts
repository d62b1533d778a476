import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import {
  createList,
  pushElement,
  readEnd,
  removeReadEnd,
} from '../../engine/values/list/list-ends.ts';
import { settleGrowingList } from '../../engine/values/list/list-form.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import { ELEMENT, isList, PLAN, parseEnd, settleShrunk, sizeSetting } from './list-argument.ts';

const KEYS = [keysAt(1, 0, 1, 'RW ACCESS DELETE'), keysAt(2, 0, 1, 'RW INSERT')];

export const lmoveCommand: CommandRow = {
  name: 'lmove',
  arity: 5,
  flags: ['write', 'denyoom'],
  keys: KEYS,
  group: 'list',
  since: '6.2.0',
  complexity: 'O(1)',
  summary: 'Takes an element off one end of a list and puts it at an end of another, or the same',
  syntax: 'source destination <LEFT | RIGHT> <LEFT | RIGHT>',
  execute(session, frame, reply) {
    const from = parseEnd(frame, 3, reply);
    const to = from === null ? null : parseEnd(frame, 4, reply);
    if (from === null || to === null) return;
    if (!move(session, frame, reply, from, to)) reply.null();
  },
};

export const rpoplpushCommand: CommandRow = {
  name: 'rpoplpush',
  arity: 3,
  flags: ['write', 'denyoom'],
  keys: KEYS,
  deprecated: { since: '6.2.0', replacedBy: '`LMOVE` with the `RIGHT` and `LEFT` arguments' },
  group: 'list',
  since: '1.2.0',
  complexity: 'O(1)',
  summary: 'Moves the last element of a list to the head of another, or of the same',
  syntax: 'source destination',
  execute(session, frame, reply) {
    if (!move(session, frame, reply, false, true)) reply.null();
  },
};

export const blmoveCommand: CommandRow = {
  name: 'blmove',
  arity: 6,
  flags: ['write', 'denyoom', 'noscript', 'blocking'],
  keys: KEYS,
  group: 'list',
  since: '6.2.0',
  complexity: 'O(1)',
  summary: 'LMOVE that waits until the source has an element',
  syntax: 'source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout',
  execute(session, frame, reply) {
    const from = parseEnd(frame, 3, reply);
    const to = from === null ? null : parseEnd(frame, 4, reply);
    if (from !== null && to !== null) moveOrBlock(session, frame, reply, from, to, 5);
  },
};

export const brpoplpushCommand: CommandRow = {
  name: 'brpoplpush',
  arity: 4,
  flags: ['write', 'denyoom', 'noscript', 'blocking'],
  keys: KEYS,
  deprecated: { since: '6.2.0', replacedBy: '`BLMOVE` with the `RIGHT` and `LEFT` arguments' },
  group: 'list',
  since: '2.2.0',
  complexity: 'O(1)',
  summary: 'RPOPLPUSH that waits until the source has an element',
  syntax: 'source destination timeout',
  execute(session, frame, reply) {
    moveOrBlock(session, frame, reply, false, true, 3);
  },
};

function moveOrBlock(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  from: boolean,
  to: boolean,
  timeoutArg: number,
): void {
  const timeoutMs = session.node.blocking.parseTimeoutS(frame, timeoutArg, reply);
  if (timeoutMs < 0 || move(session, frame, reply, from, to)) return;
  session.node.blocking.blockOnKeys(session, frame, reply, {
    firstKeyArg: 1,
    keyCount: 1,
    timeoutMs,
    type: TYPE.LIST,
    timeoutReply: 'null-array',
    refusedReply: 'null',
  });
}

/**
 * Moves one element and writes it, or an error.
 * @param fromHead  true: LEFT
 * @returns         false, with nothing written, when the source is empty
 */
function move(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  fromHead: boolean,
  toHead: boolean,
): boolean {
  const { database } = session;
  let target = database.find(frame, 2);
  let source = database.find(frame, 1);
  if (source === 0) return false;
  if (!isList(database, source, reply)) return true;
  if (target !== 0 && !isList(database, target, reply)) return true;
  readEnd(database, source, fromHead, ELEMENT);
  reply.bulkView(ELEMENT.bytes, ELEMENT.view, ELEMENT.offset, ELEMENT.length);
  // A copy: the two lists may be one, and its elements lie where the new one goes.
  const element = ELEMENT.copy();
  const view = new DataView(element.buffer);
  const isSame = target === source;
  source = removeReadEnd(database, source, fromHead);
  if (isSame) {
    target = source;
  } else if (target === 0) {
    database.find(frame, 2);
    target = createList(database, frame, 2);
  }
  settleGrowingList(database, target, sizeSetting(session), element.length, 1);
  PLAN.ofText(view, element, 0, element.length);
  target = pushElement(database, target, toHead, PLAN);
  record(session, frame, fromHead, toHead);
  settleShrunk(session, isSame ? target : source, false);
  return true;
}

function record(session: Session, frame: Frame, fromHead: boolean, toHead: boolean): void {
  const { database, store } = session;
  store.stats[STORE_STAT.CHANGES]++;
  if (!store.sink.isActive) return database.recordNewDeadline(frame, 2);
  const { bytes, offsets, lengths } = frame;
  const effect = store.effect.begin('LMOVE', database.index, 1);
  effect.bytes(bytes, offsets[1], lengths[1]).bytes(bytes, offsets[2], lengths[2]);
  effect.text(fromHead ? 'LEFT' : 'RIGHT').text(toHead ? 'LEFT' : 'RIGHT');
  effect.alsoChanges(2);
  store.recordEffect(EVENT.none);
  database.recordNewDeadline(frame, 2);
  const pushed = toHead ? EVENT.lpush : EVENT.rpush;
  store.recordEvent(pushed, database.index, bytes, offsets[2], lengths[2]);
  const popped = fromHead ? EVENT.lpop : EVENT.rpop;
  store.recordEvent(popped, database.index, bytes, offsets[1], lengths[1]);
}
