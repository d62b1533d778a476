import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { copyEntry, moveEntry } from '../../engine/key-transfer.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';
import type { Session } from '../session.ts';

const INT32_MAX = 2n ** 31n - 1n;
const INT32_MIN = -(2n ** 31n);

/** The database that argument `arg` names, or null after an error reply. */
function parseDatabase(
  session: Session,
  frame: Frame,
  arg: number,
  reply: ReplyWriter,
): Database | null {
  const index = integer64Argument(frame, arg);
  if (index === null) {
    reply.error(ERRORS.notInteger);
    return null;
  }
  if (index > INT32_MAX || index < INT32_MIN) {
    reply.error(ERRORS.notInt32);
    return null;
  }
  // Numbers are the default store's databases, and no key moves from store to store.
  const { databases } = session.node.stores.default;
  const isNamed = session.database.store !== session.node.stores.default;
  if (isNamed || index < 0n || index >= databases.length) {
    reply.error(ERRORS.databaseOutOfRange);
    return null;
  }
  return databases[Number(index)];
}

function isSameKey(frame: Frame, left: number, right: number): boolean {
  const a = frame.offsets[left];
  const b = frame.offsets[right];
  const leftBytes = frame.bytes.subarray(a, a + frame.lengths[left]);
  const rightBytes = frame.bytes.subarray(b, b + frame.lengths[right]);
  return Buffer.compare(leftBytes, rightBytes) === 0;
}

export const copyCommand: CommandRow = {
  name: 'copy',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS'), keysAt(2, 0, 1, 'OW UPDATE')],
  group: 'generic',
  since: '6.2.0',
  complexity:
    'O(N) worst case for collections, where N is the number of nested items. ' +
    'O(1) for string values.',
  summary: 'Copy the value and the deadline of a key to another key',
  syntax: 'source destination [DB destination-db] [REPLACE]',
  execute(session, frame, reply) {
    let target: Database = session.database;
    let isReplacing = false;
    for (let arg = 3; arg < frame.count; arg++) {
      if (frame.equals(arg, 'REPLACE')) {
        isReplacing = true;
      } else if (frame.equals(arg, 'DB') && arg + 1 < frame.count) {
        const named = parseDatabase(session, frame, ++arg, reply);
        if (named === null) return;
        target = named;
      } else {
        return reply.error(ERRORS.syntax);
      }
    }
    const { database } = session;
    if (target === database && isSameKey(frame, 1, 2)) return reply.error(ERRORS.sameObject);
    if (database.read(frame, 1) === 0) return reply.integer(0);
    if (!isReplacing && target.find(frame, 2) !== 0) return reply.integer(0);
    copyEntry(database, database.find(frame, 1), target, frame, 2);
    reply.integer(1);
  },
};

export const moveCommand: CommandRow = {
  name: 'move',
  arity: 3,
  flags: ['write', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS UPDATE')],
  group: 'generic',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Move a key to another database unless that one has such a key',
  syntax: 'key db',
  execute(session, frame, reply) {
    const target = parseDatabase(session, frame, 2, reply);
    if (target === null) return;
    const { database } = session;
    if (target === database) return reply.error(ERRORS.sameObject);
    if (database.find(frame, 1) === 0 || target.find(frame, 1) !== 0) return reply.integer(0);
    moveEntry(database, database.find(frame, 1), target, frame, 1);
    reply.integer(1);
  },
};
