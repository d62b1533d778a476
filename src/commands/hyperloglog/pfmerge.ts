import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import {
  createHll,
  HLL_ENCODING,
  HllTarget,
  hllEncodingOf,
  makeDense,
  markStale,
  mergeInto,
  raiseRegister,
  refusalOf,
  writeRegisters,
} from './hll-value.ts';
import { REGISTER_COUNT } from './register-hash.ts';

export const pfmergeCommand: CommandRow = {
  name: 'pfmerge',
  arity: -2,
  flags: ['write', 'denyoom'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS INSERT'), keysAt(2, -1, 1, 'RO ACCESS')],
  group: 'hyperloglog',
  since: '2.8.9',
  complexity: 'O(N) to merge N HyperLogLogs, but with high constant times.',
  summary: 'Adds to a HyperLogLog all that was added to others',
  syntax: 'destkey [sourcekey [sourcekey ...]]',
  execute: executePfmerge,
};

/** Scratch memory: used within one call. */
const MERGED = new Uint8Array(REGISTER_COUNT);
const TARGET = new HllTarget();

function executePfmerge(session: Session, frame: Frame, reply: ReplyWriter): void {
  const database = session.database;
  let isDense = false;
  MERGED.fill(0);
  for (let arg = 1; arg < frame.count; arg++) {
    const source = database.read(frame, arg);
    if (source === 0) continue;
    const refusal = refusalOf(database, source);
    if (refusal !== null) return reply.error(refusal);
    if (hllEncodingOf(database, source) === HLL_ENCODING.DENSE) isDense = true;
    if (!mergeInto(MERGED, database, source)) return reply.error(ERRORS.hllCorrupt);
  }
  let entry = database.find(frame, 1);
  if (entry === 0) entry = createHll(database, frame, 1);
  else database.touch(entry);
  TARGET.open(database, entry, session.node.configuration.encoding.hllSparseMaxBytes);
  if (isDense && hllEncodingOf(database, entry) === HLL_ENCODING.SPARSE) makeDense(TARGET);
  writeMerged();
  markStale(database, TARGET.entry);
  database.recordCommand(frame, EVENT.pfadd, 1);
  reply.ok();
}

/**
 * Sparse registers are raised one by one, as Redis does: the bytes depend on the way there. Dense
 * ones are written whole, for the target's own were merged with the others'.
 */
function writeMerged(): void {
  const database = TARGET.database as NonNullable<typeof TARGET.database>;
  for (let i = 0; i < REGISTER_COUNT; i++) {
    if (hllEncodingOf(database, TARGET.entry) === HLL_ENCODING.DENSE) {
      writeRegisters(database, TARGET.entry, MERGED);
      return;
    }
    if (MERGED[i] !== 0) raiseRegister(TARGET, i, MERGED[i]);
  }
}
