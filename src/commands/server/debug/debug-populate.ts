import { Frame } from '../../../base/frame.ts';
import { globMatches } from '../../../base/glob.ts';
import { NO_DEADLINE } from '../../../engine/database.ts';
import { EVENT } from '../../../engine/event-table.ts';
import { Slice } from '../../../engine/slice.ts';
import { setComputedString } from '../../../engine/values/string/string-value.ts';
import type { ReplyWriter } from '../../../protocol/reply-writer.ts';
import { integer64Argument } from '../../integer-argument.ts';
import type { Session } from '../../session.ts';

const COUNT_MAX = 2n ** 63n - 1n;
const KEY_NUMBER_CHARS_MAX = 20;

/**
 * DEBUG POPULATE count [prefix] [size]: keys `prefix:0` on with values `value:0` on, cut or filled
 * up with zero bytes to that size. Keys that exist are left as they are.
 */
export function populate(session: Session, frame: Frame, reply: ReplyWriter): void {
  const count = positiveArgument(frame, 2);
  const size = frame.count === 5 ? positiveArgument(frame, 4) : 0;
  if (count === null || size === null) {
    reply.errorText('ERR value is out of range, must be positive');
    return;
  }
  const prefix = frame.count > 3 ? `${frame.latin1(3)}:` : 'key:';
  const key = Buffer.alloc(prefix.length + KEY_NUMBER_CHARS_MAX);
  const keyFrame = new Frame();
  const value = new Slice();
  const bytes = Buffer.alloc(Math.max(size, KEY_NUMBER_CHARS_MAX * 2));
  value.bytes = bytes;
  value.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { database } = session;
  for (let i = 0; i < count; i++) {
    keyFrame.attach(key);
    keyFrame.append(0, key.write(`${prefix}${i}`, 'latin1'));
    if (database.find(keyFrame, 0) !== 0) continue;
    const length = bytes.write(`value:${i}`, 'latin1');
    value.length = size === 0 ? length : size;
    setComputedString(database, 0, keyFrame, 0, value, NO_DEADLINE, EVENT.none, false);
    bytes.fill(0, 0, length);
  }
  reply.ok();
}

/** Null when it is no number of 64 bits, or negative. */
function positiveArgument(frame: Frame, arg: number): number | null {
  const value = integer64Argument(frame, arg);
  return value === null || value < 0n || value > COUNT_MAX ? null : Number(value);
}

/** DEBUG STRINGMATCH-LEN pattern string. */
export function matchPattern(_session: Session, frame: Frame, reply: ReplyWriter): void {
  const { bytes, offsets, lengths } = frame;
  const isMatch = globMatches(bytes, offsets[2], lengths[2], bytes, offsets[3], lengths[3]);
  reply.integer(isMatch ? 1 : 0);
}
