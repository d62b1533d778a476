/** A listpack that is put together from elements, for what does not lie as one in memory. */
import type { Slice } from '../../engine/slice.ts';
import {
  ElementPlan,
  LISTPACK_HEADER_BYTES,
  setListpackHeader,
} from '../../engine/values/packed/listpack.ts';
import { planScore } from '../../engine/values/zset/score-element.ts';
import type { RdbBuffer } from '../rdb-buffer.ts';

const END = 0xff;
/** Of an element beside its text. */
const ELEMENT_EXTRA_BYTES = 16;

export class ListpackBuilder {
  /** Holds the listpack after `end`. */
  readonly buffer: RdbBuffer;
  /** Elements so far. */
  count = 0;
  private readonly plan = new ElementPlan();

  constructor(buffer: RdbBuffer) {
    this.buffer = buffer;
  }

  begin(): void {
    this.buffer.clear();
    this.buffer.reserve(LISTPACK_HEADER_BYTES);
    this.buffer.length = LISTPACK_HEADER_BYTES;
    this.count = 0;
  }

  /** Bytes that the listpack would have if it ended here. */
  get byteCount(): number {
    return this.buffer.length + 1;
  }

  addSlice(text: Slice): void {
    this.addText(text.bytes, text.view, text.offset, text.length);
  }

  addText(bytes: Uint8Array, view: DataView, offset: number, length: number): void {
    this.plan.ofText(view, bytes, offset, length);
    this.buffer.reserve(length + ELEMENT_EXTRA_BYTES);
    this.addPlanned();
  }

  /** @param value  a safe integer */
  addInteger(value: number): void {
    this.plan.ofInteger(value);
    this.buffer.reserve(ELEMENT_EXTRA_BYTES);
    this.addPlanned();
  }

  addInteger64(value: bigint): void {
    const text = Buffer.from(value.toString(), 'latin1');
    const view = new DataView(text.buffer, text.byteOffset, text.length);
    this.addText(text, view, 0, text.length);
  }

  addScore(score: number): void {
    planScore(this.plan, score);
    this.buffer.reserve(this.plan.byteCount);
    this.addPlanned();
  }

  /** Elements that lie one behind the other in another listpack. */
  addRun(bytes: Uint8Array, view: DataView, start: number, end: number, count: number): void {
    this.buffer.writeRaw(bytes, view, start, end - start);
    this.count += count;
  }

  /** Closes the listpack. */
  end(): void {
    this.buffer.writeByte(END);
    setListpackHeader(this.buffer.view, 0, this.buffer.length, this.count);
  }

  private addPlanned(): void {
    const { plan, buffer } = this;
    plan.writeTo(buffer.view, buffer.bytes, buffer.length);
    buffer.length += plan.byteCount;
    this.count++;
  }
}
