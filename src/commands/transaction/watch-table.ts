import { bytesEqual } from '../../base/bytes.ts';
import { slotOfKey } from '../../base/digest/key-slot.ts';
import type { Frame } from '../../base/frame.ts';
import { hashBytes } from '../../base/hash.ts';
import { copiedInto, type Effect } from '../../engine/effect.ts';
import { EVENT } from '../../engine/event-table.ts';
import type { MutationReader } from '../../engine/mutation-sink.ts';
import type { Store } from '../../engine/store.ts';
import type { Session, WatchedKeys } from '../session.ts';

/**
 * Who watches which key (WATCH). Reads the stream of changes of each store in which somebody
 * watches, and only then: while nobody watches, a change costs nothing here.
 */
export class WatchTable {
  private readonly readers = new Map<Store, StoreWatches>();

  /** Watched keys of all sessions, each counted once a store and database. */
  get count(): number {
    let count = 0;
    for (const reader of this.readers.values()) count += reader.count;
    return count;
  }

  /** Memory of all of them, about. */
  get heldBytes(): number {
    let byteCount = 0;
    for (const reader of this.readers.values()) byteCount += reader.heldBytes;
    return byteCount;
  }

  /** Begins to watch the key in argument `arg`; again is no different from once. */
  watch(session: Session, frame: Frame, arg: number): void {
    const { store } = session;
    let reader = this.readers.get(store);
    if (reader === undefined) {
      reader = new StoreWatches(store);
      this.readers.set(store, reader);
      store.sink.attach(reader);
    }
    session.watched ??= new SessionWatches();
    if (session.watched instanceof SessionWatches) {
      reader.add(session.watched, session.databaseIndex, frame, arg);
    } else {
      session.watched.isDirty = true;
    }
  }

  /**
   * Another node watches keys for the session. Keys that are watched by several nodes, because
   * their owner has changed, count as changed.
   */
  watchElsewhere(session: Session, keyCount: number): void {
    session.watched ??= new WatchesElsewhere();
    if (session.watched instanceof WatchesElsewhere) session.watched.count += keyCount;
    else session.watched.isDirty = true;
  }

  /** Whether another node watches keys for it. */
  isWatchedElsewhere({ watched }: Session): boolean {
    return watched instanceof WatchesElsewhere;
  }

  /** In the cluster, of the first of the keys that are watched here; -1: none is. */
  slotOf({ watched }: Session): number {
    if (!(watched instanceof SessionWatches)) return -1;
    for (const { bytes } of watched.keys) return slotOfKey(bytes, 0, bytes.length);
    return -1;
  }

  /** The session has watched keys: where nothing is known of that, EXEC must not run. */
  loseUnknown(session: Session): void {
    if (session.watched !== null) return;
    const lost = new SessionWatches();
    lost.isDirty = true;
    session.watched = lost;
  }

  /** Forgets all keys of the session, and that they changed. */
  unwatch(session: Session): void {
    const watches = session.watched;
    if (watches === null) return;
    session.watched = null;
    if (!(watches instanceof SessionWatches)) return session.node.cluster.unwatch(session);
    for (const key of watches.keys) {
      const reader = this.readers.get(key.store);
      if (reader === undefined) continue;
      reader.remove(watches, key);
      if (reader.count > 0) continue;
      key.store.sink.detach(reader);
      this.readers.delete(key.store);
    }
  }

  /** All of the store's keys are gone: whoever watches one of them is told by EXEC. */
  dropStore(store: Store): void {
    this.readers.get(store)?.spoilAll();
  }

  /** Whether EXEC may run: no watched key was changed, removed or has expired. */
  isUnchanged(session: Session): boolean {
    const watches = session.watched;
    if (watches === null) return true;
    if (!(watches instanceof SessionWatches)) return false;
    for (const key of watches.keys) {
      if (watches.isDirty) break;
      // An expired key that nobody has come by yet is removed by this look, which is a change.
      if (key.existed) findKey(key.store, key.databaseIndex, key);
    }
    return !watches.isDirty;
  }
}

interface WatchedKey {
  readonly store: Store;
  readonly databaseIndex: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly hash: number;
  /** Whether there was such a key when it was first watched: it is so until somebody is dirty. */
  readonly existed: boolean;
  readonly watchers: Set<SessionWatches>;
}

class SessionWatches implements WatchedKeys {
  isDirty = false;
  readonly keys = new Set<WatchedKey>();

  get count(): number {
    return this.keys.size;
  }
}

class WatchesElsewhere implements WatchedKeys {
  isDirty = false;
  count = 0;
}

/** What a watched key takes beside its bytes, and each session that watches it; measured. */
const KEY_BYTES = 520;
const WATCHER_BYTES = 80;

