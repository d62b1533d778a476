import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import {
  cardinalityOf,
  isStale,
  keptCardinality,
  mergeInto,
  refreshCardinality,
  refusalOf,
  unshare,
} from './hll-value.ts';
import { REGISTER_COUNT } from './register-hash.ts';

export const pfcountCommand: CommandRow = {
  name: 'pfcount',
  arity: -2,
  flags: ['readonly'],
  mayReplicate: true,
  keys: [
    {
      ...keysAt(1, -1, 1, 'RW ACCESS'),
      notes:
        'RW because it may change the internal representation of the key, and propagate to ' +
        'replicas',
    },
  ],
  group: 'hyperloglog',
  since: '2.8.9',
  complexity:
    'O(1) with a very small average constant time when called with a single key. O(N) with N ' +
    'being the number of keys, and much bigger constant times, when called with multiple keys.',
  summary: 'Estimates how many different elements were added to one HyperLogLog or to any of some',
  syntax: 'key [key ...]',
  execute: executePfcount,
};

/** Scratch memory: used within one call. */
const MERGED = new Uint8Array(REGISTER_COUNT);

function executePfcount(session: Session, frame: Frame, reply: ReplyWriter): void {
  if (frame.count > 2) return countUnion(session, frame, reply);
  const database = session.database;
  const entry = database.read(frame, 1);
  if (entry === 0) return reply.integer(0);
  const refusal = refusalOf(database, entry);
  if (refusal !== null) return reply.error(refusal);
  unshare(database, entry);
  if (isStale(database, entry)) {
    if (!refreshCardinality(database, entry)) return reply.error(ERRORS.hllCorrupt);
    database.recordCommand(frame, EVENT.none, 1);
  }
  replyCardinality(reply, keptCardinality(database, entry));
}

function countUnion(session: Session, frame: Frame, reply: ReplyWriter): void {
  const database = session.database;
  MERGED.fill(0);
  for (let arg = 1; arg < frame.count; arg++) {
    const entry = database.read(frame, arg);
    if (entry === 0) continue;
    const refusal = refusalOf(database, entry);
    if (refusal !== null) return reply.error(refusal);
    if (!mergeInto(MERGED, database, entry)) return reply.error(ERRORS.hllCorrupt);
  }
  replyCardinality(reply, cardinalityOf(MERGED));
}

function replyCardinality(reply: ReplyWriter, cardinality: number | bigint): void {
  if (typeof cardinality === 'number') reply.integer(cardinality);
  else reply.integer64(cardinality);
}
