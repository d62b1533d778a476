/** Every store of the node as repair sees it: made when the store is, and forgotten with it. */
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import { assert } from '../../base/errors.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import type { Store } from '../../engine/store.ts';
import type { NodeReplication } from '../replication/node-replication.ts';
import type { StampTable } from '../replication/stamp-table.ts';
import { ElementStamps } from './elements/element-stamps.ts';
import { StampedStore } from './stamped-store.ts';

export interface StampedStoresOptions {
  readonly node: NodeServices;
  readonly replication: NodeReplication;
}

/** The stamp of what was there before stamps were: older than any other. */
const LOADED = { high: 0, low: 1 } as const;

export class StampedStores {
  private readonly options: StampedStoresOptions;
  private readonly stores = new Map<Store, StampedStore>();

  constructor(options: StampedStoresOptions) {
    this.options = options;
    const { stores } = options.node;
    for (const store of stores) this.of(store);
    stores.onCreated((store) => this.of(store));
    stores.onDropped((store) => this.stores.delete(store));
  }

  /** Whoever hears first of a new store makes it. */
  of(store: Store): StampedStore {
    return this.stores.get(store) ?? this.add(store);
  }

  /** This node executes for the store, or for some of its slots. */
  isServing(store: Store): boolean {
    return this.options.replication.dutyOf(store) === 'owner';
  }

  /**
   * Nobody has a better version than what was loaded from the disk here: it is as if it were
   * written now, and wins over what others have loaded.
   */
  restampLoaded(): void {
    const { node, replication } = this.options;
    const { clock } = replication;
    for (const store of node.stores) {
      const { stamps } = this.of(store);
      clock.tick();
      const { high, low } = clock;
      for (const index of stamps.databaseIndexes) restamp(stamps.tableOf(index), high, low);
    }
  }

  private add(store: Store): StampedStore {
    const { replication } = this.options;
    const parts = replication.partsOf(store);
    assert(parts !== null, 'every store of the node is replicated');
    const elements = new ElementStamps(parts.stamps);
    const stamped = new StampedStore({
      store,
      stamps: parts.stamps,
      stream: parts.stream,
      replay: parts.replay,
      clock: replication.clock,
      elements,
      isOwner: (slot) => replication.dutyOfSlot(store, slot) === 'owner',
      isServing: () => this.isServing(store),
    });
    this.stores.set(store, stamped);
    replication.whenAwake((isLate) => {
      if (store.isDropped) return;
      store.sink.attach(elements);
      this.adopt(stamped, isLate);
    });
    return stamped;
  }

  /**
   * What was written while nobody else was there counts as written now; what was loaded, as written
   * when the last record of its log was. What was removed before is not known any more; where not
   * every node holds every key, neither is which slots this one held, so that is said of none.
   */
  private adopt(stamped: StampedStore, isLate: boolean): void {
    const { node, replication } = this.options;
    const { clock } = replication;
    const hasAll = node.configuration.cluster.replicationFactor === 0;
    const { databases, loadedMs } = stamped.store;
    if (isLate) clock.tick();
    const loaded = loadedMs === 0 ? LOADED : clock.stampAt(loadedMs);
    const { high, low } = isLate ? clock : loaded;
    if (!isLate) {
      stamped.loadedHigh = high;
      stamped.loadedLow = low;
    }
    for (const database of databases) {
      if (database.count > 0) stamped.adopt(database, high, low);
      if (loadedMs > 0 && hasAll) stamped.tableOf(database).purged.raise(high, low, null);
    }
  }
}

function restamp(table: StampTable, high: number, low: number): void {
  const loaded: { tag: number; isAbsent: boolean }[] = [];
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    if (table.entryCountOf(slot) === 0) continue;
    loaded.length = 0;
    table.entriesOf(slot, (tag, entryHigh, _low, isAbsent) => {
      if (entryHigh === LOADED.high) loaded.push({ tag, isAbsent });
    });
    for (const { tag, isAbsent } of loaded) table.put(slot, tag, high, low, isAbsent);
  }
}
