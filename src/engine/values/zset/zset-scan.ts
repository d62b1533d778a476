/**
 * A walk through a large sorted set in steps that no state is kept for: by the hash of the members,
 * which does not change with their scores. A step takes the next hashes, from the cursor on, with
 * the scores that stand beside them, and then finds the members by those scores.
 *
 * Where many members share a score, all of them have to be looked at to find those of the step. The
 * step then takes so many hashes that a whole walk looks at each member PASSES_MAX times at most.
 */
import { HASH_END } from '../../tree/descent.ts';
import type { TreeCursor } from '../../tree/tree-cursor.ts';
import { treeRank } from './zset-ranges.ts';
import { payloadScore, type ZsetTrees } from './zset-trees.ts';

const PASSES_MAX = 32;

export class ZsetScan {
  /** Where the next step begins; 0 when this was the last one. */
  nextCursor = 0;
  private trees: ZsetTrees | null = null;
  private scores = new Float64Array(64);
  private scoreCount = 0;
  private scoreIndex = 0;
  private hashStart = 0;
  private hashEnd = 0;
  private isWithinScore = false;

  /**
   * Takes a step of about `count` members; more where hashes or many scores are equal.
   * @param cursor  0 or the step before's `nextCursor`; any other number is one too
   */
  take(trees: ZsetTrees, cursor: number, count: number): void {
    this.trees = trees;
    this.scoreCount = 0;
    this.scoreIndex = 0;
    this.isWithinScore = false;
    this.nextCursor = 0;
    this.hashStart = cursor;
    this.hashEnd = HASH_END;
    const { hashed } = trees;
    if (cursor >= HASH_END || !hashed.seek(trees.hashedId, cursor)) return;
    this.takeHashes(hashed, count);
    const wanted = Math.ceil(this.tieCountMax(trees) / PASSES_MAX);
    if (wanted > count) this.takeHashes(hashed, wanted - count);
    if (hashed.isAtElement) {
      this.nextCursor = hashed.key;
      this.hashEnd = hashed.key;
    }
    this.scores.subarray(0, this.scoreCount).sort();
  }

  /** Goes to the next member of the step: `trees.ordered` is at it then. */
  next(): boolean {
    const { trees } = this;
    if (trees === null) return false;
    const { ordered } = trees;
    for (;;) {
      const isLeft = this.isWithinScore ? ordered.next() : this.seekScore(trees);
      if (this.scoreIndex > this.scoreCount) return false;
      if (!isLeft || ordered.key !== this.scores[this.scoreIndex - 1]) {
        this.isWithinScore = false;
        continue;
      }
      const hash = trees.hashOf(ordered.view, ordered.payloadOffset, ordered.payloadLength);
      if (hash >= this.hashStart && hash < this.hashEnd) return true;
    }
  }

  /** Notes the scores of `count` more hashes, and of all that are equal to the last. */
  private takeHashes(hashed: TreeCursor, count: number): void {
    let hash = -1;
    for (let left = count; hashed.isAtElement && (left > 0 || hashed.key === hash); left--) {
      hash = hashed.key;
      if (this.scoreCount === this.scores.length) {
        const grown = new Float64Array(this.scoreCount * 2);
        grown.set(this.scores);
        this.scores = grown;
      }
      // Both zeros are one score.
      this.scores[this.scoreCount++] = payloadScore(hashed) + 0;
      hashed.next();
    }
  }

  /** Members of the score that most members have, among the scores noted. */
  private tieCountMax(trees: ZsetTrees): number {
    const scores = this.scores.subarray(0, this.scoreCount).sort();
    let countMax = 0;
    for (let i = 0; i < scores.length; i++) {
      if (i > 0 && scores[i] === scores[i - 1]) continue;
      const count = treeRank(trees, scores[i], true) - treeRank(trees, scores[i], false);
      countMax = Math.max(countMax, count);
    }
    return countMax;
  }

  /** To the first member of the next score; counts scores off. */
  private seekScore({ ordered, orderedId }: ZsetTrees): boolean {
    const { scores, scoreCount } = this;
    do this.scoreIndex++;
    while (
      this.scoreIndex > 1 &&
      this.scoreIndex <= scoreCount &&
      scores[this.scoreIndex - 1] === scores[this.scoreIndex - 2]
    );
    if (this.scoreIndex > scoreCount) return false;
    this.isWithinScore = true;
    return ordered.seek(orderedId, scores[this.scoreIndex - 1]);
  }
}
