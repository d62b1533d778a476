/**
 * One named store: its numbered databases, its memory limit and eviction policy, its statistics,
 * and the sink that every change of it passes. A value that is handed around; a node may hold many.
 */
import type { EvictionPolicyName, StoreConfiguration } from '../base/configuration-sections.ts';
import { LIMITS } from '../base/limits.ts';
import type { TurnClock } from '../base/turn-clock.ts';
import type { Random } from '../base/world.ts';
import { Database, NO_DEADLINE } from './database.ts';
import { Effect } from './effect.ts';
import { EVENT } from './event-table.ts';
import {
  type EntryTracker,
  EVICTION_SETTINGS_DEFAULT,
  type EvictionPolicy,
  type EvictionSettings,
} from './eviction/eviction-policy.ts';
import { POLICY_TABLE } from './eviction/policy-table.ts';
import { expireFields, fieldsAreDue } from './expiry/field-expiry.ts';
import { FilterPlan } from './filter/filter-plan.ts';
import type { SegmentPool } from './memory/segment-pool.ts';
import { evictAhead, makeRoomSlowly, type RoomLender } from './memory/store-room.ts';
import { MutationSink } from './mutation-sink.ts';
import type { StoreSafety } from './store-safety.ts';
import { STORE_STAT, STORE_STAT_COUNT } from './store-stats.ts';

/** Entries that one step of a background slice looks at between two readings of the clock. */
const STEP_ENTRY_COUNT = 50;
const COMPACTION_STEP_BYTES = 16 * 1024;
/** Blocks of released trees that one such step frees. */
const DRAINED_BLOCK_COUNT = 50;

export interface StoreOptions {
  readonly name: string;
  readonly databaseCount: number;
  readonly clock: TurnClock;
  readonly random: Random;
  /** Milliseconds with a fraction, for slices. */
  readonly monotonicMs: () => number;
  readonly pool: SegmentPool;
  /** 0: no limit of its own. */
  readonly memoryBytesMax: number;
  /** A key of POLICY_TABLE. */
  readonly policy: string;
  readonly sampleCount: number;
  /** Read at each use: the owner may change it. */
  readonly evictionSettings?: EvictionSettings;
  readonly defaultTtlMs?: number;
  /** False positives that its filter may give; 0 or none: it keeps no filter. */
  readonly filterRate?: number;
  /** What a named store was told to be. */
  readonly configuration?: StoreConfiguration;
  /** What the default store was told beside the settings of the cache. */
  readonly said?: StoreSayings | undefined;
}

export type StoreSayings = Pick<StoreConfiguration, 'persistence' | 'ownership' | 'consistency'>;

export class Store {
  readonly name: string;
  readonly databases: Database[];
  readonly clock: TurnClock;
  readonly random: Random;
  readonly pool: SegmentPool;
  readonly sink = new MutationSink();
  readonly effect: Effect;
  readonly stats = new Float64Array(STORE_STAT_COUNT);
  readonly seed0: number;
  readonly seed1: number;
  /** Null: no filter is kept. */
  readonly filterPlan: FilterPlan | null;
  policy: EvictionPolicy;
  /** The policy's own, null when it keeps nothing beside the entries. */
  tracker: EntryTracker | null = null;
  /** When access bits began to mean what the policy takes them for. */
  private accessKnownSinceMs = Number.NEGATIVE_INFINITY;
  /** What its counted bytes are held to: its own limit, or what the node grants; or infinite. */
  limitBytes = Number.POSITIVE_INFINITY;
  /**
   * What writes are held to: the limit; while a limit that was lowered is not reached yet, what was
   * held then less what was given back since.
   */
  ceilingBytes = Number.POSITIVE_INFINITY;
  /** Below it nothing is to be asked: the least of the limit and of what addresses reach. */
  roomBytes = LIMITS.addressableBytesMax as number;
  /** Who has more for a store without a limit of its own; null: nobody. */
  lender: RoomLender | null = null;
  /** It has asked its lender in vain. */
  isShort = false;
  isEvictingAhead = false;
  /** The last slice of background work left some undone. */
  isBehind = false;
  /** The policy found nothing when it was asked last. */
  hasNothingToEvict = false;
  /** Entries drawn for one eviction. */
  sampleCount: number;
  /** Time to live of what is written without one; 0: none. */
  defaultTtlMs: number;
  /** Session whose command runs now; 0 for the node itself. */
  actorId = 0;
  /** False while a CLIENT NO-TOUCH client's command runs. */
  touchesKeys = true;
  activeExpiryEnabled = true;
  /** Its keys are evicted as the limit wants it; false: another node does, and tells this one. */
  evictsByItself = true;
  /** Unix time of the last change that was loaded from the disk, about; 0: nothing was. */
  loadedMs = 0;
  /** It is being filled from the disk: nothing expires or is evicted by itself. */
  isLoading = false;
  /** Null: its changes are not kept on disk one by one, and no reply waits for that. */
  safety: StoreSafety | null = null;
  /** It is out of its node's list: nothing may be written to it any more. */
  isDropped = false;
  /**
   * Databases beyond were never written to: most clients use the first alone, and writes count it.
   */
  usedDatabaseCount = 1;
  /** A snapshot of it runs (`engine/snapshot/`). */
  isFrozen = false;
  /** What a snapshot that was aborted has left to do; null: nothing. */
  sweep: { step(): boolean } | null = null;
  /** SWAPDBs that moved something: a walk over all databases begins anew. */
  swapCount = 0;
  /** Where the policy found its last victim. */
  victimDatabase: Database;
  private readonly options: StoreOptions;
  private readonly monotonicMs: () => number;
  private readonly budget = { left: 0 };
  private ownBytesMax = 0;
  private nextTurn = 0;

