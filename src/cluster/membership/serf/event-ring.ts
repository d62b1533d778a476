/** What came lately, by Lamport time, so that news that come again are known as such. */
const PLACE_COUNT = 512;

interface Place<Item> {
  readonly time: number;
  readonly items: Item[];
}

/** Several may have one time: those that are told apart by `isSame`. */
const SAME_TIME_MAX = 64;

export class EventRing<Item> {
  private readonly places = new Map<number, Place<Item>>();
  private readonly isSame: (left: Item, right: Item) => boolean;

  constructor(isSame: (left: Item, right: Item) => boolean) {
    this.isSame = isSame;
  }

  /** Of all times that are still kept. */
  get items(): { time: number; item: Item }[] {
    const all: { time: number; item: Item }[] = [];
    for (const { time, items } of this.places.values()) {
      for (const item of items) all.push({ time, item });
    }
    return all;
  }

  /**
   * @param now  what the clock of these events says
   * @returns    false: it came before, or is too old to tell
   */
  add(time: number, item: Item, now: number): boolean {
    if (now > PLACE_COUNT && time < now - PLACE_COUNT) return false;
    const at = time % PLACE_COUNT;
    const place = this.places.get(at);
    if (place === undefined || place.time !== time) {
      this.places.set(at, { time, items: [item] });
      return true;
    }
    if (place.items.length >= SAME_TIME_MAX) return false;
    if (place.items.some((known) => this.isSame(known, item))) return false;
    place.items.push(item);
    return true;
  }
}
