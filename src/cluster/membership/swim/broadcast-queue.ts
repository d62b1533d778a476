import { LIMITS } from '../../../base/limits.ts';

interface Broadcast {
  readonly message: Uint8Array;
  /** What it is about: newer news of the same replaces it. '' replaces nothing. */
  readonly subject: string;
  readonly onSpread: (() => void) | null;
  sentCount: number;
}

/** News that wait to ride on packets. Each is told a number of times, the least told ones first. */
export class BroadcastQueue {
  private waiting: Broadcast[] = [];

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  get count(): number {
    return this.waiting.length;
  }

  /** @param onSpread  it was told as often as it will be, or something newer took its place */
  add(message: Uint8Array, subject: string, onSpread: (() => void) | null = null): void {
    if (subject !== '') this.dropWhere((entry) => entry.subject === subject);
    if (this.waiting.length >= LIMITS.gossipQueueCountMax) this.dropMostTold();
    this.waiting.push({ message, subject, onSpread, sentCount: 0 });
  }

  /**
   * @param partBytes  what each message costs beside its own bytes
   * @param sendCount  how often each is told in all
   * @returns          messages that together fit into `byteCount`, counted as told once more
   */
  take(byteCount: number, partBytes: number, sendCount: number): Uint8Array[] {
    if (this.waiting.length === 0) return [];
    this.waiting.sort((left, right) => left.sentCount - right.sentCount);
    const taken: Uint8Array[] = [];
    let leftBytes = byteCount;
    for (const entry of this.waiting) {
      const costBytes = partBytes + entry.message.length;
      if (costBytes > leftBytes) continue;
      leftBytes -= costBytes;
      taken.push(entry.message);
      entry.sentCount++;
    }
    if (taken.length > 0) this.dropWhere((entry) => entry.sentCount >= sendCount);
    return taken;
  }

  clear(): void {
    this.waiting = [];
  }

  private dropMostTold(): void {
    let most = this.waiting[0];
    for (const entry of this.waiting) if (entry.sentCount > most.sentCount) most = entry;
    this.dropWhere((entry) => entry === most);
  }

  private dropWhere(isDropped: (entry: Broadcast) => boolean): void {
    const dropped = this.waiting.filter(isDropped);
    if (dropped.length === 0) return;
    this.waiting = this.waiting.filter((entry) => !isDropped(entry));
    for (const entry of dropped) entry.onSpread?.();
  }
}
