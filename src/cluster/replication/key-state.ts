/**
 * A key as it is, for other nodes: a command that sets its whole state. A string is a SET,
 * everything else a RESTORE of what DUMP would answer.
 *
 *     SET k v [PXAT ms] [JSON]        RESTORE k ms payload REPLACE ABSTTL
 */
import { type Database, NO_DEADLINE } from '../../engine/database.ts';
import { Effect } from '../../engine/effect.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { freezeNow } from '../../engine/snapshot/live-entry.ts';
import { isJson, openString } from '../../engine/values/string/string-value.ts';
import { dumpPayload } from '../../rdb/write/dump-payload.ts';
import { ROLE } from './effect-keys.ts';
import { RECORD } from './effect-record.ts';
import type { RecordBuffer } from './record-buffer.ts';

/** Lists in nodes of 8 KiB, whatever the settings of either node are. */
const LIST_NODE_SIZE = -2;

/** Builds the command. @returns false: all fields of a hash have expired, and there is none */
export function encodeKey(effect: Effect, database: Database, entry: number): boolean {
  const hasDeadline = database.deadlineOf(entry) !== NO_DEADLINE;
  if (database.typeOf(entry) === TYPE.STRING) {
    const key = database.keySlice(entry);
    effect.begin('SET', database.index, 1).bytes(key.bytes, key.offset, key.length);
    const value = openString(database, entry);
    effect.bytes(value.bytes, value.offset, value.length);
    if (hasDeadline) effect.text('PXAT').number(database.deadline64Of(entry));
    if (isJson(database, entry)) effect.text('JSON');
    return true;
  }
  const payload = dumpPayload(freezeNow(database, entry), {
    compresses: false,
    listNodeSize: LIST_NODE_SIZE,
    nowMs: database.store.clock.nowMs,
  });
  if (payload.length === 0) return false;
  const key = database.keySlice(entry);
  effect.begin('RESTORE', database.index, 1).bytes(key.bytes, key.offset, key.length);
  effect.number(hasDeadline ? database.deadline64Of(entry) : 0);
  effect.bytes(payload.bytes, 0, payload.length).text('REPLACE').text('ABSTTL');
  return true;
}

/** A key that stands at bytes[offset, offset + length). */
export interface KeyBytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly offset: number;
  readonly length: number;
}

/** Built in and forgotten with every call. */
let built = new Effect('');
const BUILT_BYTES_KEPT = 1024 * 1024;

/**
 * Appends the record of an effect that makes the key what it is now: a DEL when it is gone. Fields
 * of a hash that are due are left out.
 */
export function writeKeyState(
  out: RecordBuffer,
  database: Database,
  key: KeyBytes,
  stamp: { readonly high: number; readonly low: number },
): void {
  const entry = database.findBytes(key.bytes, key.view, key.offset, key.length);
  const isThere = entry !== 0 && encodeKey(built, database, entry);
  if (!isThere) {
    built.begin('DEL', database.index, 1).bytes(key.bytes, key.offset, key.length);
  }
  out.u8(RECORD.effect);
  out.u8(1);
  out.u16(database.index);
  out.u32(stamp.high);
  out.u32(stamp.low);
  out.u8(isThere ? ROLE.set : ROLE.removed);
  out.u16(database.index);
  out.u32(1);
  out.u32(0);
  out.u32(0);
  out.command(built.frame, null);
  if (built.frame.bytes.length > BUILT_BYTES_KEPT) built = new Effect('');
}
