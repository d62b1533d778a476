/**
 * Ids of pending entries, put in order by consumer: a group keeps them in one tree for all. As many
 * consumers at once as there is room for, so that the tree is not walked once for each; a consumer
 * that has more than that is a batch of its own.
 */
import { assert } from '../../base/errors.ts';
import type { StreamId } from '../../engine/values/stream/stream-id.ts';
import type { RdbBuffer } from '../rdb-buffer.ts';

const ID_BYTES = 16;
/** 1 MiB of ids. */
const ID_COUNT_MAX = 65_536;

interface Share {
  /** Where the next id goes, and where the ids begin and end. */
  next: number;
  readonly start: number;
  readonly end: number;
}

export class ConsumerBatch {
  /** Consumers. */
  count = 0;
  private readonly shares = new Map<number, Share>();
  private bytes = new Uint8Array(0);
  private view = new DataView(this.bytes.buffer);
  private byteCount = 0;
  private missing = 0;
  private readonly idCountMax: number;

  /** @param idCountMax  of a batch of more than one consumer */
  constructor(idCountMax: number = ID_COUNT_MAX) {
    this.idCountMax = idCountMax;
  }

  clear(): void {
    this.count = 0;
    this.byteCount = 0;
    this.missing = 0;
    this.shares.clear();
  }

  /** Whether there is room for a consumer with so many ids. */
  takes(idCount: number): boolean {
    return this.count === 0 || this.byteCount / ID_BYTES + idCount <= this.idCountMax;
  }

  add(consumer: number, idCount: number): void {
    const start = this.byteCount;
    const end = start + idCount * ID_BYTES;
    this.shares.set(consumer, { next: start, start, end });
    this.byteCount = end;
    this.missing += idCount;
    this.count++;
  }

  /** Ids are still missing. */
  get isOpen(): boolean {
    return this.missing > 0;
  }

  has(consumer: number): boolean {
    return this.shares.has(consumer);
  }

  note(consumer: number, { words }: StreamId): void {
    if (this.byteCount > this.bytes.length) {
      this.bytes = new Uint8Array(this.byteCount);
      this.view = new DataView(this.bytes.buffer);
    }
    const share = this.shares.get(consumer) as Share;
    assert(share.next < share.end, 'a consumer has as many pending entries as it counts');
    for (let i = 0; i < 4; i++) this.view.setUint32(share.next + 4 * i, words[i]);
    share.next += ID_BYTES;
    this.missing--;
  }

  writeIds(buffer: RdbBuffer, consumer: number): void {
    const { start, next, end } = this.shares.get(consumer) as Share;
    assert(next === end, 'a consumer has as many pending entries as it counts');
    buffer.writeRaw(this.bytes, this.view, start, end - start);
  }
}
