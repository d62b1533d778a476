import { parseInt64, parseSafeInteger } from '../../../base/numbers.ts';
import { ElementPlan } from '../packed/listpack.ts';

/** A member that is looked for or added: where its bytes are, and what they say. Reused. */
export class SetMember {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  offset = 0;
  length = 0;
  readonly plan = new ElementPlan();

  at(view: DataView, bytes: Uint8Array, offset: number, length: number): this {
    this.view = view;
    this.bytes = bytes;
    this.offset = offset;
    this.length = length;
    return this;
  }

  /** The int64 that the bytes are the canonical text of; null when they are not. */
  integer(): number | bigint | null {
    const { bytes, offset, length } = this;
    if (length === 0 || length > INTEGER_TEXT_BYTES_MAX) return null;
    const value = parseSafeInteger(bytes, offset, length);
    if (!Number.isNaN(value)) return value;
    return length < 16 ? null : parseInt64(bytes, offset, length);
  }

  /** Plans the bytes as an element of a listpack. */
  planned(): ElementPlan {
    this.plan.ofText(this.view, this.bytes, this.offset, this.length);
    return this.plan;
  }
}

const INTEGER_TEXT_BYTES_MAX = 20;
