import type { Frame } from '../../base/frame.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import {
  isList,
  parseCount,
  popMany,
  popOne,
  recordPop,
  settleShrunk,
  WALKER,
} from './list-argument.ts';

export const lpopCommand = popRow('lpop', true, 'first');
export const rpopCommand = popRow('rpop', false, 'last');

function popRow(name: string, atHead: boolean, which: string): CommandRow {
  return {
    name,
    arity: -2,
    flags: ['write', 'fast'],
    keys: [keysAt(1, 0, 1, 'RW ACCESS DELETE')],
    group: 'list',
    since: '1.0.0',
    complexity: 'O(N) where N is the number of elements returned',
    summary: `Takes the ${which} elements out of a list and returns them`,
    syntax: 'key [count]',
    execute: (session, frame, reply) => executePop(session, frame, reply, atHead),
  };
}

function executePop(session: Session, frame: Frame, reply: ReplyWriter, atHead: boolean): void {
  const { database } = session;
  if (frame.count > 3) {
    const name = atHead ? 'lpop' : 'rpop';
    return reply.errorText(`ERR wrong number of arguments for '${name}' command`);
  }
  const hasCount = frame.count === 3;
  const count = hasCount ? parseCount(frame, 2, reply) : 1;
  if (count < 0) return;
  const entry = database.find(frame, 1);
  if (entry === 0) return hasCount ? reply.nullArray() : reply.null();
  if (!isList(database, entry, reply)) return;
  if (count === 0) return reply.array(0);
  if (!hasCount) {
    const placed = popOne(database, entry, atHead, reply);
    recordPop(database, frame, 1, atHead, 1);
    return settleShrunk(session, placed, false);
  }
  const taken = popMany(database, entry, atHead, count, reply);
  recordPop(database, frame, 1, atHead, taken);
  settleShrunk(session, WALKER.entry || entry, WALKER.entry === 0);
}
