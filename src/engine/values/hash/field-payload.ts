/**
 * A field of a large hash as the payload of a tree's element:
 *
 *     has deadline 1 | field length 7 | [field length u32] | [deadline ms f64] | field | value
 *
 * A length of 127 says that the longer form follows. Cost: 1 byte a field, 8 more with a deadline.
 */
import { copyBytes } from '../../../base/bytes.ts';
import type { Slice } from '../../slice.ts';
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
    this.readAt(cursor.view, cursor.payloadOffset, cursor.payloadLength);
  }

  readSlice({ view, offset, length }: Slice): void {
    this.readAt(view, offset, length);
  }

  private readAt(view: DataView, payloadOffset: number, payloadLength: number): void {
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
    this.valueLength = payloadOffset + payloadLength - this.valueAt;
  }
}

/** What a field takes in all. */
export function fieldBytes(fieldLength: number, valueLength: number, deadlineMs: number): number {
  return headBytes(fieldLength, deadlineMs) + fieldLength + valueLength;
}

/** Writes a field into the cursor's payload, which is as long as it needs. */
export function writeField(
  cursor: TreeCursor,
  field: Slice,
  value: Slice,
  deadlineMs: number,
): void {
  const fieldAt = writeHead(cursor, field.length, deadlineMs);
  const { view, bytes } = cursor;
  copyBytes(view, bytes, fieldAt, field.view, field.bytes, field.offset, field.length);
  const valueAt = fieldAt + field.length;
  copyBytes(view, bytes, valueAt, value.view, value.bytes, value.offset, value.length);
}

/** Gives the field that was read there another value. */
export function replaceFieldValue(cursor: TreeCursor, payload: FieldPayload, value: Slice): void {
  const beforeBytes = payload.valueAt - cursor.payloadOffset;
  if (payload.valueLength === value.length) cursor.beforeChange();
  else cursor.resizeHere(beforeBytes + value.length);
  const { view, bytes } = cursor;
  const to = cursor.payloadOffset + beforeBytes;
  copyBytes(view, bytes, to, value.view, value.bytes, value.offset, value.length);
}

/** Gives the field that was read there another deadline: what follows it may have to shift. */
export function changeFieldHead(
  cursor: TreeCursor,
  { fieldAt, fieldLength }: FieldPayload,
  deadlineMs: number,
): void {
  const oldHead = fieldAt - cursor.payloadOffset;
  const head = headBytes(fieldLength, deadlineMs);
  const bodyBytes = cursor.payloadLength - oldHead;
  if (head > oldHead) cursor.resizeHere(head + bodyBytes);
  else cursor.beforeChange();
  const from = cursor.payloadOffset + oldHead;
  cursor.bytes.copyWithin(cursor.payloadOffset + head, from, from + bodyBytes);
  if (head < oldHead) cursor.resizeHere(head + bodyBytes);
  writeHead(cursor, fieldLength, deadlineMs);
}

function headBytes(fieldLength: number, deadlineMs: number): number {
  const deadlineBytes = deadlineMs === NO_FIELD_DEADLINE ? 0 : 8;
  return 1 + (fieldLength < LONG_LENGTH ? 0 : 4) + deadlineBytes;
}

/** Writes what stands in front of the field. @returns where the field goes */
function writeHead(cursor: TreeCursor, fieldLength: number, deadlineMs: number): number {
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
