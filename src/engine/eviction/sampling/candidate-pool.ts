/**
 * Choosing from a small sample, as Redis does: the best candidates of earlier samples stay in a
 * pool of 16, which makes a sample of 5 nearly as good as looking at all
 * (docs/design/eviction.md), at no memory per key. A pooled candidate is named by its hash and
 * address and is checked again before it goes: it may have been used, moved or removed meanwhile.
 *
 *     40 entries: 10 slots and 3 neighbours each -> pool of 16 -> the 8 best go, one by one
 *                                                      ^             the 8 others
 *                                                      +-----------------+
 */
import type { Database } from '../../database.ts';
import { accessOf, hasDeadline } from '../../entry-access.ts';
import { FLAG } from '../../keyspace/entry.ts';
import { raisedHash } from '../../keyspace/hash-index.ts';
import { RUN_LENGTH, SlotRun } from '../../keyspace/slot-run.ts';
import type { Store } from '../../store.ts';
import { DRAWN_SHARE, sampleVolatile } from './volatile-sample.ts';

/** A sample is drawn for so many choices at once: more loads that wait for memory together. */
const CHOICES_A_SAMPLE = 8;
/** Those, and as many of the next best for the samples after. */
const POOL_SIZE = 2 * CHOICES_A_SAMPLE;
/** A round finds nothing only when all it sampled was used within the same second. */
const ROUND_COUNT_MAX = 64;
const MORE_ROUNDS_MAX = 2;
/** Choices that do without what was searched for in vain: twice as many each time. */
const CHOICES_WITHOUT_MIN = 32;
const CHOICES_WITHOUT_MAX = 512;
/** Less than any that the index goes by. */
const NO_HASH_YET = 0;

/** The larger, the sooner an entry goes. It may only grow while the entry is not used. */
export interface Scorer {
  scoreOf(access: number): number;
}

export class CandidatePool {
  private readonly run = new SlotRun();
  private readonly sampleCount: number | null;
  private count = 0;
  /** So many at the end go next, the best of them last. */
  private rankedCount = 0;
  /** Where the least score is, while the pool is full. */
  private leastAt = 0;
  private choicesWithout = 0;
  private choicesWithoutNext = CHOICES_WITHOUT_MIN;
  /** Parallel arrays. */
  private readonly scores = new Float64Array(POOL_SIZE);
  private readonly hashes = new Uint32Array(POOL_SIZE);
  private readonly addresses = new Uint32Array(POOL_SIZE);
  private readonly databaseIndexes = new Uint32Array(POOL_SIZE);

  /** @param sampleCount  for one choice; null: the store's, which may change */
  constructor(sampleCount: number | null = null) {
    this.sampleCount = sampleCount;
  }

  /**
   * @param isVolatile   only entries with a deadline may go
   * @param wantedScore  for less, a few samples more are drawn
   * @returns entry address in `store.victimDatabase`, 0 when there is none
   */
  choose(store: Store, scorer: Scorer, isVolatile: boolean, wantedScore = 0): number {
    for (let round = 0; round < ROUND_COUNT_MAX; round++) {
      if (this.isSpent(wantedScore) && !this.sample(store, scorer, isVolatile, wantedScore)) {
        return 0;
      }
      while (this.rankedCount > 0) {
        this.rankedCount--;
        const last = --this.count;
        const database = store.databases[this.databaseIndexes[last]];
        const address = this.addresses[last];
        if (!database.entries.findAddress(this.hashes[last], address)) continue;
        if (scorer.scoreOf(accessOf(database, address)) < this.scores[last]) continue;
        if (isVolatile && !hasDeadline(database, address)) continue;
        store.victimDatabase = database;
        return address;
      }
    }
    return 0;
  }

  private get bestScore(): number {
    return this.rankedCount === 0 ? 0 : this.scores[this.count - 1];
  }

  /** Nothing is left, or less than is wanted, unless that was searched for in vain just now. */
  private isSpent(wantedScore: number): boolean {
    if (this.rankedCount === 0) return true;
    if (this.bestScore >= wantedScore) return false;
    if (this.choicesWithout === 0) return true;
    this.choicesWithout--;
    return false;
  }

  /** False when there is nothing to sample. */
  private sample(store: Store, scorer: Scorer, isVolatile: boolean, wantedScore: number): boolean {
    const moreMax = this.choicesWithout > 0 ? 0 : MORE_ROUNDS_MAX;
    for (let more = 0; more <= moreMax; more++) {
      if (!this.draw(store, scorer, isVolatile)) return false;
      this.rank();
      if (this.bestScore >= wantedScore) {
        if (more > 0) this.choicesWithoutNext = CHOICES_WITHOUT_MIN;
        break;
      }
      if (more < MORE_ROUNDS_MAX) continue;
      this.choicesWithout = this.choicesWithoutNext;
      this.choicesWithoutNext = Math.min(2 * this.choicesWithout, CHOICES_WITHOUT_MAX);
    }
    this.findHashes(store);
    return true;
  }

