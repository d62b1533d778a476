import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { reserveForArguments } from '../../engine/values/packed/packed-room.ts';
import { PACKED_BYTES_MAX } from '../../engine/values/set/open-set.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import { isSet, limitsOf, memberArgument, SET, settleShrunk } from './set-argument.ts';

export const saddCommand: CommandRow = {
  name: 'sadd',
  arity: -3,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW INSERT')],
  group: 'set',
  since: '1.0.0',
  complexity:
    'O(1) for each element added, so O(N) to add N elements when the command is called with ' +
    'multiple arguments.',
  summary: 'Adds members to a set, making it when it is missing',
  syntax: 'key member [member ...]',
  execute: executeSadd,
};

export const sremCommand: CommandRow = {
  name: 'srem',
  arity: -3,
  flags: ['write', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW DELETE')],
  group: 'set',
  since: '1.0.0',
  complexity: 'O(N) where N is the number of members to be removed.',
  summary: 'Removes members from a set',
  syntax: 'key member [member ...]',
  execute: executeSrem,
};

function executeSadd(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database } = session;
  const limits = limitsOf(session);
  const entry = database.find(frame, 1);
  const sizeHint = frame.count - 2;
  if (entry === 0) {
    const first = memberArgument(frame, 2);
    SET.create(database, frame, 1, { first, sizeHint, limits });
    if (!SET.isIntset) {
      SET.open(database, reserveForArguments(database, SET.entry, frame, 2, PACKED_BYTES_MAX));
    }
  } else {
    if (!isSet(database, entry, reply)) return;
    SET.open(database, entry);
    if (sizeHint > 1) SET.expect(sizeHint, limits);
  }
  let added = 0;
  for (let arg = 2; arg < frame.count; arg++) {
    if (SET.add(memberArgument(frame, arg), limits)) added++;
  }
  if (added > 0) {
    session.store.stats[STORE_STAT.CHANGES] += added - 1;
    database.recordCommand(frame, EVENT.sadd, 1);
  }
  reply.integer(added);
}

function executeSrem({ database, store }: Session, frame: Frame, reply: ReplyWriter): void {
  const entry = database.find(frame, 1);
  if (entry === 0) return reply.integer(0);
  if (!isSet(database, entry, reply)) return;
  SET.open(database, entry);
  let removed = 0;
  for (let arg = 2; arg < frame.count && SET.count > 0; arg++) {
    if (SET.remove(memberArgument(frame, arg))) removed++;
  }
  if (removed > 0) {
    store.stats[STORE_STAT.CHANGES] += removed - 1;
    database.recordCommand(frame, EVENT.srem, 1);
    settleShrunk(database, SET);
  }
  reply.integer(removed);
}
