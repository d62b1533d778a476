/**
 * What all stores of a node may hold together, and who gets how much of it.
 *
 *     node limit   [ buffers | reserved: a | reserved: b |  shared by the stores without a limit  ]
 *
 * A store with a limit of its own has that much reserved, whether it uses it or not. The others
 * share the rest: each has a grant, and asks for more when it has used it up; every tenth of a
 * second the grants are shared out anew (`share-out.ts`). A store only ever evicts its own entries,
 * so that one which is written to without end never takes another's.
 *
 * Buffers of clients, scripts and the like are the node's: they are measured from time to time and
 * make what the stores may hold smaller.
 */
import type { StoreConfiguration } from '../../base/configuration-sections.ts';
import type { Store } from '../store.ts';
import { MemoryPressure, type PressureLevel, type PressureShares } from './memory-pressure.ts';
import { shareOut } from './share-out.ts';
import { canEvict, type RoomLender } from './store-room.ts';

export interface NodeMemoryOptions {
  /** 0: none. */
  readonly limitBytes: number;
  readonly shares: PressureShares;
}

/** A level that has changed. */
export interface PressureChange {
  /** Null: the whole node. */
  readonly store: Store | null;
  readonly level: PressureLevel;
  readonly before: PressureLevel;
  readonly usedBytes: number;
  readonly limitBytes: number;
  readonly canEvict: boolean;
}

export type PressureListener = (change: PressureChange) => void;

export class NodeMemory implements RoomLender {
  /** Of the node itself. */
  readonly pressure = new MemoryPressure();
  /** Measured last. */
  bufferBytes = 0;
  private limitBytesMax: number;
  private readonly shares: PressureShares;
  private readonly pressures = new Map<Store, MemoryPressure>();
  private readonly listeners: PressureListener[] = [];
  /** Of what is shared, the part that no grant holds. */
  private ungrantedBytes = 0;

  constructor({ limitBytes, shares }: NodeMemoryOptions) {
    this.limitBytesMax = limitBytes;
    this.shares = shares;
  }

  /** 0: none. */
  get limitBytes(): number {
    return this.limitBytesMax;
  }

