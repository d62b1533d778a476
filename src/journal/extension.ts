/**
 * What redis-server 7.0 cannot execute stands in lines that it skips:
 *
 *     #hc+ <base64>\r\n
 *
 * The bytes of lines that follow one another are one piece of RESP, for our reader alone: commands
 * to execute as they stand (`HPEXPIREAT`, `HPERSIST`), or marks, which are commands of one word and
 * say something about the next ordinary one.
 */
import type { Frame } from '../base/frame.ts';
import type { Effect } from '../engine/effect.ts';
import { EVENT, EVENT_ROWS } from '../engine/event-table.ts';
import { EXTENSION_MARK, LINE_BYTES_MAX } from './record-line.ts';
import { RespBytes } from './resp-bytes.ts';

export const MARK = {
  /** The value that the next SET stores is JSON other than a string. */
  JSON: 'JSON',
  /** The next HSET leaves the deadlines of its fields as they are. */
  KEEPS_FIELDS: 'KEEPTTL',
} as const;

/** Whether an effect of that event may need such lines: looked at before its name is. */
const MAY_EXTEND = new Uint8Array(EVENT_ROWS.length);
for (const event of [EVENT.hset, EVENT.hincrbyfloat, EVENT.hexpire, EVENT.hpersist]) {
  MAY_EXTEND[event] = 1;
}

/**
 * Writes the effect so that redis-server comes to the same data, and our reader to the very same.
 * @returns false: it is an ordinary command, and nothing was written
 */
export function writeExtended(out: RespBytes, effect: Effect, eventId: number): boolean {
  const { frame } = effect;
  const last = frame.count - 1;
  if (last > 2 && isSet(frame) && frame.equals(last, 'JSON')) {
    out.raw(JSON_LINE);
    out.begin(last);
    out.args(frame, 0, last);
    return true;
  }
  if (MAY_EXTEND[eventId] === 0) return false;
  if (frame.equals(0, 'HSETEX')) writeHashSet(out, frame);
  else if (frame.equals(0, 'HPEXPIREAT') || frame.equals(0, 'HPERSIST')) writeOurs(out, frame);
  else return false;
  return true;
}

/** Every effect of that name is built by us, and its options stand behind the value. */
function isSet(frame: Frame): boolean {
  return frame.lengths[0] === 3 && frame.equals(0, 'SET');
}

/** `HSETEX key [PXAT ms | KEEPTTL] FIELDS count field value ...` */
function writeHashSet(out: RespBytes, frame: Frame): void {
  const hasTime = frame.equals(2, 'PXAT');
  const keeps = frame.equals(2, 'KEEPTTL');
  const fieldsArg = hasTime ? 4 : keeps ? 3 : 2;
  const firstArg = fieldsArg + 2;
  if (keeps) out.raw(KEEP_LINE);
  out.begin(frame.count - firstArg + 2);
  out.word('HSET');
  out.args(frame, 1, 2);
  out.args(frame, firstArg, frame.count);
  if (!hasTime) return;
  SCRATCH.reset();
  SCRATCH.begin(5 + (frame.count - firstArg) / 2);
  SCRATCH.word('HPEXPIREAT');
  SCRATCH.args(frame, 1, 2);
  SCRATCH.args(frame, 3, 4);
  SCRATCH.word('FIELDS');
  SCRATCH.args(frame, firstArg - 1, firstArg);
  for (let arg = firstArg; arg < frame.count; arg += 2) SCRATCH.args(frame, arg, arg + 1);
  writeLines(out, SCRATCH);
}

function writeOurs(out: RespBytes, frame: Frame): void {
  SCRATCH.reset();
  SCRATCH.command(frame);
  writeLines(out, SCRATCH);
}

function writeLines(out: RespBytes, from: RespBytes): void {
  for (let at = 0; at < from.end; at += LINE_PAYLOAD_BYTES) {
    const length = Math.min(LINE_PAYLOAD_BYTES, from.end - at);
    const payload = Buffer.from(from.bytes.buffer, at, length).toString('base64');
    out.ascii(`${EXTENSION_MARK}${payload}\r\n`);
  }
}

/** 378 bytes are 504 chars. */
const LINE_PAYLOAD_BYTES = Math.floor((LINE_BYTES_MAX - EXTENSION_MARK.length - 2) / 4) * 3;
const SCRATCH = new RespBytes();
const JSON_LINE = markLine(MARK.JSON);
const KEEP_LINE = markLine(MARK.KEEPS_FIELDS);

function markLine(mark: string): Uint8Array {
  const command = `*1\r\n$${mark.length}\r\n${mark}\r\n`;
  return new TextEncoder().encode(`${EXTENSION_MARK}${btoa(command)}\r\n`);
}
