/** Events of a simulation by their due time; at the same time, in the order of `order`. */
export interface HeapEntry {
  dueMs: number;
  readonly order: number;
  /** Index in the heap; -1 while it is in none. For the heap alone. */
  place: number;
}

/** A binary heap whose entries know their place, so that any of them leaves it in O(log n). */
export class EventHeap<Entry extends HeapEntry> {
  private readonly entries: Entry[] = [];

  get size(): number {
    return this.entries.length;
  }

  get first(): Entry | null {
    return this.entries.length === 0 ? null : this.entries[0];
  }

  push(entry: Entry): void {
    entry.place = this.entries.length;
    this.entries.push(entry);
    this.rise(entry);
  }

  /** Nothing happens when it is not in here. */
  remove(entry: Entry): void {
    const { place } = entry;
    if (place < 0) return;
    entry.place = -1;
    const last = this.entries.pop() as Entry;
    if (last === entry) return;
    this.put(last, place);
    this.rise(last);
    this.sink(last);
  }

  private rise(entry: Entry): void {
    let { place } = entry;
    while (place > 0) {
      const parent = this.entries[(place - 1) >> 1];
      if (isBefore(parent, entry)) break;
      this.put(parent, place);
      place = (place - 1) >> 1;
    }
    this.put(entry, place);
  }

  private sink(entry: Entry): void {
    const { entries } = this;
    let { place } = entry;
    for (;;) {
      let child = place * 2 + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && isBefore(entries[child + 1], entries[child])) child++;
      if (isBefore(entry, entries[child])) break;
      this.put(entries[child], place);
      place = child;
    }
    this.put(entry, place);
  }

  private put(entry: Entry, place: number): void {
    this.entries[place] = entry;
    entry.place = place;
  }
}

function isBefore(a: HeapEntry, b: HeapEntry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
