/**
 * Tells subscribers what happens to keys, as redis-server does with `notify-keyspace-events`:
 *
 *     __keyspace@<database>__:<key>    <event>      letter K
 *     __keyevent@<database>__:<event>  <key>        letter E
 *
 * A named store has its name where the default store has the database's number.
 *
 * Reads the stream of changes: each effect carries the id of its event, and what an effect leaves
 * unsaid (a SET with a deadline is two events, RENAME has two keys) is known here. Attached only
 * while the setting names a class and K or E; before that a change costs nothing.
 */
import type { Frame } from '../../base/frame.ts';
import { copiedInto, type Effect } from '../../engine/effect.ts';
import { EVENT, EVENT_ROWS } from '../../engine/event-table.ts';
import type { MutationReader } from '../../engine/mutation-sink.ts';
import type { StoreRegistry } from '../../engine/store-registry.ts';
import type { PubSub } from '../node-services.ts';

/** What `A` stands for: neither misses nor new keys. */
const CLASSES_OF_A = 'g$lshzxetd';

interface EventNames {
  /** Of the effect's key, then of its second key. */
  readonly texts: readonly string[];
  readonly bytes: readonly Uint8Array[];
}

const NAMES: readonly EventNames[] = EVENT_ROWS.map(({ name }) => {
  const texts = name === '' ? [] : name.split(' ');
  return { texts, bytes: texts.map((text) => Buffer.from(text, 'latin1')) };
});

export class KeyspaceNotifications implements MutationReader {
  private readonly pubsub: PubSub;
  private readonly stores: StoreRegistry;
  private isOn = false;
  private tellsOfKeys = false;
  private tellsOfEvents = false;
  /** By event id: whether its class was asked for. */
  private readonly isWanted: boolean[] = EVENT_ROWS.map(() => false);

  constructor(options: { pubsub: PubSub; stores: StoreRegistry }) {
    this.pubsub = options.pubsub;
    this.stores = options.stores;
    options.stores.onCreated(({ sink }) => {
      if (this.isOn) sink.attach(this);
    });
    options.stores.onDropped(({ sink }) => sink.detach(this));
  }

  /** @param classes  letters of `notify-keyspace-events` */
  follow(classes: string): void {
    const has = (letter: string) =>
      classes.includes(letter) || (classes.includes('A') && CLASSES_OF_A.includes(letter));
    this.tellsOfKeys = classes.includes('K');
    this.tellsOfEvents = classes.includes('E');
    for (const [eventId, { kind }] of EVENT_ROWS.entries()) {
      this.isWanted[eventId] = kind !== '' && has(kind);
    }
    this.isOn = (this.tellsOfKeys || this.tellsOfEvents) && this.isWanted.includes(true);
    for (const { sink } of this.stores) {
      if (this.isOn) sink.attach(this);
      else sink.detach(this);
    }
  }

  onEffect(effect: Effect, eventId: number): void {
    const { frame, keyArg } = effect;
    if (keyArg === 0) return;
    const here = placeOf(effect);
    if (this.isWanted[eventId]) {
      if (eventId === EVENT.rename) {
        this.tell(eventId, 0, here, frame, keyArg);
        this.tell(eventId, 1, here, frame, 2);
      } else if (eventId === EVENT.move) {
        this.tell(eventId, 0, here, frame, keyArg);
        this.tell(eventId, 1, frame.latin1(2), frame, keyArg);
      } else if (eventId === EVENT.copyTo) {
        const isHere = copiedInto(effect) === effect.databaseIndex;
        this.tell(eventId, 0, isHere ? here : frame.latin1(4), frame, keyArg);
      } else {
        this.tell(eventId, 0, here, frame, keyArg);
      }
    }
    if (eventId === EVENT.set && this.isWanted[EVENT.expire] && hasDeadline(frame)) {
      this.tell(EVENT.expire, 0, here, frame, keyArg);
    }
  }

  onEvent(effect: Effect, eventId: number): void {
    if (!this.isWanted[eventId]) return;
    this.tell(eventId, 0, placeOf(effect), effect.frame, effect.keyArg);
  }

  /**
   * @param which  of the event's names
   * @param place  as channels name it
   */
  private tell(eventId: number, which: number, place: string, frame: Frame, keyArg: number): void {
    const { pubsub } = this;
    if (pubsub.channelCount === 0 && pubsub.patternCount === 0) return;
    const { bytes, texts } = NAMES[eventId];
    if (this.tellsOfKeys) {
      const channel = `__keyspace@${place}__:${frame.latin1(keyArg)}`;
      pubsub.publish('channel', channel, bytes[which], 0, bytes[which].length);
    }
    if (!this.tellsOfEvents) return;
    const channel = `__keyevent@${place}__:${texts[which]}`;
    const offset = frame.offsets[keyArg];
    pubsub.publish('channel', channel, frame.bytes, offset, frame.lengths[keyArg]);
  }
}

/** The database's number, or the store's name. */
function placeOf({ databaseIndex, storeName }: Effect): string {
  return storeName === 'default' ? String(databaseIndex) : storeName;
}

/** SET as an effect: `SET key value`, then `PXAT t` or `KEEPTTL` or nothing. */
function hasDeadline(frame: Frame): boolean {
  return frame.count === 5 && frame.equals(3, 'PXAT');
}
