import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { OpenSet } from '../../engine/values/set/open-set.ts';
import type { SetBuilder } from '../../engine/values/set/set-builder.ts';
import type { SetMember } from '../../engine/values/set/set-member.ts';
import { MEMBER, SHOWN } from './set-argument.ts';

export type Operation = 'inter' | 'union' | 'diff';

/** Sets of the arguments; a missing key is an entry 0. */
const opened: OpenSet[] = [];

/**
 * Members of the intersection, union or difference of sets, one `visit` each, which returns false
 * to stop. An intersection walks the smallest set and asks the others, a difference walks the
 * first; a union visits a member once for each set that has it, so its visitor collects them.
 * @param entries  of the sets, in the order of the arguments; 0 for an empty one
 */
export function combine(
  database: Database,
  entries: readonly number[],
  operation: Operation,
  visit: () => boolean,
): void {
  if (operation === 'union') {
    for (const entry of entries) {
      if (entry === 0) continue;
      const set = setAt(0).open(database, entry);
      set.rewind();
      while (set.next(SHOWN)) if (!visit()) return;
    }
    return;
  }
  if (operation === 'inter' && entries.includes(0)) return;
  if (entries[0] === 0) return;
  const walked = operation === 'inter' ? smallest(database, entries) : 0;
  const asked: OpenSet[] = [];
  entries.forEach((entry, i) => {
    if (i === walked || entry === 0) return;
    asked.push(setAt(asked.length + 1).open(database, entry));
  });
  const set = setAt(0).open(database, entries[walked]);
  const wanted = operation === 'inter';
  set.rewind();
  while (set.next(SHOWN)) {
    const member = shownMember();
    if (asked.every((other) => other.has(member) === wanted) && !visit()) return;
  }
}

/** The shown member, for looking it up elsewhere. */
export function shownMember(): SetMember {
  return MEMBER.at(SHOWN.view, SHOWN.bytes, SHOWN.offset, SHOWN.length);
}

/**
 * Entries of the keys in arguments [from, to); null when one holds another type, and the keys after
 * it are not looked up then, nor counted as read.
 */
export function entriesOf(
  database: Database,
  frame: Frame,
  from: number,
  to: number,
  isSetEntry: (entry: number) => boolean,
): number[] | null {
  const entries: number[] = [];
  for (let arg = from; arg < to; arg++) {
    // A look-up may remove an expired key and with it nothing else: the addresses stay true.
    const entry = database.read(frame, arg);
    if (entry !== 0 && !isSetEntry(entry)) return null;
    entries.push(entry);
  }
  return entries;
}

/** Collects the members of a combination, each once. */
export function collect(
  database: Database,
  entries: readonly number[],
  operation: Operation,
  builder: SetBuilder,
): void {
  combine(database, entries, operation, () => {
    builder.add(shownMember());
    return true;
  });
}

function smallest(database: Database, entries: readonly number[]): number {
  let found = 0;
  let least = Infinity;
  entries.forEach((entry, i) => {
    const { count } = setAt(0).open(database, entry);
    if (count >= least) return;
    least = count;
    found = i;
  });
  return found;
}

function setAt(index: number): OpenSet {
  while (opened.length <= index) opened.push(new OpenSet());
  return opened[index];
}
