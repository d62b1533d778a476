import type { Effect } from './effect.ts';

/** Journal, notifications, WATCH, client-side caching: whoever must know of every change. */
export interface MutationReader {
  /**
   * Called once per change, in order, after it was made. `effect` and its bytes are reused: copy
   * what must outlive the call.
   * @param eventId  row of EVENT_ROWS
   * @param actorId  session whose command caused it, 0 for the node itself (expiry, eviction)
   */
  onEffect(effect: Effect, eventId: number, actorId: number): void;
}

/**
 * The one door out: every change of a store passes here once, as a canonical command with absolute
 * times. While nobody reads, `isActive` is false and writers do not even build the effect.
 */
export class MutationSink {
  isActive = false;
  private readers: MutationReader[] = [];

  attach(reader: MutationReader): void {
    if (this.readers.includes(reader)) return;
    this.readers = [...this.readers, reader];
    this.isActive = true;
  }

  detach(reader: MutationReader): void {
    this.readers = this.readers.filter((other) => other !== reader);
    this.isActive = this.readers.length > 0;
  }

  record(effect: Effect, eventId: number, actorId: number): void {
    const readers = this.readers;
    for (let i = 0; i < readers.length; i++) readers[i].onEffect(effect, eventId, actorId);
  }
}
