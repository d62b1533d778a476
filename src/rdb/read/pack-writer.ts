import { copyBytes } from '../../base/bytes.ts';
import { Slice } from '../../engine/slice.ts';
import {
  ElementPlan,
  LISTPACK_HEADER_BYTES,
  setListpackHeader,
} from '../../engine/values/packed/listpack.ts';

const BYTES_MIN = 16 * 1024;
const END = 0xff;

/** A listpack that is being put together outside of any store; reused for the next. */
export class PackWriter {
  bytes: Uint8Array = new Uint8Array(BYTES_MIN);
  view: DataView = new DataView(this.bytes.buffer);
  /** Bytes so far, those of the header included. */
  length = LISTPACK_HEADER_BYTES;
  count = 0;
  readonly plan: ElementPlan = new ElementPlan();
  private readonly text = new Slice();

  begin(): void {
    this.length = LISTPACK_HEADER_BYTES;
    this.count = 0;
  }

  addText(text: Slice): void {
    this.plan.ofText(text.view, text.bytes, text.offset, text.length);
    this.addPlanned();
  }

  addInteger(value: number): void {
    this.plan.ofInteger(value);
    this.addPlanned();
  }

  addInteger64(value: bigint): void {
    const { text } = this;
    text.useScratch();
    const digits = value.toString();
    for (let i = 0; i < digits.length; i++) text.bytes[i] = digits.charCodeAt(i);
    text.length = digits.length;
    this.addText(text);
  }

  /** Adds what `plan` has been told. */
  addPlanned(): void {
    const { byteCount } = this.plan;
    this.reserve(byteCount);
    this.plan.writeTo(this.view, this.bytes, this.length);
    this.length += byteCount;
    this.count++;
  }

  /** Adds elements as they lie in another listpack. */
  addElements(view: DataView, bytes: Uint8Array, at: number, length: number, count: number): void {
    this.reserve(length);
    copyBytes(this.view, this.bytes, this.length, view, bytes, at, length);
    this.length += length;
    this.count += count;
  }

  /** Takes back all from that length on. */
  cut(length: number, count: number): void {
    this.length = length;
    this.count = count;
  }

  /** Bytes of the whole listpack, as it would be if it were finished now. */
  get packedBytes(): number {
    return this.length + 1;
  }

  /** Writes header and end mark. */
  finish(): void {
    this.reserve(1);
    this.bytes[this.length] = END;
    setListpackHeader(this.view, 0, this.packedBytes, this.count);
  }

  /** Room for so many bytes more, and for the end mark. */
  private reserve(byteCount: number): void {
    const wanted = this.length + byteCount + 1;
    if (wanted <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}
