import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import {
  createHll,
  HllTarget,
  markStale,
  RAISED,
  raiseRegister,
  refusalOf,
  unshare,
} from './hll-value.ts';
import { hashRegister, INDEX_BITS, INDEX_MASK } from './register-hash.ts';

export const pfaddCommand: CommandRow = {
  name: 'pfadd',
  arity: -2,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW INSERT')],
  group: 'hyperloglog',
  since: '2.8.9',
  complexity: 'O(1) to add every element.',
  summary: 'Adds elements to a HyperLogLog and tells whether its estimate may have changed',
  syntax: 'key [element [element ...]]',
  execute: executePfadd,
};

const FIRST_ELEMENT_ARG = 2;
const TARGET = new HllTarget();

function executePfadd(session: Session, frame: Frame, reply: ReplyWriter): void {
  const database = session.database;
  let entry = database.find(frame, 1);
  let isChanged = false;
  if (entry === 0) {
    entry = createHll(database, frame, 1);
    markStale(database, entry);
    isChanged = true;
  } else {
    const refusal = refusalOf(database, entry);
    if (refusal !== null) return reply.error(refusal);
    unshare(database, entry);
    database.touch(entry);
  }
  TARGET.open(database, entry, session.node.configuration.encoding.hllSparseMaxBytes);
  let isCorrupt = false;
  for (let arg = FIRST_ELEMENT_ARG; arg < frame.count && !isCorrupt; arg++) {
    const hashed = hashRegister(frame.view, frame.offsets[arg], frame.lengths[arg]);
    const raised = raiseRegister(TARGET, hashed & INDEX_MASK, hashed >>> INDEX_BITS);
    if (raised === RAISED.YES) isChanged = true;
    isCorrupt = raised === RAISED.CORRUPT;
  }
  // What was added before the corruption showed stays, so it is recorded even then.
  if (isChanged) database.recordCommand(frame, EVENT.pfadd, 1);
  if (isCorrupt) return reply.error(ERRORS.hllCorrupt);
  reply.integer(isChanged ? 1 : 0);
}
