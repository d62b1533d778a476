import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { NO_FIELD_DEADLINE } from '../../engine/values/hash/open-hash.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import {
  FIELD,
  findArgument,
  HASH,
  isHash,
  limitsOf,
  openForChange,
  openForWriting,
  settleShrunk,
  showArgument,
  VALUE,
} from './hash-argument.ts';

export const hsetCommand: CommandRow = {
  name: 'hset',
  arity: -4,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW UPDATE')],
  group: 'hash',
  since: '2.0.0',
  complexity:
    'O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command ' +
    'is called with multiple field/value pairs.',
  summary: 'Gives fields of a hash values, making the hash when it is missing',
  syntax: 'key field value [field value ...]',
  execute: (session, frame, reply) => executeHset(session, frame, reply, 'hset'),
};

export const hmsetCommand: CommandRow = {
  name: 'hmset',
  arity: -4,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW UPDATE')],
  deprecated: { since: '4.0.0', replacedBy: '`HSET` with multiple field-value pairs' },
  group: 'hash',
  since: '2.0.0',
  complexity: 'O(N) where N is the number of fields being set.',
  summary: 'HSET that answers OK',
  syntax: 'key field value [field value ...]',
  execute: (session, frame, reply) => executeHset(session, frame, reply, 'hmset'),
};

export const hsetnxCommand: CommandRow = {
  name: 'hsetnx',
  arity: 4,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW INSERT')],
  group: 'hash',
  since: '2.0.0',
  complexity: 'O(1)',
  summary: 'Gives a field of a hash a value when there is no such field',
  syntax: 'key field value',
  execute: executeHsetnx,
};

export const hdelCommand: CommandRow = {
  name: 'hdel',
  arity: -3,
  flags: ['write', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW DELETE')],
  group: 'hash',
  since: '2.0.0',
  complexity: 'O(N) where N is the number of fields to be removed.',
  summary: 'Removes fields from a hash',
  syntax: 'key field [field ...]',
  execute: executeHdel,
};

function executeHset(session: Session, frame: Frame, reply: ReplyWriter, name: string): void {
  if (frame.count % 2 === 1) {
    return reply.errorText(`ERR wrong number of arguments for '${name}' command`);
  }
  const { database } = session;
  if (!openForWriting(database, frame, reply, 2)) return;
  const limits = limitsOf(session);
  const fieldCount = (frame.count - 2) >>> 1;
  let added = 0;
  for (let arg = 2; arg < frame.count; arg += 2) {
    showArgument(frame, arg, FIELD);
    showArgument(frame, arg + 1, VALUE);
    if (HASH.set(FIELD, VALUE, NO_FIELD_DEADLINE, limits)) added++;
  }
  session.store.stats[STORE_STAT.CHANGES] += fieldCount - 1;
  database.recordCommand(frame, EVENT.hset, 1);
  if (name === 'hset') reply.integer(added);
  else reply.ok();
}

function executeHsetnx(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database } = session;
  if (!openForWriting(database, frame, reply, 2)) return;
  if (findArgument(frame, 2)) return reply.integer(0);
  showArgument(frame, 2, FIELD);
  HASH.set(FIELD, showArgument(frame, 3, VALUE), NO_FIELD_DEADLINE, limitsOf(session));
  database.recordCommand(frame, EVENT.hset, 1);
  reply.integer(1);
}

function executeHdel({ database, store }: Session, frame: Frame, reply: ReplyWriter): void {
  const entry = database.find(frame, 1);
  if (entry === 0) return reply.integer(0);
  if (!isHash(database, entry, reply)) return;
  if (!openForChange(database, entry, frame, 2, 1)) return reply.integer(0);
  let removed = 0;
  for (let arg = 2; arg < frame.count && HASH.count > 0; arg++) {
    const { view, bytes, offsets, lengths } = frame;
    if (!HASH.locate(view, bytes, offsets[arg], lengths[arg])) continue;
    HASH.removeFound();
    removed++;
  }
  if (removed > 0) {
    store.stats[STORE_STAT.CHANGES] += removed - 1;
    database.recordCommand(frame, EVENT.hdel, 1);
  }
  settleShrunk(database);
  reply.integer(removed);
}
