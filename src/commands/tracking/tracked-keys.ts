import { hashBytes } from '../../base/hash.ts';
import type { Random } from '../../base/world.ts';

/**
 * Which clients may hold copies of which keys: a name, whatever database it is of, and the ids of
 * those who read it. Found by the hash of the name's bytes, so that a write to a key that nobody
 * holds makes no string; a read of a key that is known already makes none either.
 */
export class TrackedKeys {
  /** Names and clients together: what INFO calls items. */
  itemCount = 0;
  private nameBytes = 0;
  private readonly byHash = new Map<number, TrackedKey>();
  /** All of them, for drawing one at random. */
  private readonly keys: TrackedKey[] = [];
  private readonly random: Random;
  private readonly seed0: number;
  private readonly seed1: number;

  constructor(random: Random) {
    this.random = random;
    this.seed0 = random.u32();
    this.seed1 = random.u32();
  }

  get count(): number {
    return this.keys.length;
  }

  get heldBytes(): number {
    return this.nameBytes + this.count * KEY_BYTES + this.itemCount * ITEM_BYTES;
  }

  add(view: DataView, offset: number, length: number, clientId: number): void {
    const hash = hashBytes(view, offset, length, this.seed0, this.seed1);
    let key = this.findHashed(hash, view, offset, length);
    if (key === null) {
      const name = Buffer.from(view.buffer, view.byteOffset + offset, length).toString('latin1');
      const next = this.byHash.get(hash) ?? null;
      key = { name, hash, next, place: this.keys.length, clientId, others: null };
      this.byHash.set(hash, key);
      this.keys.push(key);
      this.nameBytes += length;
      this.itemCount++;
    } else if (key.clientId !== clientId) {
      key.others ??= new Set();
      const countBefore = key.others.size;
      key.others.add(clientId);
      this.itemCount += key.others.size - countBefore;
    }
  }

  find(view: DataView, offset: number, length: number): TrackedKey | null {
    const hash = hashBytes(view, offset, length, this.seed0, this.seed1);
    return this.findHashed(hash, view, offset, length);
  }

  /** One of them, null when there is none. */
  choose(): TrackedKey | null {
    const { length } = this.keys;
    return length === 0 ? null : this.keys[this.random.u32() % length];
  }

  remove(key: TrackedKey): void {
    const { hash, next, place } = key;
    let before = this.byHash.get(hash);
    if (before === key) {
      if (next === null) this.byHash.delete(hash);
      else this.byHash.set(hash, next);
    } else {
      while (before !== undefined && before.next !== key) before = before.next ?? undefined;
      if (before !== undefined) before.next = next;
    }
    const last = this.keys[this.keys.length - 1];
    last.place = place;
    this.keys[place] = last;
    this.keys.pop();
    this.nameBytes -= key.name.length;
    this.itemCount -= 1 + (key.others?.size ?? 0);
  }

  clear(): void {
    this.byHash.clear();
    this.keys.length = 0;
    this.nameBytes = 0;
    this.itemCount = 0;
  }

  private findHashed(
    hash: number,
    view: DataView,
    offset: number,
    length: number,
  ): TrackedKey | null {
    let key = this.byHash.get(hash) ?? null;
    while (key !== null && !isNamed(key.name, view, offset, length)) key = key.next;
    return key;
  }
}

export interface TrackedKey {
  /** One char a byte. */
  readonly name: string;
  readonly hash: number;
  /** Another key of the same hash. */
  next: TrackedKey | null;
  /** Where it stands in the list of all. */
  place: number;
  /** Who read it first; clients that are gone or track no more are passed over when it changes. */
  readonly clientId: number;
  /** Whoever read it too. Most keys have one reader. */
  others: Set<number> | null;
}

/** Object, string head, slots in the map and in the list; and of each further reader. */
const KEY_BYTES = 160;
const ITEM_BYTES = 16;

function isNamed(name: string, view: DataView, offset: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let i = 0; i < length; i++) {
    if (name.charCodeAt(i) !== view.getUint8(offset + i)) return false;
  }
  return true;
}
