/** The patterns of BY and GET, which name another key's value for each element. */
import type { Database } from '../../engine/database.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { Slice } from '../../engine/slice.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { openString } from '../../engine/values/string/string-value.ts';
import { readHashField } from './hash-field.ts';
import { showText, type TextColumn } from './text-column.ts';

const HASH = 35;
const ASTERISK = 42;
const ARROW = [45, 62] as const;

/** `before*after->field`: the key is `before`, the element, `after`. */
export interface SortPattern {
  /** `#`: the element itself. */
  readonly isElement: boolean;
  /** Null where there is no `*`: such a pattern finds nothing. */
  readonly before: Uint8Array | null;
  readonly after: Uint8Array;
  /** Null: the key's own value, a string. */
  readonly field: Uint8Array | null;
}

/** As in C a zero byte ends the part in which `*` and `->` are looked for. */
export function parsePattern(text: Uint8Array): SortPattern {
  const zero = text.indexOf(0);
  const end = zero < 0 ? text.length : zero;
  const isElement = end === 1 && text[0] === HASH;
  const star = text.subarray(0, end).indexOf(ASTERISK);
  if (star < 0) return { isElement, before: null, after: text, field: null };
  const arrow = arrowAt(text, star + 1, end);
  const hasField = arrow >= 0 && arrow + 2 < end;
  return {
    isElement,
    before: text.subarray(0, star),
    after: text.subarray(star + 1, hasField ? arrow : text.length),
    field: hasField ? text.subarray(arrow + 2) : null,
  };
}

const KEY = { bytes: new Uint8Array(256), view: new DataView(new ArrayBuffer(0)) };
KEY.view = new DataView(KEY.bytes.buffer);
const ELEMENT = new Slice();

/** Shows what the pattern names for that element, until the next call or change; null for none. */
export function findByPattern(
  database: Database,
  pattern: SortPattern,
  elements: TextColumn,
  element: number,
): Slice | null {
  if (pattern.isElement) return showText(elements, element, ELEMENT);
  const { before, after, field } = pattern;
  if (before === null) return null;
  const length = before.length + elements.length(element) + after.length;
  if (length > KEY.bytes.length) {
    KEY.bytes = new Uint8Array(length * 2);
    KEY.view = new DataView(KEY.bytes.buffer);
  }
  const { bytes, view } = KEY;
  const from = elements.start(element);
  bytes.set(before);
  bytes.set(elements.bytes.subarray(from, from + elements.length(element)), before.length);
  bytes.set(after, length - after.length);
  const entry = database.findBytes(bytes, view, 0, length);
  const { stats } = database.store;
  stats[entry === 0 ? STORE_STAT.MISSES : STORE_STAT.HITS]++;
  if (entry === 0) return null;
  database.touch(entry);
  const type = database.typeOf(entry);
  if (field !== null) return type === TYPE.HASH ? readHashField(database, entry, field) : null;
  return type === TYPE.STRING ? openString(database, entry) : null;
}

function arrowAt(text: Uint8Array, from: number, end: number): number {
  for (let at = from; at + 1 < end; at++) {
    if (text[at] === ARROW[0] && text[at + 1] === ARROW[1]) return at;
  }
  return -1;
}
