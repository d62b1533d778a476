import type { Frame } from '../../base/frame.ts';
import { listLength } from '../../engine/values/list/list-form.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';
import { ELEMENT, isList, WALKER } from './list-argument.ts';

export const llenCommand: CommandRow = {
  name: 'llen',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO')],
  group: 'list',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Tells how many elements a list has',
  syntax: 'key',
  execute({ database }, frame, reply) {
    const entry = database.read(frame, 1);
    if (entry === 0) return reply.integer(0);
    if (isList(database, entry, reply)) reply.integer(listLength(database, entry));
  },
};

export const lindexCommand: CommandRow = {
  name: 'lindex',
  arity: 3,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'list',
  since: '1.0.0',
  complexity:
    'O(N) where N is the number of elements to traverse to get to the element at index. This ' +
    'makes asking for the first or the last element of the list O(1).',
  summary: 'Returns the element of a list at an index',
  syntax: 'key index',
  execute: executeLindex,
};

export const lrangeCommand: CommandRow = {
  name: 'lrange',
  arity: 4,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  timesItself: true,
  group: 'list',
  since: '1.0.0',
  complexity:
    'O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest end ' +
    '(HEAD or TAIL) for large lists; and N is the number of elements in the specified range.',
  summary: 'Returns the elements of a list between two indexes',
  syntax: 'key start stop',
  execute: executeLrange,
};

function executeLindex({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  const entry = database.read(frame, 1);
  if (entry === 0) return reply.null();
  if (!isList(database, entry, reply)) return;
  const index = roundedIntegerArgument(frame, 2);
  if (Number.isNaN(index)) return reply.error(ERRORS.notInteger);
  const fromHead = index < 0 ? index + listLength(database, entry) : index;
  if (!WALKER.open(database, entry, fromHead)) return reply.null();
  WALKER.read(ELEMENT);
  reply.bulkView(ELEMENT.bytes, ELEMENT.view, ELEMENT.offset, ELEMENT.length);
}

function executeLrange({ database, node }: Session, frame: Frame, reply: ReplyWriter): void {
  let start = roundedIntegerArgument(frame, 2);
  let stop = roundedIntegerArgument(frame, 3);
  if (Number.isNaN(start) || Number.isNaN(stop)) return reply.error(ERRORS.notInteger);
  const entry = database.read(frame, 1);
  if (entry === 0) return reply.array(0);
  if (!isList(database, entry, reply)) return;
  const length = listLength(database, entry);
  start = Math.max(0, start < 0 ? start + length : start);
  stop = Math.min(length - 1, stop < 0 ? stop + length : stop);
  if (start > stop) return reply.array(0);
  const count = stop - start + 1;
  node.stopwatch.startIfLong(count);
  reply.array(count);
  WALKER.open(database, entry, start);
  for (let i = 0; i < count; i++) {
    WALKER.read(ELEMENT);
    reply.bulkView(ELEMENT.bytes, ELEMENT.view, ELEMENT.offset, ELEMENT.length);
    WALKER.next();
  }
}
