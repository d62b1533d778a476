/**
 * How far the changes of a store are safe, as whoever answers clients must know it. Positions count
 * bytes of the store's log since the node began to keep it; they only grow.
 */
export interface StoreSafety {
  /** Where the last change ends. */
  readonly position: number;
  /** Up to there changes are as safe as the store's policy says: written, or synced. */
  readonly safePosition: number;
  /**
   * The disk refuses: what is not safe may stay so for long, and no further write begins. Who only
   * read is answered all the same.
   */
  readonly isTroubled: boolean;
  /** The disk does not keep up: who has written waits before it writes more. */
  readonly isSlow: boolean;
  /**
   * Resolves when all up to `position` is safe, however long that takes. Who only read waits no
   * longer than until the disk refuses.
   */
  whenSafe(position: number, isWrite: boolean): Promise<void>;
  /**
   * Makes everything safe before it returns: for callers who cannot wait.
   * @returns '' or why it could not
   */
  secureNow(): string;
}
