import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { Slice } from '../../engine/slice.ts';
import { OpenSet, type SetLimits } from '../../engine/values/set/open-set.ts';
import { SetMember } from '../../engine/values/set/set-member.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { Session } from '../session.ts';

/** Work areas of whatever set command runs; they hold nothing between two commands. */
export const SET = new OpenSet();
export const MEMBER = new SetMember();
export const SHOWN = new Slice();

/** False after the error reply: the key holds another type. */
export function isSet(database: Database, entry: number, reply: ReplyWriter): boolean {
  if (database.typeOf(entry) === TYPE.SET) return true;
  reply.error(ERRORS.wrongType);
  return false;
}

export function memberArgument(frame: Frame, arg: number): SetMember {
  return MEMBER.at(frame.view, frame.bytes, frame.offsets[arg], frame.lengths[arg]);
}

export function limitsOf(session: Session): SetLimits {
  return session.node.configuration.encoding;
}

export function writeShown(reply: ReplyWriter): void {
  reply.bulkView(SHOWN.bytes, SHOWN.view, SHOWN.offset, SHOWN.length);
}

/** After removals that were recorded: an empty set goes, a small one is packed again. */
export function settleShrunk(database: Database, set: OpenSet): void {
  if (set.count === 0) database.dropEmptied(set.entry);
  else set.settleShrunk();
}
