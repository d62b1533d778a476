/**
 * A queue of keys, each named by its hash alone: 4 bytes a key, whatever happens to its entry.
 *
 *     front  [kept again, oldest first]  then  back  [.......... newest]
 *              |                                |
 *              take: from here first            takeBehind: from here, to keep it or let it go
 *
 * Items lie in chunks of 4 KiB. An item's *position*, chunk and place, stands in the access bits of
 * the entry that it is for, its low 16 bits: so an item is live when an entry with its hash has its
 * position, and one whose entry left or was queued anew is stale, without anybody looking for it.
 * No address is kept, so entries may move. A stale item can be taken for a live one only when the
 * same key was queued again 65,536 places further; then it goes a little early or late.
 *
 * The parts are what SIEVE's hand goes through, and what compaction does: it takes from the back
 * and keeps what is live at the end of the front; when the back is empty the front becomes it.
 */
const CHUNK_SHIFT = 10;
const CHUNK_COUNT = 1 << CHUNK_SHIFT;
const PLACE_MASK = CHUNK_COUNT - 1;
const CHUNK_BYTES = CHUNK_COUNT * 4;
const POSITION_BITS = 16;
/** Of the access bits. */
export const POSITION_MASK = (1 << POSITION_BITS) - 1;
/** Ids that agree in the access bits are so far apart. */
const ID_STEP = 1 << (POSITION_BITS - CHUNK_SHIFT);
const SPARE_COUNT_MAX = 1;

export class HashQueue {
  /** What take, takeBehind and peek found. */
  hash = 0;
  /** Low bits of the position, as in the access bits. */
  position = 0;
  private front = new ChunkList();
  private back = new ChunkList();
  private lookedAt = this.front;
  private readonly chunks: (Uint32Array | null)[] = [];
  /** Ids without a chunk, or with a spare one. */
  private readonly freeIds: number[] = [];
  private chunkCount = 0;
  private spareCount = 0;

  /** Items, stale ones included. */
  get length(): number {
    return this.front.count + this.back.count;
  }

  get behindLength(): number {
    return this.back.count;
  }

  get byteCount(): number {
    return this.chunkCount * CHUNK_BYTES;
  }

  /** Puts a key at the end. @returns its position for the access bits */
  append(hash: number): number {
    return this.put(this.back, hash);
  }

  /** Puts a key at the end of the front part. @returns its position for the access bits */
  keep(hash: number): number {
    return this.put(this.front, hash);
  }

  /** Looks at the first item of all; false when there is none. */
  peek(): boolean {
    return this.look(this.front.count > 0 ? this.front : this.back);
  }

  /** Takes the first item of all; false when there is none. */
  take(): boolean {
    const list = this.front.count > 0 ? this.front : this.back;
    if (!this.look(list)) return false;
    this.drop(list);
    return true;
  }

  /** Takes the first item of the back part; false when there is none. */
  takeBehind(): boolean {
    if (!this.look(this.back)) return false;
    this.drop(this.back);
    return true;
  }

  /**
   * Hashes of the next items of the part that was looked at last, of one chunk.
   * @returns how many
   */
  upcoming(out: Uint32Array): number {
    const list = this.lookedAt;
    const chunk = list.count === 0 ? null : this.chunks[list.ids[list.first]];
    if (chunk === null) return 0;
    const count = Math.min(out.length, list.count, CHUNK_COUNT - list.headPlace);
    for (let i = 0; i < count; i++) out[i] = chunk[list.headPlace + i];
    return count;
  }

  /** What was kept becomes the back part, which is empty. */
  turn(): void {
    const { front } = this;
    this.front = this.back;
    this.back = front;
  }

  /** Whether an item stands there for that key. Looks at one place for each 65,536 items. */
  holds(hash: number, position: number): boolean {
    const wanted = hash >>> 0;
    const place = position & PLACE_MASK;
    const idCount = this.chunks.length;
    for (let id = (position & POSITION_MASK) >>> CHUNK_SHIFT; id < idCount; id += ID_STEP) {
      const chunk = this.chunks[id];
      if (chunk !== null && chunk[place] === wanted) return true;
    }
    return false;
  }

  clear(): void {
    this.front = new ChunkList();
    this.back = new ChunkList();
    this.lookedAt = this.front;
    this.chunks.length = 0;
    this.freeIds.length = 0;
    this.chunkCount = 0;
    this.spareCount = 0;
  }

  private look(list: ChunkList): boolean {
    this.lookedAt = list;
    if (list.count === 0) return false;
    const id = list.ids[list.first];
    const chunk = this.chunks[id];
    if (chunk === null) return false;
    this.hash = chunk[list.headPlace] | 0;
    this.position = ((id << CHUNK_SHIFT) | list.headPlace) & POSITION_MASK;
    return true;
  }

  private put(list: ChunkList, hash: number): number {
    if (list.tailPlace === CHUNK_COUNT) {
      list.ids.push(this.lendChunk());
      list.tailPlace = 0;
    }
    const id = list.ids[list.ids.length - 1];
    const place = list.tailPlace++;
    const chunk = this.chunks[id];
    if (chunk !== null) chunk[place] = hash;
    list.count++;
    return ((id << CHUNK_SHIFT) | place) & POSITION_MASK;
  }

  private drop(list: ChunkList): void {
    list.count--;
    list.headPlace++;
    if (list.headPlace < CHUNK_COUNT && list.count > 0) return;
    // The last chunk of a list that ran empty goes too: what is put next begins a new one.
    this.returnChunk(list.ids[list.first]);
    list.dropFirst();
    if (list.count === 0) list.tailPlace = CHUNK_COUNT;
  }

  private lendChunk(): number {
    const id = this.freeIds.pop();
    if (id === undefined) {
      this.chunkCount++;
      return this.chunks.push(new Uint32Array(CHUNK_COUNT)) - 1;
    }
    if (this.chunks[id] === null) {
      this.chunks[id] = new Uint32Array(CHUNK_COUNT);
      this.chunkCount++;
    } else {
      this.spareCount--;
    }
    return id;
  }

  private returnChunk(id: number): void {
    if (this.spareCount < SPARE_COUNT_MAX) {
      // On top of the others: it is lent next. Nothing in it is held any more.
      this.chunks[id]?.fill(0);
      this.spareCount++;
    } else {
      this.chunks[id] = null;
      this.chunkCount--;
    }
    this.freeIds.push(id);
  }
}

/** Chunks of one part, first to last. */
class ChunkList {
  count = 0;
  ids: number[] = [];
  /** Index in `ids`; those before were returned. */
  first = 0;
  headPlace = 0;
  tailPlace = CHUNK_COUNT;

  dropFirst(): void {
    this.first++;
    this.headPlace = 0;
    if (this.first < this.ids.length && this.first * 2 < this.ids.length) return;
    this.ids.splice(0, this.first);
    this.first = 0;
  }
}
