/**
 * A key as it is, for other nodes: an effect that says all of it, with the key's stamp. A string is
 * a SET, everything else a RESTORE of what DUMP would answer, a key that is gone a DEL.
 */
import type { Database } from '../../engine/database.ts';
import { Effect } from '../../engine/effect.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import type { FrozenEntry } from '../../engine/snapshot/frozen-entry.ts';
import { freezeNow } from '../../engine/snapshot/live-entry.ts';
import { openString } from '../../engine/values/string/string-value.ts';
import { dumpPayload } from '../../rdb/write/dump-payload.ts';
import { ROLE } from './effect-keys.ts';
import { RECORD } from './effect-record.ts';
import type { RecordBuffer } from './record-buffer.ts';

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
 * Appends a record of the key as it is now.
 * @param nowMs  fields of a hash that are due by then are left out
 * @returns      whether the key is there
 */
export function writeKeyState(
  out: RecordBuffer,
  database: Database,
  key: KeyBytes,
  stamp: { readonly high: number; readonly low: number },
): boolean {
  const entry = database.findBytes(key.bytes, key.view, key.offset, key.length);
  const isThere = entry !== 0 && buildState(database, entry, key);
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
  return isThere;
}

/** @returns false: all fields of the hash are due */
function buildState(database: Database, entry: number, key: KeyBytes): boolean {
  const frozen = freezeNow(database, entry);
  if (frozen.type === TYPE.STRING) {
    buildString(database, entry, frozen, key);
    return true;
  }
  const payload = dumpPayload(frozen, {
    compresses: false,
    listNodeSize: LIST_NODE_SIZE,
    nowMs: database.store.clock.nowMs,
  });
  if (payload.length === 0) return false;
  const { deadlineMs } = frozen;
  built.begin('RESTORE', database.index, 1).bytes(key.bytes, key.offset, key.length);
  built.number(deadlineMs < 0 ? 0 : deadlineMs).bytes(payload.bytes, 0, payload.length);
  built.text('REPLACE').text('ABSTTL');
  return true;
}

function buildString(
  database: Database,
  entry: number,
  { deadlineMs, isJson }: FrozenEntry,
  key: KeyBytes,
): void {
  built.begin('SET', database.index, 1).bytes(key.bytes, key.offset, key.length);
  const value = openString(database, entry);
  built.bytes(value.bytes, value.offset, value.length);
  if (deadlineMs >= 0) built.text('PXAT').number(deadlineMs);
  if (isJson) built.text('JSON');
}

/** Lists in nodes of 8 KiB, whatever the settings of either node are. */
const LIST_NODE_SIZE = -2;