  constructor(options: StoreOptions) {
    this.options = options;
    this.name = options.name;
    this.effect = new Effect(options.name);
    this.clock = options.clock;
    this.random = options.random;
    this.pool = options.pool;
    this.monotonicMs = options.monotonicMs;
    this.sampleCount = options.sampleCount;
    this.defaultTtlMs = options.defaultTtlMs ?? 0;
    // Secrets, or clients could make keys that collide; what `u32` draws may be seen in samples.
    const seeds = new Uint32Array(2);
    options.random.fill(new Uint8Array(seeds.buffer));
    this.seed0 = seeds[0];
    this.seed1 = seeds[1];
    this.filterPlan = createFilterPlan(options, seeds);
    this.databases = [];
    for (let i = 0; i < options.databaseCount; i++) this.databases.push(new Database(this, i));
    this.victimDatabase = this.databases[0];
    this.policy = this.createPolicy(options.policy);
    this.tracker = this.policy.tracker;
    this.memoryBytesMax = options.memoryBytesMax;
  }

  /**
   * Changes since the start: INFO rdb_changes_since_last_save, and what a failed command reached.
   */
  get changeCount(): number {
    return this.stats[STORE_STAT.CHANGES];
  }

  /** What it is configured to be; the default store's limits change while the node runs. */
  get configuration(): StoreConfiguration {
    const { configuration, said = UNSAID } = this.options;
    if (configuration !== undefined) return configuration;
    return {
      persistence: said.persistence,
      ownership: said.ownership,
      consistency: said.consistency,
      name: this.name,
      evictionPolicy: this.policyName as EvictionPolicyName,
      maxMemoryBytes: this.memoryBytesMax,
      defaultTtlMs: this.defaultTtlMs,
      cuckooFilter: this.filterPlan !== null,
    };
  }

  get policyName(): string {
    return this.policy.name;
  }

  /** False: there is no such policy, and nothing changed. */
  setPolicy(name: string): boolean {
    if (POLICY_TABLE[name] === undefined) return false;
    const { accessKind } = this.policy;
    // The old one may have been bound to keys with a deadline.
    this.hasNothingToEvict = false;
    this.policy = this.createPolicy(name);
    this.tracker = this.policy.tracker;
    if (this.policy.accessKind === accessKind || this.entryCount === 0) return true;
    // Once more, and told that the bits it meets are of another kind.
    this.accessKnownSinceMs = this.clock.nowMs;
    this.policy = this.createPolicy(name);
    this.tracker = this.policy.tracker;
    return true;
  }