  /** False when there is nothing to draw from. */
  private draw(store: Store, scorer: Scorer, isVolatile: boolean): boolean {
    const { databases, usedDatabaseCount } = store;
    const sampleCount = this.sampleCount ?? store.sampleCount;
    let isEmpty = true;
    for (let i = 0; i < usedDatabaseCount; i++) {
      const database = databases[i];
      if ((isVolatile ? database.deadlineCount : database.count) === 0) continue;
      isEmpty = false;
      let left = sampleCount * CHOICES_A_SAMPLE;
      while (left > 0) {
        const drawn = isVolatile
          ? this.drawVolatile(database, scorer, left)
          : this.drawAny(database, scorer, left);
        left -= drawn;
      }
    }
    return !isEmpty;
  }

  /** Puts those that go next at the end. */
  private rank(): void {
    const { scores } = this;
    this.rankedCount = Math.min(this.count, CHOICES_A_SAMPLE);
    const end = this.count - this.rankedCount;
    for (let last = this.count - 1; last >= end; last--) {
      let best = last;
      for (let i = 0; i < last; i++) if (scores[i] > scores[best]) best = i;
      if (best !== last) this.swap(best, last);
    }
    this.leastAt = this.placeOfLeast();
  }

  /** By hashes they are found again. What goes next is fetched into the cache together. */
  private findHashes(store: Store): void {
    const { databases, usedDatabaseCount } = store;
    const { count, hashes } = this;
    for (let i = 0; i < count; i++) {
      if (hashes[i] !== NO_HASH_YET) continue;
      const database = databases[this.databaseIndexes[i]];
      hashes[i] = raisedHash(database.hashOf(this.addresses[i]));
    }
    for (let i = 0; i < usedDatabaseCount; i++) {
      const database = databases[i];
      if (database.count === 0) continue;
      database.noteWarmed(database.entries.warmHashes(hashes, count - this.rankedCount, count));
    }
  }

  /** @returns how many were looked at, at least 1 */
  private drawAny(database: Database, scorer: Scorer, countMax: number): number {
    const { run } = this;
    const slotCount = Math.ceil(countMax / RUN_LENGTH);
    database.entries.sampleRun(database.store.random.u32(), slotCount, run);
    for (let i = 0; i < run.count; i++) {
      this.offer(scorer.scoreOf(run.words1[i] >>> 8), run.addresses[i], database);
    }
    return Math.max(1, run.count);
  }

  /** The same among those that have a deadline; where these are few, the wheel knows them. */
  private drawVolatile(database: Database, scorer: Scorer, countMax: number): number {
    const { count, deadlineCount } = database;
    if (deadlineCount >= count * DRAWN_SHARE) {
      const { run } = this;
      const slotCount = Math.ceil((countMax * count) / (deadlineCount * RUN_LENGTH));
      database.entries.sampleRun(database.store.random.u32(), slotCount, run);
      let drawn = 0;
      for (let i = 0; i < run.count; i++) {
        if ((run.words0[i] & FLAG.DEADLINE) === 0) continue;
        this.offer(scorer.scoreOf(run.words1[i] >>> 8), run.addresses[i], database);
        drawn++;
      }
      if (drawn > 0) return drawn;
    }
    const entry = sampleVolatile(database);
    if (entry === 0) return countMax;
    this.offer(scorer.scoreOf(accessOf(database, entry)), entry, database);
    return 1;
  }

  private offer(score: number, address: number, database: Database): void {
    const { count, scores, addresses, databaseIndexes } = this;
    const isFull = count === POOL_SIZE;
    if (isFull && score <= scores[this.leastAt]) return;
    for (let i = 0; i < count; i++) {
      if (addresses[i] === address && databaseIndexes[i] === database.index) return;
    }
    const at = isFull ? this.leastAt : this.count++;
    scores[at] = score;
    this.hashes[at] = NO_HASH_YET;
    addresses[at] = address;
    databaseIndexes[at] = database.index;
    if (this.count === POOL_SIZE) this.leastAt = this.placeOfLeast();
  }

  private placeOfLeast(): number {
    const { scores } = this;
    let least = 0;
    for (let i = 1; i < POOL_SIZE; i++) if (scores[i] < scores[least]) least = i;
    return least;
  }

  private swap(a: number, b: number): void {
    const { scores, hashes, addresses, databaseIndexes } = this;
    const score = scores[a];
    scores[a] = scores[b];
    scores[b] = score;
    const hash = hashes[a];
    hashes[a] = hashes[b];
    hashes[b] = hash;
    const address = addresses[a];
    addresses[a] = addresses[b];
    addresses[b] = address;
    const databaseIndex = databaseIndexes[a];
    databaseIndexes[a] = databaseIndexes[b];
    databaseIndexes[b] = databaseIndex;
  }
}
