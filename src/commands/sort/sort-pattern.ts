/** The patterns of BY and GET, which name another key's value for each element. */
import type { Database } from '../../engine/database.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { openString } from '../../engine/values/string/string-value.ts';
import { readHashField } from './hash-field.ts';

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

/** A copy of what the pattern names for that element; null when there is no such value. */
export function findByPattern(
  database: Database,
  pattern: SortPattern,
  element: Uint8Array,
): Uint8Array | null {
  if (pattern.isElement) return element;
  const { before, after, field } = pattern;
  if (before === null) return null;
  const key = new Uint8Array(before.length + element.length + after.length);
  key.set(before);
  key.set(element, before.length);
  key.set(after, before.length + element.length);
  const entry = database.findBytes(key, new DataView(key.buffer), 0, key.length);
  const { stats } = database.store;
  stats[entry === 0 ? STORE_STAT.MISSES : STORE_STAT.HITS]++;
  if (entry === 0) return null;
  database.touch(entry);
  const type = database.typeOf(entry);
  if (field !== null) return type === TYPE.HASH ? readHashField(database, entry, field) : null;
  return type === TYPE.STRING ? openString(database, entry).copy() : null;
}

function arrowAt(text: Uint8Array, from: number, end: number): number {
  for (let at = from; at + 1 < end; at++) {
    if (text[at] === ARROW[0] && text[at + 1] === ARROW[1]) return at;
  }
  return -1;
}
