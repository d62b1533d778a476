/**
 * The stores of one node: `default`, which is always there, and the named ones, which come and go
 * while the node runs. Names are unique without regard to case; what a store is configured to be
 * never changes. What follows stores (notifications, tracking, who waits) asks to be told of each
 * one that comes or goes; `all` is a new array after each change, so that a walk over it is safe.
 *
 *     create   is it refused? -> place made for it -> saved -> made -> listeners -> effect
 *     drop     saved -> out of the list -> listeners -> memory back to the pool -> effect
 *
 * Both take constant time: a store's memory goes back segment by segment, not key by key.
 */
import type { StoreConfiguration } from '../base/configuration-sections.ts';
import { assert } from '../base/errors.ts';
import type { Store } from './store.ts';

export type StoreListener = (store: Store) => void;
/** The text of the error reply, or null: the store may be made. */
export type StoreGuard = (configuration: StoreConfiguration) => string | null;

export interface StoreRegistryOptions {
  readonly default: Store;
  readonly make: (configuration: StoreConfiguration) => Store;
  /** Named stores at most. */
  readonly countMax: () => number;
  /** Keeps the list of named stores over a restart. The reason when it cannot, else null. */
  readonly save: (configurations: readonly StoreConfiguration[]) => string | null;
  /** The words that make such a store, for its effect: `eviction_policy lru max_memory 1mb`. */
  readonly describe: (configuration: StoreConfiguration) => readonly string[];
}

export class StoreRegistry {
  readonly default: Store;
  /** The default store first, then the others, oldest first. */
  all: readonly Store[];
  private readonly options: StoreRegistryOptions;
  /** By the name in lower case. */
  private readonly byName = new Map<string, Store>();
  private saveFailure = '';
  private readonly guards: StoreGuard[] = [];
  private readonly makingListeners: ((name: string) => string | null)[] = [];
  private readonly createdListeners: StoreListener[] = [];
  private readonly droppedListeners: StoreListener[] = [];

  constructor(options: StoreRegistryOptions) {
    this.options = options;
    this.default = options.default;
    this.all = [];
    this.add(options.default);
  }

  [Symbol.iterator](): IterableIterator<Store> {
    return this.all[Symbol.iterator]();
  }

  /** All but the default store. */
  get named(): readonly Store[] {
    return this.all.slice(1);
  }

  /** In any case of letters. */
  find(name: string): Store | null {
    return this.byName.get(name.toLowerCase()) ?? null;
  }

  /** Asked before a store is made, and may refuse it. */
  onCreating(guard: StoreGuard): void {
    this.guards.push(guard);
  }

  /** Told of each store made from now on. */
  /**
   * Called before a store of that name is saved and made: once it is saved, what lies in its place
   * would be taken for its own.
   * @param prepare  returns why it cannot be made, or null
   */
  onMaking(prepare: (name: string) => string | null): void {
    this.makingListeners.push(prepare);
  }

  onCreated(listener: StoreListener): void {
    this.createdListeners.push(listener);
  }

  /** Told of each store that is dropped: it is out of the list, and its keys are still there. */
  onDropped(listener: StoreListener): void {
    this.droppedListeners.push(listener);
  }

  /** Makes the stores that the node begins with: saved already, and refused by nobody. */
  open(configurations: readonly StoreConfiguration[]): void {
    for (const configuration of configurations) {
      assert(this.find(configuration.name) === null, 'the stores of the start are different ones');
      this.tellCreated(this.options.make(configuration));
    }
  }

  /** @returns the text of the error reply, or null when the store is there */
  create(configuration: StoreConfiguration): string | null {
    const refusal = this.refuse(configuration);
    if (refusal !== null) return refusal;
    const kept = this.named.map((store) => store.configuration);
    let reason: string | null = null;
    for (const prepare of this.makingListeners) reason ??= prepare(configuration.name);
    reason ??= this.save([...kept, configuration]);
    if (reason !== null) return `MISCONF The store was not created: ${reason}`;
    this.tellCreated(this.options.make(configuration));
    this.record('CREATE', configuration.name, this.options.describe(configuration));
    return null;
  }

  /** @returns the text of the error reply, or null when the store is gone */
  drop(store: Store): string | null {
    if (store === this.default) return "ERR The store 'default' cannot be dropped";
    assert(!store.isDropped, 'a store is dropped once');
    const kept = this.named.filter((other) => other !== store);
    const reason = this.save(kept.map((other) => other.configuration));
    if (reason !== null) return `MISCONF The store was not dropped: ${reason}`;
    this.byName.delete(store.name.toLowerCase());
    this.all = [this.default, ...kept];
    store.isDropped = true;
    for (const tell of this.droppedListeners) tell(store);
    store.clear();
    this.record('DROP', store.name, []);
    return null;
  }

  /**
   * Why the list of the stores could not be saved the last time; '' when it was. Asking tries it
   * again, so that a disk which takes it is seen.
   */
  retrySave(): string {
    if (this.saveFailure !== '') this.save(this.named.map((store) => store.configuration));
    return this.saveFailure;
  }

  /** Stores are kept from now on, which they were not. `retrySave` tells what prevents it. */
  keepList(): void {
    this.save(this.named.map((store) => store.configuration));
  }

  private save(configurations: readonly StoreConfiguration[]): string | null {
    const reason = this.options.save(configurations);
    this.saveFailure = reason ?? '';
    return reason;
  }

  private refuse(configuration: StoreConfiguration): string | null {
    const known = this.find(configuration.name);
    if (known !== null) return `STOREEXISTS There is a store named '${known.name}'`;
    const countMax = this.options.countMax();
    if (this.all.length > countMax) {
      return `STORELIMIT There are ${countMax} named stores, and cache.max_stores allows no more`;
    }
    for (const guard of this.guards) {
      const refusal = guard(configuration);
      if (refusal !== null) return refusal;
    }
    return null;
  }

  private add(store: Store): void {
    this.byName.set(store.name.toLowerCase(), store);
    this.all = [...this.all, store];
  }

  private tellCreated(store: Store): void {
    this.add(store);
    for (const tell of this.createdListeners) tell(store);
  }

  /** Stores belong to the node: that they come and go is told with the default store's changes. */
  private record(verb: string, name: string, words: readonly string[]): void {
    const { effect, sink } = this.default;
    if (!sink.hasReaders) return;
    effect.begin('STORE', 0, 0).text(verb).text(name);
    for (const word of words) effect.text(word);
    sink.recordStores(effect);
  }
}
