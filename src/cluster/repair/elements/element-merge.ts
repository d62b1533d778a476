/**
 * A hash, set or sorted set that two nodes have changed while they did not hear of each other: each
 * field or member is what was written last. Goes before the key itself, both ways, as commands that
 * say one element each:
 *
 *     key, type, its stamp, when it was removed as a whole,
 *     stamps [high, low, absent] of each element, commands: HSETEX, HDEL, SADD, SREM, ZADD, ZREM
 *
 * The owner merges if it knows when its own elements were changed; else the later key wins as a
 * whole. What neither of them has touched stays. With a key that it sends the owner tells what it
 * knows of its elements: the replica may own the key before a third node comes with its changes.
 */
import { Frame } from '../../../base/frame.ts';
import { formatDouble } from '../../../base/numbers.ts';
import type { Database } from '../../../engine/database.ts';
import { Effect } from '../../../engine/effect.ts';
import { EVENT } from '../../../engine/event-table.ts';
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
import { type ElementStamp, KeyElements } from './element-stamps.ts';

const STAMP_WORDS = 3;

const TYPES: Readonly<Record<string, number>> = { H: TYPE.HASH, S: TYPE.SET, Z: TYPE.ZSET };
const REMOVALS: Readonly<Record<string, string>> = { H: 'HDEL', S: 'SREM', Z: 'ZREM' };

/** Whether what is kept of the key can be told: there is a type, and it is what is there. */
export function canTell(database: Database, kept: KeyElements): boolean {
  if (kept.isWhole || kept.type === '') return false;
  const entry = entryOf(database, kept.key);
  return entry === 0 || database.typeOf(entry) === TYPES[kept.type];
}

/** Writes what is kept of the key's elements. */
export function writeElements(
  writer: MessageWriter,
  stamped: StampedStore,
  database: Database,
  kept: KeyElements,
): void {
  const key = Buffer.from(kept.key, 'latin1');
  const stamps: number[] = [];
  COMMANDS.reset();
  for (const [element, stamp] of kept.stamps) {
    if (!sayElement(database, kept, element, stamp)) continue;
    COMMANDS.command(EFFECT.frame);
    stamps.push(stamp.high, stamp.low, stamp.isAbsent ? 1 : 0);
  }
  const table = stamped.tableOf(database);
  locate(stamped, database, kept.key);
  const words = Uint32Array.from(stamps);
  writer.bytes(key, 0, key.length).u8(kept.type.charCodeAt(0));
  writer.u32(table.high).u32(table.low).u32(kept.removedHigh).u32(kept.removedLow);
  writer.bytes(new Uint8Array(words.buffer), 0, words.byteLength);
  writer.bytes(COMMANDS.bytes, 0, COMMANDS.end);
}

/**
 * Builds the command that makes the element what it is.
 * @returns false: it has expired, and there is nothing to say
 */
function sayElement(
  database: Database,
  { key, type }: KeyElements,
  element: string,
  { isAbsent }: ElementStamp,
): boolean {
  const keyBytes = Buffer.from(key, 'latin1');
  const bytes = new Uint8Array(Buffer.from(element, 'latin1'));
  const view = new DataView(bytes.buffer);
  const begin = (name: string) =>
    EFFECT.begin(name, database.index, 1).bytes(keyBytes, 0, keyBytes.length);
  if (isAbsent) {
    begin(REMOVALS[type]).bytes(bytes, 0, bytes.length);
    return true;
  }
  const entry = entryOf(database, key);
  if (entry === 0) return false;
  if (type === 'S') {
    begin('SADD').bytes(bytes, 0, bytes.length);
    return true;
  }
  if (type === 'Z') {
    const score = findMember(database, entry, bytes, view, 0, bytes.length);
    if (Number.isNaN(score)) return false;
    begin('ZADD').text(formatDouble(score)).bytes(bytes, 0, bytes.length);
    return true;
  }
  if (!HASH.open(database, entry).find(view, bytes, 0, bytes.length)) return false;
  const { deadlineMs } = HASH;
  HASH.readValue(VALUE);
  begin('HSETEX');
  if (deadlineMs !== NO_FIELD_DEADLINE) EFFECT.text('PXAT').number(deadlineMs);
  EFFECT.text('FIELDS').number(1).bytes(bytes, 0, bytes.length);
  EFFECT.bytes(VALUE.bytes, VALUE.offset, VALUE.length);
  return true;
}

/**
 * Owners: makes every element that is later there what it is there, as changes of this node.
 * @returns `merged`: `slot` and `tag` of the store are the key's. `whole`: it cannot be, and is
 *          taken or left as a whole. `unknown`: the same, as nothing is known here of when its
 *          elements were changed; what is told of them is true when the key is taken
 */
export function mergeElements(
  stamped: StampedStore,
  database: Database,
  told: ToldElements,
): 'merged' | 'whole' | 'unknown' {
  const { key, removedHigh, removedLow, type } = told;
  const { elements, store } = stamped;
  const mine = elements.find(database.index, key);
  if (mine === null) return 'unknown';
  if (mine.type === '') mine.type = type;
  if (mine.type !== type || !canTell(database, mine)) return 'whole';
  elements.isMerging = true;
  store.sink.beginGroup();
  try {
    if (isNewer(removedHigh, removedLow, mine.removedHigh, mine.removedLow)) {
      removeOlder(stamped, database, mine, removedHigh, removedLow);
    }
    eachTold(told, (element, stamp) => {
      if (mine.isLater(element, stamp.high, stamp.low)) return;
      stamped.applyChange(database, FRAME);
      mine.stamps.set(element, stamp);
    });
    stampLater(stamped, database, key, told.high, told.low);
  } finally {
    store.sink.endGroup();
    elements.isMerging = false;
  }
  locate(stamped, database, key);
  return 'merged';
}

