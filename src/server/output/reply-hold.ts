import type { Session } from '../../commands/session.ts';

type Safety = NonNullable<Session['store']['safety']>;

/**
 * What the replies in one connection's outbox wait for: marks, in order.
 *
 *     outbox   [ replies of turn 1 | replies of turns 2, 3, 4 | ...
 *     marks      position 120, end   position 480, no end yet
 *
 * Bytes before a mark's end leave when its store is safe up to its position, and the marks before
 * it are passed. A client that never stops sending moves the last mark only: the one before it
 * stands, so that its replies leave at the next sync. Arrays are reused; nothing is made per turn.
 */
export class ReplyHold {
  private count = 0;
  /** Bytes before the end of the last mark that was passed. */
  private passedEnd = 0;
  private readonly safeties: Safety[] = [];
  private readonly positions: number[] = [];
  private readonly ends: number[] = [];
  /** Replies to a change: they wait for it also while the disk refuses. */
  private readonly areWrites: boolean[] = [];

  /**
   * What is appended to the outbox from now on waits until the store is safe as it is now.
   * @param outboxEnd  before it is appended
   */
  note(safety: Safety, isWrite: boolean, outboxEnd: number): void {
    const { position } = safety;
    if (position <= safety.safePosition || (safety.isTroubled && !isWrite)) return;
    const last = this.count - 1;
    if (last >= 1 && this.safeties[last] === safety && this.safeties[last - 1] === safety) {
      this.positions[last] = position;
      this.areWrites[last] ||= isWrite;
      return;
    }
    if (last >= 0) this.ends[last] = outboxEnd;
    else this.passedEnd = outboxEnd;
    this.safeties[this.count] = safety;
    this.positions[this.count] = position;
    this.areWrites[this.count] = isWrite;
    this.ends[this.count] = Number.POSITIVE_INFINITY;
    this.count++;
  }

  get isWaiting(): boolean {
    return this.count > 0 && this.passed() !== Number.POSITIVE_INFINITY;
  }

  /** @returns bytes of the outbox that may leave; infinite: all of it, and what follows */
  passed(): number {
    let passedCount = 0;
    while (passedCount < this.count && this.isPassed(passedCount)) passedCount++;
    if (passedCount === this.count) {
      this.clear();
      return Number.POSITIVE_INFINITY;
    }
    if (passedCount > 0) {
      this.passedEnd = this.ends[passedCount - 1];
      this.drop(passedCount);
    }
    return this.passedEnd;
  }

  /** So many bytes at the outbox' begin have left. */
  shift(byteCount: number): void {
    this.passedEnd = Math.max(0, this.passedEnd - byteCount);
    for (let i = 0; i < this.count; i++) this.ends[i] -= byteCount;
  }

  private isPassed(index: number): boolean {
    const safety = this.safeties[index];
    if (safety.safePosition >= this.positions[index]) return true;
    return safety.isTroubled && !this.areWrites[index];
  }

  private drop(count: number): void {
    this.safeties.splice(0, count);
    this.positions.splice(0, count);
    this.ends.splice(0, count);
    this.areWrites.splice(0, count);
    this.count -= count;
  }

  private clear(): void {
    // A store that is dropped must not be held by an idle connection.
    if (this.count > 2) this.safeties.length = 0;
    this.count = 0;
  }
}
