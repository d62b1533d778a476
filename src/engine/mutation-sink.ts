import type { Effect } from './effect.ts';
import type { CommandHints } from './warm-ahead.ts';

/** Journal, notifications, WATCH, client-side caching: whoever must know of every change. */
export interface MutationReader {
  /**
   * Called once per change, in order, after it was made. `effect` and its bytes are reused: copy
   * what must outlive the call.
   * @param eventId  row of EVENT_ROWS
   * @param actorId  session whose command caused it, 0 for the node itself (expiry, eviction)
   */
  onEffect(effect: Effect, eventId: number, actorId: number): void;
  /** It hears of functions and stores alone: for its sake no other effect is built. */
  readonly ignoresEffects?: boolean;
  /**
   * Something to announce that changed nothing by itself: a miss, or the key that a change created
   * or emptied. `effect` holds an empty name and the key. Only readers that have this method
   * hear of it, and nothing of it is journaled.
   */
  onEvent?(effect: Effect, eventId: number, actorId: number): void;
  /**
   * A collection lost its last element, and so its key is gone. The change that took it was told
   * before. `effect` holds an empty name and the key.
   */
  onEmptied?(effect: Effect): void;
  /**
   * A change of what is no key: `FUNCTION LOAD`, `DELETE`, `FLUSH`, `RESTORE`. For readers that
   * keep or pass on everything.
   */
  onFunctions?(effect: Effect): void;
  /** `STORE CREATE name option value ...` and `STORE DROP name`; told with the default store's. */
  onStores?(effect: Effect): void;
  /** What comes until the end belongs together: all of it or nothing (EXEC, scripts). */
  onGroupBegin?(): void;
  onGroupEnd?(): void;
  /**
   * Commands on these keys come next: what the reader looks up for a change of theirs may be
   * fetched from memory, for all of them at once.
   */
  warm?(databaseIndex: number, bytes: Uint8Array, view: DataView, hints: CommandHints): void;
}

/**
 * The one door out: every change of a store passes here once, as a canonical command with absolute
 * times. While nobody reads, `isActive` is false and writers do not even build the effect.
 */
export class MutationSink {
  isActive = false;
  /** Somebody reads, if only of functions and stores. */
  hasReaders = false;
  /** Whether some reader hears of events without a change. */
  wantsEvents = false;
  /** Whether some reader hears of keys that were emptied. */
  wantsEmptied = false;
  private readers: MutationReader[] = [];
  /** Groups within groups count as one. */
  private groupDepth = 0;
  /** The readers were told of the group: only then does it have an end for them. */
  private isGroupTold = false;

  attach(reader: MutationReader): void {
    if (this.readers.includes(reader)) return;
    this.readers = [...this.readers, reader];
    this.hasReaders = true;
    this.isActive ||= reader.ignoresEffects !== true;
    this.wantsEvents ||= reader.onEvent !== undefined;
    this.wantsEmptied ||= reader.onEmptied !== undefined;
  }

  detach(reader: MutationReader): void {
    this.readers = this.readers.filter((other) => other !== reader);
    this.hasReaders = this.readers.length > 0;
    this.isActive = this.readers.some((other) => other.ignoresEffects !== true);
    this.wantsEvents = this.readers.some((other) => other.onEvent !== undefined);
    this.wantsEmptied = this.readers.some((other) => other.onEmptied !== undefined);
  }

  record(effect: Effect, eventId: number, actorId: number): void {
    if (this.groupDepth > 0 && !this.isGroupTold) this.tellGroupBegin();
    const readers = this.readers;
    for (let i = 0; i < readers.length; i++) readers[i].onEffect(effect, eventId, actorId);
  }
  recordFunctions(effect: Effect): void {
    if (this.groupDepth > 0 && !this.isGroupTold) this.tellGroupBegin();
    for (const reader of this.readers) reader.onFunctions?.(effect);
  }
  recordStores(effect: Effect): void {
    for (const reader of this.readers) reader.onStores?.(effect);
  }

  /** Begins a group; readers hear of it with its first change. */
  beginGroup(): void {
    this.groupDepth++;
  }

  endGroup(): void {
    this.groupDepth--;
    if (this.groupDepth > 0 || !this.isGroupTold) return;
    this.isGroupTold = false;
    for (const reader of this.readers) reader.onGroupEnd?.();
  }

  warm(databaseIndex: number, bytes: Uint8Array, view: DataView, hints: CommandHints): void {
    const readers = this.readers;
    for (let i = 0; i < readers.length; i++) readers[i].warm?.(databaseIndex, bytes, view, hints);
  }

  private tellGroupBegin(): void {
    this.isGroupTold = true;
    for (const reader of this.readers) reader.onGroupBegin?.();
  }

  /** Announces what is no change by itself. Call it only while `wantsEvents`. */
  recordEvent(effect: Effect, eventId: number, actorId: number): void {
    for (const reader of this.readers) reader.onEvent?.(effect, eventId, actorId);
  }

  /** Tells of a key that was emptied. Call it only while `wantsEmptied`. */
  recordEmptied(effect: Effect): void {
    for (const reader of this.readers) reader.onEmptied?.(effect);
  }
}
