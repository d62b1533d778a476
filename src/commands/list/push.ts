import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { createList, pushElement } from '../../engine/values/list/list-ends.ts';
import {
  listLength,
  PACKED_BYTES_MAX,
  settleGrowingList,
} from '../../engine/values/list/list-form.ts';
import { reserveForArguments } from '../../engine/values/packed/packed-room.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import { isList, planArgument, sizeSetting } from './list-argument.ts';

const COMPLEXITY =
  'O(1) for each element added, so O(N) to add N elements when the command is called with ' +
  'multiple arguments.';

export const lpushCommand = pushRow('lpush', '1.0.0', true, false, 'at the head, in order');
export const rpushCommand = pushRow('rpush', '1.0.0', false, false, 'at the tail, in order');
export const lpushxCommand = pushRow('lpushx', '2.2.0', true, true, 'at the head');
export const rpushxCommand = pushRow('rpushx', '2.2.0', false, true, 'at the tail');

function pushRow(
  name: string,
  since: string,
  atHead: boolean,
  needsKey: boolean,
  place: string,
): CommandRow {
  const condition = needsKey ? ', when there is one' : ', making it when it is missing';
  return {
    name,
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keys: [keysAt(1, 0, 1, 'RW INSERT')],
    group: 'list',
    since,
    complexity: COMPLEXITY,
    summary: `Adds elements to a list ${place}${condition}`,
    syntax: 'key element [element ...]',
    execute: (session, frame, reply) => executePush(session, frame, reply, atHead, needsKey),
  };
}

function executePush(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  atHead: boolean,
  needsKey: boolean,
): void {
  const { database } = session;
  let entry = database.find(frame, 1);
  if (entry === 0) {
    if (needsKey) return reply.integer(0);
    entry = createList(database, frame, 1);
    entry = reserveForArguments(database, entry, frame, 2, PACKED_BYTES_MAX);
  } else if (!isList(database, entry, reply)) {
    return;
  }
  const addedCount = frame.count - 2;
  let addedBytes = 0;
  for (let arg = 2; arg < frame.count; arg++) addedBytes += frame.lengths[arg];
  settleGrowingList(database, entry, sizeSetting(session), addedBytes, addedCount);
  for (let arg = 2; arg < frame.count; arg++) {
    entry = pushElement(database, entry, atHead, planArgument(frame, arg));
  }
  database.store.stats[STORE_STAT.CHANGES] += addedCount - 1;
  database.recordCommand(frame, atHead ? EVENT.lpush : EVENT.rpush, 1);
  reply.integer(listLength(database, entry));
}
