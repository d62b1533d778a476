/**
 * Choosing from a small sample, as Redis does: the best candidates of earlier samples stay in a
 * pool of 16, which makes a sample of 5 nearly as good as looking at all
 * (docs/design/eviction.md), at no memory per key. A pooled candidate is named by its hash and
 * address and is checked again before it goes: it may have been used, moved or removed meanwhile.
 */
import type { Database } from '../../database.ts';
import { accessOf, hasDeadline } from '../../entry-access.ts';
import type { Store } from '../../store.ts';
import { sampleVolatile } from './volatile-sample.ts';

const POOL_SIZE = 16;
/** A round finds nothing only when all it sampled was used within the same second. */
const ROUND_COUNT_MAX = 64;
const MORE_ROUNDS_MAX = 8;

/** The larger, the sooner an entry goes. It may only grow while the entry is not used. */
export interface Scorer {
  scoreOf(access: number): number;
}

export class CandidatePool {
  private count = 0;
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
      if (!this.sample(store, scorer, isVolatile)) return 0;
      for (let more = 0; more < MORE_ROUNDS_MAX && this.bestScore < wantedScore; more++) {
        this.sample(store, scorer, isVolatile);
      }
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
      for (let drawn = 0; drawn < sampleCount; drawn++) {
        const entry = isVolatile ? sampleVolatile(database) : database.sample();
        if (entry === 0) continue;
        const score = scorer.scoreOf(accessOf(database, entry));
        this.offer(score, database.hashOf(entry), entry, database);
      }
    }
    return !isEmpty;
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
