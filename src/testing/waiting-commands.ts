import type { Frame } from '../base/frame.ts';
import { type CommandRow, keysAt } from '../commands/command-row.ts';
import { COMMAND_ROWS } from '../commands/command-table.ts';
import type { Session } from '../commands/session.ts';
import { NO_DEADLINE } from '../engine/database.ts';
import { EVENT } from '../engine/event-table.ts';
import { TYPE } from '../engine/keyspace/entry.ts';
import { setStringArgument } from '../engine/values/string/string-value.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';

const COMMON = {
  group: 'string',
  since: '7.0.0',
  complexity: 'O(N)',
  summary: 'For tests of waiting',
} as const;

/** `TAKE key [key ...] timeout`: removes the first string there is and answers with its key. */
const takeCommand: CommandRow = {
  ...COMMON,
  name: 'take',
  arity: -3,
  flags: ['write', 'blocking'],
  keys: [keysAt(1, -2, 1, 'RW DELETE')],
  syntax: 'key [key ...] timeout',
  execute: (session, frame, reply) => take(session, frame, reply, EVENT.del),
};

/** `HAND source target timeout`: removes the source, and puts a string under the target. */
const handCommand: CommandRow = {
  ...COMMON,
  name: 'hand',
  arity: 4,
  flags: ['write', 'blocking'],
  keys: [keysAt(1, 2, 1, 'RW DELETE')],
  syntax: 'source target timeout',
  execute(session, frame, reply) {
    const { blocking } = session.node;
    const timeoutMs = blocking.parseTimeoutS(frame, 3, reply);
    if (timeoutMs < 0) return;
    const { database } = session;
    const entry = database.find(frame, 1);
    if (entry === 0) {
      const wait = { firstKeyArg: 1, keyCount: 1, timeoutMs, type: TYPE.STRING } as const;
      blocking.blockOnKeys(session, frame, reply, { ...wait, timeoutReply: 'null' });
      return;
    }
    database.remove(entry, EVENT.del);
    put(session, frame, 2);
    reply.simple('HANDED');
  },
};

/** `READS key timeout`: answers when the key is written, and hears of its removal. */
const readsCommand: CommandRow = {
  ...COMMON,
  name: 'reads',
  arity: 3,
  flags: ['readonly', 'blocking'],
  keys: [keysAt(1, 1, 1, 'RO ACCESS')],
  syntax: 'key timeout',
  execute(session, frame, reply) {
    const { blocking } = session.node;
    const timeoutMs = blocking.parseTimeoutS(frame, 2, reply);
    if (timeoutMs < 0) return;
    if (blocking.isRunningAgain) return reply.simple('FOUND');
    blocking.blockOnKeys(session, frame, reply, {
      firstKeyArg: 1,
      keyCount: 1,
      timeoutMs,
      type: TYPE.STRING,
      timeoutReply: 'null-array',
      unblockOnDelete: true,
    });
  },
};

/** `BREAKS key change`: waits, and throws when run again, after a change when that is 1. */
const breaksCommand: CommandRow = {
  ...COMMON,
  name: 'breaks',
  arity: 3,
  flags: ['write', 'blocking'],
  keys: [keysAt(1, 1, 1, 'RW DELETE')],
  syntax: 'key change',
  execute(session, frame, reply) {
    const { blocking } = session.node;
    if (blocking.isRunningAgain) {
      if (frame.latin1(2) === '1') take(session, frame, reply, EVENT.del);
      throw new Error('planted');
    }
    const wait = { firstKeyArg: 1, keyCount: 1, timeoutMs: 0, type: TYPE.STRING } as const;
    blocking.blockOnKeys(session, frame, reply, { ...wait, timeoutReply: 'null' });
  },
};

function take(session: Session, frame: Frame, reply: ReplyWriter, event: number): void {
  const { blocking } = session.node;
  const timeoutArg = frame.count - 1;
  const timeoutMs = blocking.parseTimeoutS(frame, timeoutArg, reply);
  if (timeoutMs < 0) return;
  const { database } = session;
  for (let arg = 1; arg < timeoutArg; arg++) {
    const entry = database.find(frame, arg);
    if (entry === 0 || database.typeOf(entry) !== TYPE.STRING) continue;
    database.remove(entry, event);
    reply.bulk(frame.bytes, frame.offsets[arg], frame.lengths[arg]);
    return;
  }
  const keyCount = timeoutArg - 1;
  const wait = { firstKeyArg: 1, keyCount, timeoutMs, type: TYPE.STRING } as const;
  blocking.blockOnKeys(session, frame, reply, {
    ...wait,
    timeoutReply: 'null-array',
    refusedReply: 'null',
  });
}

function put(session: Session, frame: Frame, arg: number): void {
  const { database } = session;
  const entry = database.find(frame, arg);
  setStringArgument(database, entry, frame, arg, arg, NO_DEADLINE, EVENT.set);
}

/**
 * Commands that wait for strings, which no real one does: what they need of the engine is little.
 * To be called before the node is made; they are then known to every node of the process.
 */
export function addWaitingCommands(): void {
  const rows = COMMAND_ROWS as CommandRow[];
  if (rows.includes(takeCommand)) return;
  rows.push(takeCommand, handCommand, readsCommand, breaksCommand);
}
