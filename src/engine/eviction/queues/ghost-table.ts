/**
 * Who left lately: hashes of the last so many entries that were evicted, approximately, in 2.7
 * bytes each.
 *
 *     bucket  [slot][slot][slot][slot]      slot, 16 bits: part of the hash 11 | epoch 5
 *
 * A 24th of the capacity is one epoch; a slot counts while its epoch is one of the last 24. Each
 * insertion clears one bucket's outdated slots, in turn, so that all are cleared before the 5 bits
 * come round. A full bucket gives up its oldest slot. One look-up in five hundred that should miss
 * finds somebody else's slot.
 */
const SLOTS_PER_BUCKET = 4;
const EPOCH_BITS = 5;
const EPOCH_MASK = (1 << EPOCH_BITS) - 1;
const LIVE_EPOCHS = 24;
const SLOTS_PER_ENTRY = 1.35;
const CAPACITY_MIN = 128;
/** Beyond these shares of the wanted capacity the table is made anew, and empty. */
const GROW_SHARE = 1.5;
const SHRINK_SHARE = 0.4;

export class GhostTable {
  private slots = new Uint16Array(0);
  private bucketCount = 0;
  private capacity = 0;
  private epoch = 0;
  private insertionsLeft = 0;
  private sweptBucket = 0;

  get byteCount(): number {
    return this.slots.byteLength;
  }

  /** To hold about so many entries. */
  fit(entryCount: number): void {
    const wanted = Math.max(CAPACITY_MIN, entryCount);
    if (wanted <= this.capacity * GROW_SHARE && wanted >= this.capacity * SHRINK_SHARE) return;
    this.capacity = wanted;
    this.bucketCount = Math.ceil((wanted * SLOTS_PER_ENTRY) / SLOTS_PER_BUCKET);
    this.slots = new Uint16Array(this.bucketCount * SLOTS_PER_BUCKET);
    this.sweptBucket = 0;
    this.insertionsLeft = 0;
  }

  insert(hash: number): void {
    if (this.capacity === 0) return;
    if (this.insertionsLeft-- <= 0) {
      this.insertionsLeft = Math.floor(this.capacity / LIVE_EPOCHS);
      this.epoch = (this.epoch + 1) & EPOCH_MASK;
    }
    this.sweep();
    const first = this.bucketOf(hash);
    let chosen = first;
    let oldest = -1;
    for (let at = first; at < first + SLOTS_PER_BUCKET; at++) {
      const slot = this.slots[at];
      const age = slot === 0 ? EPOCH_MASK + 1 : (this.epoch - slot) & EPOCH_MASK;
      if (age <= oldest) continue;
      oldest = age;
      chosen = at;
    }
    this.slots[chosen] = (markOf(hash) << EPOCH_BITS) | this.epoch;
  }

  /**
   * How long it has been there, as a share of the capacity that came since; -1 when it is not. It
   * is not afterwards.
   */
  take(hash: number): number {
    if (this.capacity === 0) return -1;
    const first = this.bucketOf(hash);
    const mark = markOf(hash);
    for (let at = first; at < first + SLOTS_PER_BUCKET; at++) {
      const slot = this.slots[at];
      if (slot >>> EPOCH_BITS !== mark) continue;
      this.slots[at] = 0;
      const epochs = (this.epoch - slot) & EPOCH_MASK;
      return epochs < LIVE_EPOCHS ? epochs / LIVE_EPOCHS : -1;
    }
    return -1;
  }

  /** Fetches what `insert` and `take` of these hashes will look at; see `EntryTracker.warm`. */
  warm(hashes: Uint32Array, count: number): number {
    const { slots } = this;
    let seen = 0;
    if (this.capacity > 0) for (let i = 0; i < count; i++) seen ^= slots[this.bucketOf(hashes[i])];
    return seen;
  }

  clear(): void {
    this.slots = new Uint16Array(0);
    this.capacity = 0;
  }

  private sweep(): void {
    this.sweptBucket = this.sweptBucket + 1 < this.bucketCount ? this.sweptBucket + 1 : 0;
    const first = this.sweptBucket * SLOTS_PER_BUCKET;
    for (let at = first; at < first + SLOTS_PER_BUCKET; at++) {
      if (((this.epoch - this.slots[at]) & EPOCH_MASK) >= LIVE_EPOCHS) this.slots[at] = 0;
    }
  }

  private bucketOf(hash: number): number {
    const bucket = Math.floor(((hash >>> 0) / 0x1_0000_0000) * this.bucketCount);
    return bucket * SLOTS_PER_BUCKET;
  }
}

/** 11 bits, never all zero: an empty slot is 0. */
function markOf(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> 21 || 1;
}