  /** What the limit leaves to stores, beside the buffers; infinite when there is none. */
  get storeBytesMax(): number {
    if (this.limitBytesMax === 0) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.limitBytesMax - this.bufferBytes);
  }

  get reservedBytes(): number {
    let bytes = 0;
    for (const store of this.pressures.keys()) bytes += store.memoryBytesMax;
    return bytes;
  }

  /** What all stores without a limit of their own may hold together. */
  get sharedBytesMax(): number {
    return Math.max(0, this.storeBytesMax - this.reservedBytes);
  }

  /** Counted bytes of all stores. */
  get storeBytes(): number {
    let bytes = 0;
    for (const store of this.pressures.keys()) bytes += store.countedBytes();
    return bytes;
  }

  setLimit(limitBytes: number): void {
    this.limitBytesMax = limitBytes;
    this.settle();
  }

  admit(store: Store): void {
    this.pressures.set(store, new MemoryPressure());
    store.lender = this;
    this.settle();
  }

  dismiss(store: Store): void {
    this.pressures.delete(store);
    store.lender = null;
    this.settle();
  }

  onPressure(listener: PressureListener): void {
    this.listeners.push(listener);
  }

  /** Whether such a store may be made: the error reply's text, or null. */
  refuse({ maxMemoryBytes }: StoreConfiguration): string | null {
    const leftBytes = Math.max(0, this.storeBytesMax - this.reservedBytes);
    if (maxMemoryBytes <= leftBytes) return null;
    return (
      `ERR max_memory: ${maxMemoryBytes} bytes cannot be reserved, ` +
      `the node's limit leaves ${Math.floor(leftBytes)} (cache.node_max_memory)`
    );
  }

  /** Works out anew what each store may hold: after a limit has changed, or a store has come. */
  settle(): void {
    const { storeBytesMax, reservedBytes } = this;
    // More is reserved than the node may hold when its limit was lowered, or buffers are large.
    const share = reservedBytes > storeBytesMax ? storeBytesMax / reservedBytes : 1;
    const sharing: Store[] = [];
    for (const store of this.pressures.keys()) {
      if (store.memoryBytesMax === 0) sharing.push(store);
      else store.limitTo(Math.floor(store.memoryBytesMax * share));
    }
    if (sharing.length > 0) this.settleShared(sharing, Math.max(0, storeBytesMax - reservedBytes));
  }

  /** A store that shares has used up its grant. */
  lend(store: Store, neededBytes: number): boolean {
    if (store.memoryBytesMax !== 0 || !this.pressures.has(store)) return false;
    const missingBytes = neededBytes - store.limitBytes;
    if (missingBytes > this.ungrantedBytes) {
      store.isShort = true;
      return false;
    }
    const grantBytes = Math.min(this.ungrantedBytes, Math.max(missingBytes, this.grantBytes));
    this.ungrantedBytes -= grantBytes;
    store.limitTo(store.limitBytes + grantBytes);
    return true;
  }

  /** Takes the measure of everything: grants and levels follow. */
  observe(bufferBytes: number): void {
    this.bufferBytes = bufferBytes;
    this.settle();
    const { sharedBytesMax } = this;
    let usedBytes = bufferBytes;
    let sharedBytes = 0;
    for (const store of this.pressures.keys()) {
      const countedBytes = store.countedBytes();
      usedBytes += countedBytes;
      if (store.memoryBytesMax === 0) sharedBytes += countedBytes;
    }
    for (const [store, pressure] of this.pressures) {
      const isSharing = store.memoryBytesMax === 0;
      const bytes = isSharing ? sharedBytes : store.countedBytes();
      this.take(pressure, store, { bytes, of: isSharing ? sharedBytesMax : store.limitBytes });
    }
    const of = this.limitBytesMax === 0 ? Number.POSITIVE_INFINITY : this.limitBytesMax;
    this.take(this.pressure, null, { bytes: usedBytes, of });
  }

  pressureOf(store: Store): MemoryPressure {
    return this.pressures.get(store) ?? NO_PRESSURE;
  }

  /** Stores at panic that cannot evict: writes to them fail soon. For /health. */
  storesInDistress(): Store[] {
    const stores: Store[] = [];
    for (const [store, { level }] of this.pressures) {
      if (level === 'panic' && !canEvict(store)) stores.push(store);
    }
    return stores;
  }

  private get grantBytes(): number {
    return Math.max(GRANT_BYTES_MIN, this.ungrantedBytes / GRANT_PARTS);
  }

  private settleShared(sharing: readonly Store[], totalBytes: number): void {
    this.ungrantedBytes = 0;
    if (sharing.length === 1 || totalBytes === Number.POSITIVE_INFINITY) {
      for (const store of sharing) store.limitTo(totalBytes);
      return;
    }
    const leastBytes = Math.floor(totalBytes / LEAST_PARTS / sharing.length);
    const spareBytes = Math.max(leastBytes, Math.min(GRANT_BYTES_MIN, leastBytes * 16));
    const sharers = sharing.map((store) => {
      const usedBytes = store.countedBytes();
      if (usedBytes < store.limitBytes * FULL_SHARE) store.isShort = false;
      const keptBytes = canEvict(store) ? 0 : usedBytes;
      const wantedBytes = store.isShort ? Number.POSITIVE_INFINITY : usedBytes + spareBytes;
      return { usedBytes, keptBytes, wantedBytes };
    });
    const limits = shareOut(sharers, totalBytes, leastBytes);
    let grantedBytes = 0;
    sharing.forEach((store, i) => {
      store.limitTo(limits[i]);
      grantedBytes += Math.max(limits[i], sharers[i].usedBytes);
    });
    this.ungrantedBytes = Math.max(0, totalBytes - grantedBytes);
  }

  private take(
    pressure: MemoryPressure,
    store: Store | null,
    { bytes, of }: { bytes: number; of: number },
  ): void {
    const before = pressure.level;
    if (!pressure.observe(bytes, of, this.shares)) return;
    const change: PressureChange = {
      store,
      level: pressure.level,
      before,
      usedBytes: bytes,
      limitBytes: of,
      canEvict: store === null ? this.storesInDistress().length === 0 : canEvict(store),
    };
    for (const tell of this.listeners) tell(change);
  }
}

const NO_PRESSURE = new MemoryPressure();
/** What a store gets at once when it asks. */
const GRANT_BYTES_MIN = 256 * 1024;
const GRANT_PARTS = 16;
/** Even in a full node a store that shares may hold its part of a 256th of what is shared. */
const LEAST_PARTS = 256;
/** A store that uses less of its grant than this is not short any more. */
const FULL_SHARE = 0.9;
