import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import { setStringArgument } from '../../engine/values/string/string-value.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';

export const msetCommand: CommandRow = {
  name: 'mset',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: [keysAt(1, -1, 2, 'OW UPDATE')],
  group: 'string',
  since: '1.0.1',
  complexity: 'O(N) where N is the number of keys to set.',
  summary: 'Stores several strings, all at once',
  syntax: 'key value [key value ...]',
  tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
  execute: executeMset,
};

export const msetnxCommand: CommandRow = {
  name: 'msetnx',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: [keysAt(1, -1, 2, 'OW INSERT')],
  group: 'string',
  since: '1.0.1',
  complexity: 'O(N) where N is the number of keys to set.',
  summary: 'Stores several strings, all or, if any of the keys exists, none',
  syntax: 'key value [key value ...]',
  tips: ['request_policy:multi_shard', 'response_policy:agg_min'],
  execute: executeMsetnx,
};

function executeMset(session: Session, frame: Frame, reply: ReplyWriter): void {
  if ((frame.count & 1) === 0) return replyArityError(reply, 'mset');
  storePairs(session, frame);
  reply.ok();
}

function executeMsetnx(session: Session, frame: Frame, reply: ReplyWriter): void {
  if ((frame.count & 1) === 0) return replyArityError(reply, 'msetnx');
  for (let arg = 1; arg < frame.count; arg += 2) {
    if (session.database.find(frame, arg) !== 0) return reply.integer(0);
  }
  storePairs(session, frame);
  reply.integer(1);
}

/** A key that stands there twice is stored twice: the last value stays. */
function storePairs(session: Session, frame: Frame): void {
  const { database } = session;
  const deadline = database.store.newDeadline();
  for (let arg = 1; arg < frame.count; arg += 2) {
    const entry = database.find(frame, arg);
    setStringArgument(database, entry, frame, arg, arg + 1, deadline, EVENT.set);
  }
}

function replyArityError(reply: ReplyWriter, name: string): void {
  reply.errorText(`ERR wrong number of arguments for '${name}' command`);
}
