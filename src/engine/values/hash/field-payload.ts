/**
 * A field of a large hash as the payload of a tree's element:
 *
 *     has deadline 1 | field length 7 | [field length u32] | [deadline ms f64] | field | value
 *
 * A length of 127 says that the longer form follows. Cost: 1 byte a field, 8 more with a deadline.
 */
import type { TreeCursor } from '../../tree/tree-cursor.ts';

const LONG_LENGTH = 127;
const HAS_DEADLINE = 128;
export const NO_FIELD_DEADLINE = 0;

/** What of a payload lies where; counted from its first byte. Reused. */
export class FieldPayload {
  fieldAt = 0;
  fieldLength = 0;
  valueAt = 0;
  valueLength = 0;
  /** NO_FIELD_DEADLINE where there is none. */
  deadlineMs = NO_FIELD_DEADLINE;

  read(cursor: TreeCursor): void {
    const { view, payloadOffset } = cursor;
    const head = view.getUint8(payloadOffset);
    let at = payloadOffset + 1;
    let length = head & LONG_LENGTH;
    if (length === LONG_LENGTH) {
      length = view.getUint32(at, true);
      at += 4;
    }
    this.deadlineMs = NO_FIELD_DEADLINE;
    if ((head & HAS_DEADLINE) !== 0) {
      this.deadlineMs = view.getFloat64(at, true);
      at += 8;
    }
    this.fieldAt = at;
    this.fieldLength = length;
    this.valueAt = at + length;
    this.valueLength = payloadOffset + cursor.payloadLength - this.valueAt;
  }
}

export function fieldHeadBytes(fieldLength: number, hasDeadline: boolean): number {
  return 1 + (fieldLength < LONG_LENGTH ? 0 : 4) + (hasDeadline ? 8 : 0);
}

/** Writes what stands in front of the field. @returns where the field goes */
export function writeFieldHead(
  cursor: TreeCursor,
  fieldLength: number,
  deadlineMs: number,
): number {
  const { view } = cursor;
  let at = cursor.payloadOffset;
  const flag = deadlineMs === NO_FIELD_DEADLINE ? 0 : HAS_DEADLINE;
  view.setUint8(at++, Math.min(fieldLength, LONG_LENGTH) | flag);
  if (fieldLength >= LONG_LENGTH) {
    view.setUint32(at, fieldLength, true);
    at += 4;
  }
  if (flag !== 0) {
    view.setFloat64(at, deadlineMs, true);
    at += 8;
  }
  return at;
}
