/**
 * Choosing from a small sample, as Redis does: the best candidates of earlier samples stay in a
 * pool of 16, which makes a sample of 5 nearly as good as looking at all
 * (docs/design/eviction.md), at no memory per key. A pooled candidate is named by its hash and
 * address and is checked again before it goes: it may have been used, moved or removed meanwhile.
 */
import type { Database } from '../../database.ts';
import { accessOf, hasDeadline } from '../../entry-access.ts';
import { FLAG } from '../../keyspace/entry.ts';
import { SlotRun } from '../../keyspace/slot-run.ts';
import type { Store } from '../../store.ts';
import { DRAWN_SHARE, sampleVolatile } from './volatile-sample.ts';

const POOL_SIZE = 16;
/** A round finds nothing only when all it sampled was used within the same second. */
const ROUND_COUNT_MAX = 64;
const MORE_ROUNDS_MAX = 2;
const CHOICES_WITHOUT = 32;
/**
 * A sample is drawn for so many choices at once, and is as many times larger: more loads that wait
 * for memory together. At two million keys an eviction costs 1.63 us so, 1.95 with one each.
 */
const CHOICES_A_SAMPLE = 4;

/** The larger, the sooner an entry goes. It may only grow while the entry is not used. */
export interface Scorer {
  scoreOf(access: number): number;
}

export class CandidatePool {
  private readonly run = new SlotRun();
  private count = 0;
  private choicesWithout = 0;
  private choicesLeft = 0;
  /** Ascending; parallel arrays. */
  private readonly scores = new Float64Array(POOL_SIZE);
  private readonly hashes = new Uint32Array(POOL_SIZE);
  private readonly addresses = new Uint32Array(POOL_SIZE);
  private readonly databases: (Database | null)[] = new Array<Database | null>(POOL_SIZE).fill(
    null,
  );

  /**
   * @param isVolatile   only entries with a deadline may go
   * @param wantedScore  for less, a few samples more are drawn
   * @returns entry address in `store.victimDatabase`, 0 when there is none
   */
  choose(store: Store, scorer: Scorer, isVolatile: boolean, wantedScore = 0): number {
    for (let round = 0; round < ROUND_COUNT_MAX; round++) {
      if (round > 0 || --this.choicesLeft < 0 || this.count < CHOICES_A_SAMPLE) {
        if (!this.sample(store, scorer, isVolatile)) return 0;
        this.choicesLeft = CHOICES_A_SAMPLE - 1;
      }
      if (this.bestScore < wantedScore) this.searchOn(store, scorer, isVolatile, wantedScore);
      while (this.count > 0) {
        const last = this.count - 1;
        const database = this.databases[last];
        const hash = this.hashes[last];
        const address = this.addresses[last];
        const score = this.scores[last];
        this.removeAt(last);
        if (database === null || !database.entries.findAddress(hash, address)) continue;
        if (scorer.scoreOf(accessOf(database, address)) < score) continue;
        if (isVolatile && !hasDeadline(database, address)) continue;
        store.victimDatabase = database;
        return address;
      }
    }
    return 0;
  }

  /** Draws more for a better one. When there is none, the next choices do without for a while. */
  private searchOn(store: Store, scorer: Scorer, isVolatile: boolean, wantedScore: number): void {
    if (this.choicesWithout > 0) {
      this.choicesWithout--;
      return;
    }
    for (let more = 0; more < MORE_ROUNDS_MAX; more++) {
      this.sample(store, scorer, isVolatile);
      if (this.bestScore >= wantedScore) return;
    }
    this.choicesWithout = CHOICES_WITHOUT;
  }

  private get bestScore(): number {
    return this.count === 0 ? 0 : this.scores[this.count - 1];
  }

  /** False when there is nothing to sample. */
  private sample(store: Store, scorer: Scorer, isVolatile: boolean): boolean {
    const { databases, sampleCount, usedDatabaseCount } = store;
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

  /** @returns how many were looked at, at least 1 */
  private drawAny(database: Database, scorer: Scorer, countMax: number): number {
    const { run } = this;
    database.entries.sampleRun(database.store.random.u32(), countMax, run);
    for (let i = 0; i < run.count; i++) {
      this.offer(scorer.scoreOf(run.words1[i] >>> 8), run.hashes[i], run.addresses[i], database);
    }
    return Math.max(1, run.count);
  }

  /** The same among those that have a deadline; where these are few, the wheel knows them. */
  private drawVolatile(database: Database, scorer: Scorer, countMax: number): number {
    const { count, deadlineCount } = database;
    if (deadlineCount >= count * DRAWN_SHARE) {
      const { run } = this;
      const slotCount = Math.ceil((countMax * count) / deadlineCount);
      database.entries.sampleRun(database.store.random.u32(), slotCount, run);
      let drawn = 0;
      for (let i = 0; i < run.count; i++) {
        if ((run.words0[i] & FLAG.DEADLINE) === 0) continue;
        this.offer(scorer.scoreOf(run.words1[i] >>> 8), run.hashes[i], run.addresses[i], database);
        drawn++;
      }
      if (drawn > 0) return drawn;
    }
    const entry = sampleVolatile(database);
    if (entry === 0) return countMax;
    this.offer(scorer.scoreOf(accessOf(database, entry)), database.hashOf(entry), entry, database);
    return 1;
  }

  private offer(score: number, hash: number, address: number, database: Database): void {
    if (this.count === POOL_SIZE && score <= this.scores[0]) return;
    for (let i = 0; i < this.count; i++) {
      if (this.addresses[i] === address && this.databases[i] === database) return;
    }
    if (this.count === POOL_SIZE) this.removeAt(0);
    let at = this.count;
    while (at > 0 && this.scores[at - 1] > score) {
      this.copy(at - 1, at);
      at--;
    }
    this.scores[at] = score;
    this.hashes[at] = hash;
    this.addresses[at] = address;
    this.databases[at] = database;
    this.count++;
  }

  private removeAt(index: number): void {
    for (let i = index + 1; i < this.count; i++) this.copy(i, i - 1);
    this.count--;
    this.databases[this.count] = null;
  }

  private copy(from: number, to: number): void {
    this.scores[to] = this.scores[from];
    this.hashes[to] = this.hashes[from];
    this.addresses[to] = this.addresses[from];
    this.databases[to] = this.databases[from];
  }
}