class StoreWatches implements MutationReader {
  count = 0;
  heldBytes = 0;
  private readonly store: Store;
  /** Keys by the hash of their bytes; several may share one. */
  private readonly byHash = new Map<number, WatchedKey[]>();

  constructor(store: Store) {
    this.store = store;
  }

  add(watches: SessionWatches, databaseIndex: number, frame: Frame, arg: number): void {
    const offset = frame.offsets[arg];
    const length = frame.lengths[arg];
    const hash = this.hashOf(frame.view, offset, length);
    const keys = this.byHash.get(hash) ?? [];
    const wasThere = this.existsNow(databaseIndex, frame, arg);
    for (const key of keys) {
      if (!isKey(key, databaseIndex, frame, arg) || key.existed !== wasThere) continue;
      if (key.watchers.has(watches)) return;
      key.watchers.add(watches);
      watches.keys.add(key);
      this.heldBytes += WATCHER_BYTES;
      return;
    }
    const bytes = frame.copyArgument(arg);
    const key: WatchedKey = {
      store: this.store,
      databaseIndex,
      bytes,
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      hash,
      existed: wasThere,
      watchers: new Set([watches]),
    };
    keys.push(key);
    this.byHash.set(hash, keys);
    this.count++;
    this.heldBytes += KEY_BYTES + length + WATCHER_BYTES;
    watches.keys.add(key);
  }

  remove(watches: SessionWatches, key: WatchedKey): void {
    if (key.watchers.delete(watches)) this.heldBytes -= WATCHER_BYTES;
    if (key.watchers.size > 0) return;
    const keys = this.byHash.get(key.hash);
    if (keys === undefined) return;
    const index = keys.indexOf(key);
    if (index < 0) return;
    keys.splice(index, 1);
    this.count--;
    this.heldBytes -= KEY_BYTES + key.bytes.length;
    if (keys.length === 0) this.byHash.delete(key.hash);
  }

  onEffect(effect: Effect, eventId: number): void {
    const { frame, databaseIndex, keyArg } = effect;
    if (keyArg === 0) {
      this.onWholeDatabase(frame, databaseIndex);
      return;
    }
    if (eventId === EVENT.copyTo) {
      this.spoil(copiedInto(effect), frame, keyArg);
      return;
    }
    this.spoil(databaseIndex, frame, keyArg);
    if (effect.secondKeyArg !== 0) this.spoil(databaseIndex, frame, effect.secondKeyArg);
    else if (eventId === EVENT.move) this.spoil(Number(frame.latin1(2)), frame, keyArg);
  }

  spoilAll(): void {
    for (const keys of this.byHash.values()) for (const key of keys) spoilKey(key);
  }

  private spoil(databaseIndex: number, frame: Frame, arg: number): void {
    const keys = this.byHash.get(this.hashOf(frame.view, frame.offsets[arg], frame.lengths[arg]));
    if (keys === undefined) return;
    for (const key of keys) if (isKey(key, databaseIndex, frame, arg)) spoilKey(key);
  }

  /** FLUSHDB, FLUSHALL and SWAPDB change the keys that are there, or come to be there. */
  private onWholeDatabase(frame: Frame, databaseIndex: number): void {
    const isSwap = frame.equals(0, 'SWAPDB');
    const isAll = frame.equals(0, 'FLUSHALL');
    const left = isSwap ? Number(frame.latin1(1)) : databaseIndex;
    const right = isSwap ? Number(frame.latin1(2)) : databaseIndex;
    for (const keys of this.byHash.values()) {
      for (const key of keys) {
        if (!isAll && key.databaseIndex !== left && key.databaseIndex !== right) continue;
        if (key.existed || (isSwap && findKey(this.store, key.databaseIndex, key) !== 0)) {
          spoilKey(key);
        }
      }
    }
  }

  private existsNow(databaseIndex: number, frame: Frame, arg: number): boolean {
    return this.store.databases[databaseIndex].find(frame, arg) !== 0;
  }

  private hashOf(view: DataView, offset: number, length: number): number {
    return hashBytes(view, offset, length, this.store.seed0, this.store.seed1);
  }
}

function isKey(key: WatchedKey, databaseIndex: number, frame: Frame, arg: number): boolean {
  const length = frame.lengths[arg];
  if (key.databaseIndex !== databaseIndex || key.bytes.length !== length) return false;
  return bytesEqual(key.view, 0, frame.view, frame.offsets[arg], length);
}

function findKey(store: Store, databaseIndex: number, key: WatchedKey): number {
  return store.databases[databaseIndex].findBytes(key.bytes, key.view, 0, key.bytes.length);
}

function spoilKey(key: WatchedKey): void {
  for (const watches of key.watchers) watches.isDirty = true;
}
