import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import { StreamId } from '../../engine/values/stream/stream-id.ts';
import { findLastId } from '../../engine/values/stream/stream-remove.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';
import type { Session } from '../session.ts';
import { parseIdArgument } from './id-argument.ts';
import { NOT_A_STREAM, RECORD, requireStreamToChange } from './stream-argument.ts';

export const xsetidCommand: CommandRow = {
  name: 'xsetid',
  arity: -3,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW UPDATE')],
  group: 'stream',
  since: '5.0.0',
  complexity: 'O(1)',
  summary: 'Sets the last id of a stream: what was added so far counts up to it',
  syntax: 'key last-id [ENTRIESADDED entries_added] [MAXDELETEDID max_deleted_entry_id]',
  execute: executeXsetid,
};

const ID = new StreamId();
const DELETED = new StreamId();
const TOP = new StreamId();

function executeXsetid({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  if (!parseIdArgument(frame, 2, ID, reply)) return;
  DELETED.setZero();
  let added = -1n;
  for (let arg = 3; arg < frame.count; arg += 2) {
    const hasValue = arg + 1 < frame.count;
    if (hasValue && frame.equals(arg, 'ENTRIESADDED')) {
      const count = integer64Argument(frame, arg + 1);
      if (count === null) return reply.error(ERRORS.notInteger);
      if (count < 0n) return reply.error(ERRORS.streamAddedNegative);
      added = count;
    } else if (hasValue && frame.equals(arg, 'MAXDELETEDID')) {
      if (!parseIdArgument(frame, arg + 1, DELETED, reply)) return;
      if (ID.compare(DELETED) < 0) return reply.error(ERRORS.streamBelowDeleted);
    } else {
      return reply.error(ERRORS.syntax);
    }
  }
  const entry = requireStreamToChange(database, frame, 1, reply);
  if (entry === NOT_A_STREAM) return;
  if (entry === 0) return reply.error(ERRORS.noSuchKey);
  RECORD.open(database, entry);
  if (findLastId(database, RECORD, TOP)) {
    if (ID.compare(TOP) < 0) return reply.error(ERRORS.streamBelowTop);
    if (added >= 0n && BigInt(RECORD.length) > added) {
      return reply.error(ERRORS.streamBelowLength);
    }
  }
  RECORD.beforeChange();
  RECORD.writeLastId(ID);
  if (added >= 0n) RECORD.entriesAdded64 = added;
  if (!DELETED.isZero) RECORD.writeMaxDeletedId(DELETED);
  database.recordCommand(frame, EVENT.xsetid, 1);
  reply.ok();
}
