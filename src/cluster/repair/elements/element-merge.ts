/**
 * A hash, set or sorted set that two nodes have changed while they did not hear of each other: each
 * field or member is what was written last. Goes before the key itself, as commands that say one
 * element each:
 *
 *     key, stamps [high, low, absent] of each, commands: HSET, HSETEX, HDEL, SADD, SREM, ZADD, ZREM
 *
 * The owner merges if it knows of its own elements when they were changed; else the later key wins
 * as a whole.
 */
import { Frame } from '../../../base/frame.ts';
import { formatDouble } from '../../../base/numbers.ts';
import type { Database } from '../../../engine/database.ts';
import { Effect } from '../../../engine/effect.ts';
import { TYPE } from '../../../engine/keyspace/entry.ts';
import { Slice } from '../../../engine/slice.ts';
import { NO_FIELD_DEADLINE } from '../../../engine/values/hash/field-payload.ts';
import { OpenHash } from '../../../engine/values/hash/open-hash.ts';
import { findMember } from '../../../engine/values/zset/zset-members.ts';
import { RespBytes } from '../../../journal/resp-bytes.ts';
import { CUT_OFF, parseCommand } from '../../../replay/resp-command.ts';
import { broken } from '../../peers/link-reader.ts';
import type { MessageReader } from '../../peers/message-reader.ts';
import type { MessageWriter } from '../../peers/message-writer.ts';
import { isNewer } from '../../replication/stamp.ts';
import type { StampedStore } from '../stamped-store.ts';
import type { KeyElements } from './element-stamps.ts';

const STAMP_WORDS = 3;

/** Names by type: what says that an element is there, and what that it is not. */
const REMOVALS: Readonly<Record<number, string>> = {
  [TYPE.HASH]: 'HDEL',
  [TYPE.SET]: 'SREM',
  [TYPE.ZSET]: 'ZREM',
};

/** Writes the key of the entry and what is kept of its elements. */
export function writeElements(
  writer: MessageWriter,
  database: Database,
  entry: number,
  kept: KeyElements,
): void {
  const key = database.keySlice(entry).copy();
  const type = database.typeOf(entry);
  const stamps: number[] = [];
  COMMANDS.reset();
  if (REMOVALS[type] !== undefined) {
    for (const [element, { high, low, isAbsent }] of kept.stamps) {
      const bytes = Buffer.from(element, 'latin1');
      EFFECT.begin(REMOVALS[type], database.index, 1).bytes(key, 0, key.length);
      if (isAbsent) EFFECT.bytes(bytes, 0, bytes.length);
      else if (!sayElement(database, entry, key, bytes)) continue;
      COMMANDS.command(EFFECT.frame);
      stamps.push(high, low, isAbsent ? 1 : 0);
    }
  }
  const words = Uint32Array.from(stamps);
  writer
    .bytes(key, 0, key.length)
    .u8(type)
    .u8(kept.isNew ? 1 : 0);
  writer.bytes(new Uint8Array(words.buffer), 0, words.byteLength);
  writer.bytes(COMMANDS.bytes, 0, COMMANDS.end);
}

/** Builds the command that makes the element what it is. @returns false: it has expired */
function sayElement(
  database: Database,
  entry: number,
  key: Uint8Array,
  element: Uint8Array,
): boolean {
  const view = new DataView(element.buffer, element.byteOffset, element.length);
  const type = database.typeOf(entry);
  if (type === TYPE.SET) {
    EFFECT.begin('SADD', database.index, 1).bytes(key, 0, key.length);
    EFFECT.bytes(element, 0, element.length);
    return true;
  }
  if (type === TYPE.ZSET) {
    const score = findMember(database, entry, element, view, 0, element.length);
    if (Number.isNaN(score)) return false;
    EFFECT.begin('ZADD', database.index, 1).bytes(key, 0, key.length);
    EFFECT.text(formatDouble(score)).bytes(element, 0, element.length);
    return true;
  }
  if (!HASH.open(database, entry).find(view, element, 0, element.length)) return false;
  const { deadlineMs } = HASH;
  HASH.readValue(VALUE);
  EFFECT.begin('HSETEX', database.index, 1).bytes(key, 0, key.length);
  if (deadlineMs !== NO_FIELD_DEADLINE) EFFECT.text('PXAT').number(deadlineMs);
  EFFECT.text('FIELDS').number(1).bytes(element, 0, element.length);
  EFFECT.bytes(VALUE.bytes, VALUE.offset, VALUE.length);
  return true;
}

/**
 * Owners: makes every element that is later there what it is there, as changes of this node.
 * @returns the key when it was merged; null: it is to be taken or left as a whole
 */
export function mergeElements(
  stamped: StampedStore,
  database: Database,
  message: MessageReader,
): string | null {
  const { elements } = stamped;
  message.bytes();
  const { source } = message;
  const key = Buffer.from(
    source.buffer,
    source.byteOffset + message.start,
    message.length,
  ).toString('latin1');
  const entry = database.findBytes(source, viewOf(source), message.start, message.length);
  const type = message.u8();
  const isNew = message.u8() === 1;
  message.bytes();
  const words = wordsOf(source, message.start, message.length);
  message.bytes();
  const end = message.start + message.length;
  const mine = elements.find(database.index, key);
  const fits = mine !== null && !mine.isWhole && mine.isNew === isNew;
  if (!fits || entry === 0 || database.typeOf(entry) !== type) return null;
  let at = message.start;
  for (let i = 0; i < words.length; i += STAMP_WORDS) {
    at = parseCommand(FRAME, source, at, end);
    if (at <= CUT_OFF || FRAME.count < 3) throw broken('elements that are no commands');
    const element = elementOf(type, words[i + 2] === 1);
    const stamp = { high: words[i], low: words[i + 1], isAbsent: words[i + 2] === 1 };
    const known = mine.stamps.get(element);
    if (known !== undefined && !isNewer(stamp.high, stamp.low, known.high, known.low)) continue;
    stamped.applyChange(database, FRAME);
    elements.put(database.index, key, element, stamp);
  }
  return key;
}

/** Which argument of the command is the element. */
function elementOf(type: number, isAbsent: boolean): string {
  if (isAbsent || type === TYPE.SET) return FRAME.latin1(2);
  return FRAME.latin1(type === TYPE.ZSET ? 3 : FRAME.count - 2);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function wordsOf(source: Uint8Array, start: number, length: number): Uint32Array {
  if (length % (STAMP_WORDS * 4) !== 0) throw broken('elements without a stamp');
  return new Uint32Array(new Uint8Array(source.subarray(start, start + length)).buffer);
}

const EFFECT = new Effect('');
const COMMANDS = new RespBytes();
const FRAME = new Frame();
const HASH = new OpenHash();
const VALUE = new Slice();
