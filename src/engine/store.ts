/**
 * One named store: its numbered databases, its memory limit and eviction policy, its statistics,
 * and the sink that every change of it passes. A value that is handed around; a node may hold many.
 */
import { LIMITS } from '../base/limits.ts';
import type { TurnClock } from '../base/turn-clock.ts';
import type { Random } from '../base/world.ts';
import { Database, NO_DEADLINE } from './database.ts';
import { Effect } from './effect.ts';
import { EVENT } from './event-table.ts';
import type { EvictionPolicy } from './eviction/eviction-policy.ts';
import { POLICY_TABLE } from './eviction/policy-table.ts';
import { expireFields, fieldsAreDue } from './expiry/field-expiry.ts';
import { FilterPlan } from './filter/filter-plan.ts';
import type { SegmentPool } from './memory/segment-pool.ts';
import { MutationSink } from './mutation-sink.ts';
import { STORE_STAT, STORE_STAT_COUNT } from './store-stats.ts';

/** Entries that one step of a background slice looks at between two readings of the clock. */
const STEP_ENTRY_COUNT = 200;
const COMPACTION_STEP_BYTES = 64 * 1024;
/** Blocks of released trees that one such step frees. */
const DRAINED_BLOCK_COUNT = 200;

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
  readonly defaultTtlMs?: number;
  /** False positives that its filter may give; 0 or none: it keeps no filter. */
  readonly filterRate?: number;
}

export class Store {
  readonly name: string;
  readonly databases: Database[];
  readonly clock: TurnClock;
  readonly random: Random;
  readonly pool: SegmentPool;
  readonly sink = new MutationSink();
  readonly effect = new Effect();
  readonly stats = new Float64Array(STORE_STAT_COUNT);
  readonly seed0: number;
  readonly seed1: number;
  /** Null: no filter is kept. */
  readonly filterPlan: FilterPlan | null;
  policy: EvictionPolicy;
  /** 0: none. */
  memoryBytesMax: number;
  /** Entries drawn for one eviction. */
  sampleCount: number;
  /** Time to live of what is written without one; 0: none. */
  defaultTtlMs: number;
  /** Session whose command runs now; 0 for the node itself. */
  actorId = 0;
  /** False while a CLIENT NO-TOUCH client's command runs. */
  touchesKeys = true;
  activeExpiryEnabled = true;
  /**
   * Databases beyond were never written to: most clients use the first alone, and writes count it.
   */
  usedDatabaseCount = 1;
  /** Where the policy found its last victim. */
  victimDatabase: Database;
  private readonly monotonicMs: () => number;
  private readonly budget = { left: 0 };
  private nextDatabase = 0;

  constructor(options: StoreOptions) {
    this.name = options.name;
    this.clock = options.clock;
    this.random = options.random;
    this.pool = options.pool;
    this.monotonicMs = options.monotonicMs;
    this.memoryBytesMax = options.memoryBytesMax;
    this.sampleCount = options.sampleCount;
    this.defaultTtlMs = options.defaultTtlMs ?? 0;
    // Secrets, or clients could make keys that collide; what `u32` draws may be seen in samples.
    const seeds = new Uint32Array(2);
    options.random.fill(new Uint8Array(seeds.buffer));
    this.seed0 = seeds[0];
    this.seed1 = seeds[1];
    this.filterPlan = createFilterPlan(options, seeds);
    this.policy = requirePolicy(options.policy);
    this.databases = [];
    for (let i = 0; i < options.databaseCount; i++) this.databases.push(new Database(this, i));
    this.victimDatabase = this.databases[0];
  }

  /**
   * Changes since the start: INFO rdb_changes_since_last_save, and what a failed command reached.
   */
  get changeCount(): number {
    return this.stats[STORE_STAT.CHANGES];
  }

  get policyName(): string {
    return this.policy.name;
  }

  /** False: there is no such policy, and nothing changed. */
  setPolicy(name: string): boolean {
    const create = POLICY_TABLE[name];
    if (create === undefined) return false;
    this.policy = create();
    return true;
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

  /**
   * Evicts until `byteCount` more would fit.
   * @returns false when the store is over its limit and may evict nothing more
   */
  makeRoom(byteCount: number): boolean {
    while (!this.hasRoom(byteCount)) {
      if (!this.drainOne() && !this.evictOne()) return this.hasRoom(0);
    }
    return true;
  }

  private hasRoom(byteCount: number): boolean {
    const counted = this.countedBytes();
    if (this.memoryBytesMax !== 0 && counted + byteCount > this.memoryBytesMax) return false;
    if (counted < LIMITS.addressableBytesMax) return true;
    return !this.databases.some((database) => database.memory.isNearlyUnaddressable);
  }

  /**
   * Background work for about that long: expiry, then compaction.
   * @returns whether work is left
   */
  runSlice(budgetMs: number): boolean {
    const endMs = this.monotonicMs() + budgetMs;
    let isBehind = false;
    for (let i = 0; i < this.databases.length; i++) {
      this.nextDatabase = (this.nextDatabase + 1) % this.databases.length;
      const database = this.databases[this.nextDatabase];
      while (this.stepOf(database)) {
        if (this.monotonicMs() >= endMs) {
          isBehind = true;
          break;
        }
      }
    }
    return isBehind;
  }

  /** SWAPDB: every client of the one sees the other's data at once. */
  swapDatabases(left: number, right: number): void {
    const a = this.databases[left];
    const b = this.databases[right];
    this.stats[STORE_STAT.CHANGES]++;
    if (a === b) return;
    a.swapContents(b);
    this.usedDatabaseCount = this.databases.length;
    if (!this.sink.isActive) return;
    this.effect.begin('SWAPDB', left, 0).number(left).number(right);
    this.recordEffect(EVENT.none);
  }

  /** Empties all databases; constant time. */
  flushAll(): void {
    for (const database of this.databases) {
      this.stats[STORE_STAT.CHANGES] += database.count;
      database.clear();
    }
    if (!this.sink.isActive) return;
    this.effect.begin('FLUSHALL', 0, 0);
    this.recordEffect(EVENT.none);
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

  /** Frees a part of what was removed but is not yet freed; false when there is nothing. */
  private drainOne(): boolean {
    for (let i = 0; i < this.usedDatabaseCount; i++) {
      if (this.databases[i].trees.drain(DRAINED_BLOCK_COUNT)) return true;
    }
    return false;
  }

  private evictOne(): boolean {
    const victim = this.policy.evicts ? this.policy.chooseVictim(this) : 0;
    if (victim === 0) return false;
    this.stats[STORE_STAT.EVICTED]++;
    const actorId = this.actorId;
    this.actorId = 0;
    this.victimDatabase.removeUnfound(victim, EVENT.evicted);
    this.actorId = actorId;
    return true;
  }

  /** One bounded step of a database's upkeep; false when it has none to do. */
  private stepOf(database: Database): boolean {
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
    return database.compact(COMPACTION_STEP_BYTES);
  }
}

function requirePolicy(name: string): EvictionPolicy {
  const create = POLICY_TABLE[name];
  if (create === undefined) throw new RangeError(`unknown eviction policy ${name}`);
  return create();
}

function createFilterPlan(options: StoreOptions, keyspaceSeeds: Uint32Array): FilterPlan | null {
  const rate = options.filterRate ?? 0;
  if (rate === 0) return null;
  const seeds = new Uint32Array(4);
  options.random.fill(new Uint8Array(seeds.buffer));
  seeds.set(keyspaceSeeds);
  return new FilterPlan(rate, seeds);
}