  private createPolicy(name: string): EvictionPolicy {
    const create = POLICY_TABLE[name];
    if (create === undefined) throw new RangeError(`unknown eviction policy ${name}`);
    return create({
      clock: this.clock,
      random: this.random,
      settings: this.evictionSettings,
      knownSinceMs: this.accessKnownSinceMs,
      isLate: this.entryCount > 0,
    });
  }

  /** Keys of all databases. */
  get entryCount(): number {
    let count = 0;
    for (let i = 0; i < this.usedDatabaseCount; i++) count += this.databases[i].count;
    return count;
  }

  /** What a write has for a deadline that names none: the default, or NO_DEADLINE. */
  newDeadline(): number {
    return this.defaultTtlMs === 0 ? NO_DEADLINE : this.clock.nowMs + this.defaultTtlMs;
  }

  /** Bytes that the memory limit bounds: live blocks, index, wheels. */
  countedBytes(): number {
    const databases = this.databases;
    let bytes = 0;
    for (let i = 0; i < this.usedDatabaseCount; i++) bytes += databases[i].countedBytes();
    if (this.tracker !== null) bytes += this.tracker.byteCount;
    return bytes;
  }

  liveBytes(): number {
    return this.databases.reduce((sum, database) => sum + database.memory.liveBytes, 0);
  }

  heldBytes(): number {
    return this.databases.reduce((sum, database) => sum + database.memory.heldBytes, 0);
  }

  indexBytes(): number {
    return this.databases.reduce((sum, database) => sum + database.entries.byteCount, 0);
  }

  /** Blocks taken from the slabs since the start. */
  get allocationCount(): number {
    return this.databases.reduce((sum, database) => sum + database.memory.allocationCount, 0);
  }

  /** The limit that it was given as its own; 0: none. */
  get memoryBytesMax(): number {
    return this.ownBytesMax;
  }
  set memoryBytesMax(byteCount: number) {
    this.ownBytesMax = byteCount;
    this.limitTo(byteCount === 0 ? Number.POSITIVE_INFINITY : byteCount);
    this.lender?.settle();
  }

  /** From now on; what it has beyond goes step by step. */
  limitTo(byteCount: number): void {
    this.limitBytes = byteCount;
    this.lowerCeiling(this.ceilingBytes);
    this.roomBytes = Math.min(byteCount, LIMITS.addressableBytesMax);
  }

  /** It holds more than its limit, which was lowered. */
  get isAboveLimit(): boolean {
    return this.ceilingBytes > this.limitBytes;
  }

  get evictionSettings(): EvictionSettings {
    return this.options.evictionSettings ?? EVICTION_SETTINGS_DEFAULT;
  }

  /** The ceiling is nowhere above what is held, nor below the limit. */
  lowerCeiling(byteCount: number): void {
    const isReached = byteCount <= this.limitBytes;
    const lowest = isReached ? byteCount : Math.min(byteCount, this.countedBytes());
    this.ceilingBytes = Math.max(this.limitBytes, lowest);
  }

  /**
   * Evicts until `byteCount` more would fit, or as much as a write owes; see `store-room.ts`.
   * @returns false when the store is over its limit and may evict nothing more
   */
  makeRoom(byteCount: number): boolean {
    return this.countedBytes() + byteCount <= this.roomBytes || makeRoomSlowly(this, byteCount);
  }

  /**
   * Background work for about that long: expiry, freeing, eviction, compaction.
   * @returns whether work is left
   */
  runSlice(budgetMs: number): boolean {
    if (this.isLoading) return false;
    const endMs = this.monotonicMs() + budgetMs;
    // One turn more than databases: the eviction's.
    const turnCount = this.databases.length + 1;
    for (let i = 0; i < turnCount; i++) {
      this.nextTurn = (this.nextTurn + 1) % turnCount;
      while (this.stepOf(this.nextTurn)) {
        if (this.monotonicMs() < endMs) continue;
        this.isBehind = true;
        return true;
      }
    }
    this.isBehind = false;
    return false;
  }

  /** SWAPDB: every client of the one sees the other's data at once. */
  swapDatabases(left: number, right: number): void {
    const a = this.databases[left];
    const b = this.databases[right];
    this.stats[STORE_STAT.CHANGES]++;
    if (a === b) return;
    a.swapContents(b);
    this.swapCount++;
    this.usedDatabaseCount = this.databases.length;
    if (!this.sink.isActive) return;
    this.effect.begin('SWAPDB', left, 0).number(left).number(right);
    this.recordEffect(EVENT.none);
  }