/** The key was removed there: what was written here since is all that is left. */
function removeOlder(
  stamped: StampedStore,
  database: Database,
  mine: KeyElements,
  high: number,
  low: number,
): void {
  const later = [...mine.stamps].filter(([, stamp]) => isNewer(stamp.high, stamp.low, high, low));
  const commands: Frame[] = [];
  for (const [element, stamp] of later) {
    if (stamp.isAbsent || !sayElement(database, mine, element, stamp)) continue;
    commands.push(copyOf(EFFECT.frame));
  }
  const entry = entryOf(database, mine.key);
  if (entry !== 0) database.removeUnfound(entry, EVENT.del);
  for (const frame of commands) stamped.applyChange(database, frame);
  mine.remove(high, low);
  for (const [element, stamp] of later) mine.stamps.set(element, stamp);
}

/** Replicas: what the owner knows of a key that it is about to send. */
export function adoptElements(
  stamped: StampedStore,
  database: Database,
  message: MessageReader,
): void {
  // Somebody is not reached there, who may come here with elements of that key.
  stamped.elements.keep();
  const told = readElements(message);
  locate(stamped, database, told.key);
  const { high, low } = stamped.tableOf(database);
  // The key is later there, and so is taken.
  if (isNewer(told.high, told.low, high, low)) adoptTold(stamped, database, told);
}

/** What is told of a key's elements is what is known here from now on. */
export function adoptTold(stamped: StampedStore, database: Database, told: ToldElements): void {
  const { key, removedHigh, removedLow, type } = told;
  const theirs = new KeyElements(database.index, key);
  theirs.type = type;
  theirs.remove(removedHigh, removedLow);
  eachTold(told, (element, stamp) => theirs.stamps.set(element, stamp));
  stamped.elements.adopt(theirs);
}

/**
 * The same, in bytes of its own.
 * @throws NodeError MESSAGE_BROKEN: here, and not when it is read, which another link brings about
 */
export function copyTold(told: ToldElements): ToldElements {
  eachTold(told, () => {});
  const source = new Uint8Array(told.source.subarray(told.start, told.end));
  return { ...told, source, start: 0, end: source.length };
}

/** @returns it lies in the message: to be copied before that is read on */
export function readElements(message: MessageReader): ToldElements {
  message.bytes();
  const { source } = message;
  const keyAt = source.byteOffset + message.start;
  const key = Buffer.from(source.buffer, keyAt, message.length).toString('latin1');
  const type = String.fromCharCode(message.u8());
  if (TYPES[type] === undefined) throw broken('elements of a type that has none');
  const high = message.u32();
  const low = message.u32();
  const removedHigh = message.u32();
  const removedLow = message.u32();
  message.bytes();
  const words = wordsOf(source, message.start, message.length);
  message.bytes();
  const { start } = message;
  const end = start + message.length;
  return { key, type, high, low, removedHigh, removedLow, source, start, end, words };
}

/** What another node knows of when the elements of a key were changed, and what they are there. */
export interface ToldElements {
  readonly key: string;
  readonly type: string;
  /** Stamp of the key. */
  readonly high: number;
  readonly low: number;
  readonly removedHigh: number;
  readonly removedLow: number;
  readonly source: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly words: Uint32Array;
}

/** Calls for each element; the command stands in FRAME. */
function eachTold(
  { type, source, start, end, words }: ToldElements,
  visit: (element: string, stamp: ElementStamp) => void,
): void {
  let at = start;
  for (let i = 0; i < words.length; i += STAMP_WORDS) {
    at = parseCommand(FRAME, source, at, end);
    if (at <= CUT_OFF || FRAME.count < 3) throw broken('elements that are no commands');
    const isAbsent = words[i + 2] === 1;
    visit(elementOf(type, isAbsent), { high: words[i], low: words[i + 1], isAbsent });
  }
}

/** What came of it is no older than what is there, so that it goes there as well. */
function stampLater(
  stamped: StampedStore,
  database: Database,
  key: string,
  high: number,
  low: number,
): void {
  const table = stamped.tableOf(database);
  locate(stamped, database, key);
  if (!isNewer(high, low, table.high, table.low)) return;
  stamped.restamp(database, entryOf(database, key), high, low);
}

/** Sets `slot` and `tag` of the store, and what `find` of its table sets. */
function locate(stamped: StampedStore, database: Database, key: string): void {
  const bytes = new Uint8Array(Buffer.from(key, 'latin1'));
  FRAME.attach(bytes);
  FRAME.append(0, bytes.length);
  stamped.locate(stamped.tableOf(database), FRAME, 0);
}

function entryOf(database: Database, key: string): number {
  const bytes = new Uint8Array(Buffer.from(key, 'latin1'));
  return database.findBytes(bytes, new DataView(bytes.buffer), 0, bytes.length);
}

/** Which argument of the command is the element. */
function elementOf(type: string, isAbsent: boolean): string {
  let arg = 2;
  if (!isAbsent && type !== 'S') arg = type === 'Z' ? 3 : FRAME.count - 2;
  if (arg >= FRAME.count) throw broken('a command without an element');
  return FRAME.latin1(arg);
}

function copyOf(frame: Frame): Frame {
  const copied = new Frame();
  const args = Array.from({ length: frame.count }, (_, i) => frame.copyArgument(i));
  copied.attach(new Uint8Array(Buffer.concat(args)));
  let at = 0;
  for (const { length } of args) {
    copied.append(at, length);
    at += length;
  }
  return copied;
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
