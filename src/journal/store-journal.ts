import type { Effect } from '../engine/effect.ts';
import type { MutationReader } from '../engine/mutation-sink.ts';

/**
 * Every change of one store, encoded once, in order. See docs/design/journal.md.
 */
export class StoreJournal implements MutationReader {
  /** Sealed records that `take` was not told of yet are bytes[start, sealedEnd). */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  sealedEnd = 0;

  /**
   * @param options.onFirst  something came after all was sealed: `seal` must be called by the end
   *                         of this loop turn
   */
  constructor(_options: { wallMs: () => number; onFirst: () => void }) {}

  /** Bytes encoded so far, since the journal was made; an open record counts. */
  get position(): number {
    throw new Error('not built yet');
  }

  /** Closes the record that is open; one whose group has no end yet stays open. */
  seal(_syncedBytes: number): void {}

  /** The bytes up to `end` are written, or otherwise kept: their place may be used again. */
  take(_end: number): void {}

  /** A new file begins: the next record says first which database it means. */
  beginFile(): void {}

  onEffect(_effect: Effect, _eventId: number, _actorId: number): void {}
  onFunctions(_effect: Effect): void {}
  onGroupBegin(): void {}
  onGroupEnd(): void {}
}
