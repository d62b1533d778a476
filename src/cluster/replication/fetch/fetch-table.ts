import type { Frame } from '../../../base/frame.ts';
import type { MessageReader } from '../../peers/message-reader.ts';
import { RecordReader } from '../effect-record.ts';

interface AskedKey {
  readonly peerId: string;
  readonly databaseIndex: number;
  readonly key: Uint8Array;
  /** Monotonic. */
  readonly sinceMs: number;
  isAsked: boolean;
}

/**
 * Keys of one store that this node has asked others for. A key is asked for once: whatever else
 * comes from that node before the answer is part of the answer.
 */
export class FetchTable {
  private readonly reader = new RecordReader();
  private readonly keys = new Map<string, AskedKey>();
  /** Some were added that nobody has been asked for yet. */
  hasNew = false;

  get count(): number {
    return this.keys.size;
  }

  countOf(peerId: string): number {
    let count = 0;
    for (const key of this.keys.values()) if (key.peerId === peerId) count++;
    return count;
  }

  add(peerId: string, databaseIndex: number, frame: Frame, arg: number, nowMs: number): void {
    const name = nameOf(databaseIndex, frame.latin1(arg));
    if (this.keys.has(name)) return;
    const key = frame.copyArgument(arg);
    this.keys.set(name, { peerId, databaseIndex, key, sinceMs: nowMs, isAsked: false });
    this.hasNew = true;
  }

  /** These have come: `bytes` of the message was read. */
  settle(message: MessageReader): void {
    const { reader } = this;
    reader.open(message);
    while (reader.next()) {
      if (reader.keys.count !== 1) continue;
      this.keys.delete(nameOf(reader.keys.databases[0], reader.frame.latin1(reader.keys.args[0])));
    }
    reader.close();
  }

  /** Those that are to be asked for now. */
  takeNew(): AskedKey[] {
    this.hasNew = false;
    const taken: AskedKey[] = [];
    for (const key of this.keys.values()) {
      if (key.isAsked) continue;
      key.isAsked = true;
      taken.push(key);
    }
    return taken;
  }

  /** Where keys stand has changed: all are to be asked for once more. */
  askAgain(): void {
    for (const key of this.keys.values()) key.isAsked = false;
    this.hasNew = this.keys.size > 0;
  }

  /** @returns whether any key of that node is forgotten with this */
  dropOf(peerId: string): boolean {
    let hasDropped = false;
    for (const [name, key] of this.keys) {
      if (key.peerId !== peerId) continue;
      this.keys.delete(name);
      hasDropped = true;
    }
    return hasDropped;
  }

  /** A node that has not answered since then; '' where there is none. */
  findSilent(sinceMs: number): string {
    for (const key of this.keys.values()) if (key.sinceMs < sinceMs) return key.peerId;
    return '';
  }
}

function nameOf(databaseIndex: number, key: string): string {
  return `${databaseIndex} ${key}`;
}