  /** Empties all databases; constant time. */
  flushAll(): void {
    for (const database of this.databases) this.stats[STORE_STAT.CHANGES] += database.count;
    this.clear();
    if (!this.sink.isActive) return;
    this.effect.begin('FLUSHALL', 0, 0);
    this.recordEffect(EVENT.none);
  }

  /** The same, unrecorded. */
  clear(): void {
    for (const database of this.databases) database.clear();
  }

  /** Hands the effect that was built to the readers. */
  recordEffect(event: number): void {
    this.sink.record(this.effect, event, this.actorId);
  }

  /**
   * Announces an event that is no change of its own: `keymiss`, `new`, the `del` of a collection
   * that lost its last element. Costs nothing while nobody wants such.
   */
  recordEvent(
    event: number,
    databaseIndex: number,
    bytes: Uint8Array,
    at: number,
    length: number,
  ): void {
    if (!this.sink.wantsEvents) return;
    this.effect.begin('', databaseIndex, 1).bytes(bytes, at, length);
    this.sink.recordEvent(this.effect, event, this.actorId);
  }

  /** Announces that a collection lost its last element, as `recordEvent` does and for replicas. */
  recordEmptied(databaseIndex: number, bytes: Uint8Array, at: number, length: number): void {
    this.recordEvent(EVENT.del, databaseIndex, bytes, at, length);
    if (!this.sink.wantsEmptied) return;
    this.effect.begin('', databaseIndex, 1).bytes(bytes, at, length);
    this.sink.recordEmptied(this.effect);
  }

  /** Frees a part of what was removed but is not yet freed; false when there is nothing. */
  drainOne(): boolean {
    for (let i = 0; i < this.usedDatabaseCount; i++) {
      if (this.databases[i].trees.drainAll(DRAINED_BLOCK_COUNT)) return true;
    }
    return false;
  }

  /** For eviction: false when there is nothing to evict. */
  evictOne(): boolean {
    const victim = this.policy.evicts ? this.policy.chooseVictim(this) : 0;
    this.hasNothingToEvict = victim === 0;
    if (victim === 0) return false;
    this.stats[STORE_STAT.EVICTED]++;
    const actorId = this.actorId;
    this.actorId = 0;
    // Most policies leave it found: its key is neither hashed nor looked up once more.
    this.victimDatabase.refind(victim);
    this.victimDatabase.remove(victim, EVENT.evicted);
    this.actorId = actorId;
    return true;
  }

  /** One bounded step of a database's upkeep, or of eviction; false when there is none to do. */
  private stepOf(turn: number): boolean {
    if (turn === this.databases.length) {
      return this.sweep?.step() || (this.evictsByItself && evictAhead(this));
    }
    const database = this.databases[turn];
    const nowMs = this.clock.nowMs;
    if (this.activeExpiryEnabled && database.wheel?.isBehind(nowMs)) {
      this.budget.left = STEP_ENTRY_COUNT;
      database.expireDue(this.budget);
      return true;
    }
    if (this.activeExpiryEnabled && fieldsAreDue(database)) {
      expireFields(database, STEP_ENTRY_COUNT);
      return true;
    }
    if (database.trees.drain(DRAINED_BLOCK_COUNT)) return true;
    if (this.tracker?.keepUp(this, STEP_ENTRY_COUNT)) return true;
    // What is moved now might be evicted next.
    if (this.isAboveLimit && this.policy.evicts && !this.hasNothingToEvict) return false;
    return database.compact(COMPACTION_STEP_BYTES);
  }
}

/** What the default store is not told for itself. */
const UNSAID: StoreSayings = { persistence: null, ownership: null, consistency: null };

function createFilterPlan(options: StoreOptions, keyspaceSeeds: Uint32Array): FilterPlan | null {
  const rate = options.filterRate ?? 0;
  if (rate === 0) return null;
  const seeds = new Uint32Array(4);
  options.random.fill(new Uint8Array(seeds.buffer));
  seeds.set(keyspaceSeeds);
  return new FilterPlan(rate, seeds);
}
