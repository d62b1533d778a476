/** Something with a moment. A heap knows each by its place, so that it is removed in O(log n). */
export interface Dated {
  readonly deadlineMs: number;
  /** Of two with one deadline the lower comes first. */
  readonly order: number;
  /** Place in the heap; -1 while it is in none. */
  heapIndex: number;
}

/** A binary heap: the nearest deadline first. */
export class DeadlineHeap<T extends Dated> {
  private readonly items: T[] = [];

  get count(): number {
    return this.items.length;
  }

  /** The nearest; null when there is none. */
  get first(): T | null {
    return this.items.length === 0 ? null : this.items[0];
  }

  add(item: T): void {
    this.items.push(item);
    this.rise(item, this.items.length - 1);
  }

  /** No-op when it is not in the heap. */
  remove(item: T): void {
    const index = item.heapIndex;
    if (index < 0) return;
    item.heapIndex = -1;
    const last = this.items.pop();
    if (last === undefined || last === item) return;
    this.rise(last, index);
    if (last.heapIndex === index) this.sink(last, index);
  }

  private rise(item: T, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.items[parentIndex];
      if (!isBefore(item, parent)) break;
      this.place(parent, index);
      index = parentIndex;
    }
    this.place(item, index);
  }

  private sink(item: T, from: number): void {
    const { items } = this;
    let index = from;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= items.length) break;
      const rightIndex = childIndex + 1;
      if (rightIndex < items.length && isBefore(items[rightIndex], items[childIndex])) {
        childIndex = rightIndex;
      }
      if (!isBefore(items[childIndex], item)) break;
      this.place(items[childIndex], index);
      index = childIndex;
    }
    this.place(item, index);
  }

  private place(item: T, index: number): void {
    this.items[index] = item;
    item.heapIndex = index;
  }
}

function isBefore(left: Dated, right: Dated): boolean {
  if (left.deadlineMs !== right.deadlineMs) return left.deadlineMs < right.deadlineMs;
  return left.order < right.order;
}
