import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { OpenSet } from '../../engine/values/set/open-set.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import { isSet, limitsOf, memberArgument, SET, settleShrunk } from './set-argument.ts';

export const smoveCommand: CommandRow = {
  name: 'smove',
  arity: 4,
  flags: ['write', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS DELETE'), keysAt(2, 0, 1, 'RW INSERT')],
  group: 'set',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Moves a member from one set to another',
  syntax: 'source destination member',
  execute: executeSmove,
};

const TARGET = new OpenSet();

function executeSmove(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database, store } = session;
  const target = database.find(frame, 2);
  const source = database.find(frame, 1);
  if (source === 0) return reply.integer(0);
  if (!isSet(database, source, reply)) return;
  if (target !== 0 && !isSet(database, target, reply)) return;
  const member = memberArgument(frame, 3);
  SET.open(database, source);
  if (source === target) return reply.integer(SET.has(member) ? 1 : 0);
  if (!SET.remove(member)) return reply.integer(0);
  const limits = limitsOf(session);
  if (target === 0) {
    database.find(frame, 2);
    TARGET.create(database, frame, 2, { first: member, sizeHint: 1, limits });
  } else {
    TARGET.open(database, target);
  }
  const isNew = TARGET.add(member, limits);
  store.stats[STORE_STAT.CHANGES]++;
  const { bytes, offsets, lengths } = frame;
  if (store.sink.isActive) {
    store.effect.borrow(frame, database.index, 1).alsoChanges(2);
    store.recordEffect(EVENT.srem);
    database.recordNewDeadline(frame, 2);
  }
  settleShrunk(database, SET);
  if (isNew) store.recordEvent(EVENT.sadd, database.index, bytes, offsets[2], lengths[2]);
  reply.integer(1);
}
