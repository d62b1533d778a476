import type { Frame } from '../../base/frame.ts';
import { renameEntry } from '../../engine/key-transfer.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import { type CommandRow, keysAt } from '../command-row.ts';

/** The same key under two argument numbers. */
function isSameArgument(frame: Frame, left: number, right: number): boolean {
  const length = frame.lengths[left];
  if (length !== frame.lengths[right]) return false;
  const a = frame.offsets[left];
  const b = frame.offsets[right];
  for (let i = 0; i < length; i++) {
    if (frame.bytes[a + i] !== frame.bytes[b + i]) return false;
  }
  return true;
}

export const renameCommand: CommandRow = {
  name: 'rename',
  arity: 3,
  flags: ['write'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS DELETE'), keysAt(2, 0, 1, 'OW UPDATE')],
  group: 'generic',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Give a key another name, replacing the key that had it',
  syntax: 'key newkey',
  execute({ database }, frame, reply) {
    const entry = database.find(frame, 1);
    if (entry === 0) return reply.error(ERRORS.noSuchKey);
    if (!isSameArgument(frame, 1, 2)) renameEntry(database, entry, frame, 1, 2);
    reply.ok();
  },
};

export const renamenxCommand: CommandRow = {
  name: 'renamenx',
  arity: 3,
  flags: ['write', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS DELETE'), keysAt(2, 0, 1, 'OW INSERT')],
  group: 'generic',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Give a key another name unless that name is taken',
  syntax: 'key newkey',
  execute({ database }, frame, reply) {
    if (database.find(frame, 1) === 0) return reply.error(ERRORS.noSuchKey);
    if (database.find(frame, 2) !== 0) return reply.integer(0);
    const entry = database.find(frame, 1);
    renameEntry(database, entry, frame, 1, 2);
    reply.integer(1);
  },
};
