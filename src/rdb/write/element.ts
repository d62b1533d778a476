import { Slice } from '../../engine/slice.ts';
import {
  elementInteger,
  elementInteger64,
  isText,
  readElement,
} from '../../engine/values/packed/listpack.ts';
import type { RdbBuffer } from '../rdb-buffer.ts';

/** Writes the element at `at` of a listpack as a string. */
export function writeElement(
  buffer: RdbBuffer,
  bytes: Uint8Array,
  view: DataView,
  at: number,
): void {
  if (isText(view, at)) {
    readElement(bytes, view, at, shown);
    buffer.writeString(bytes, view, shown.offset, shown.length);
    return;
  }
  const integer = elementInteger(view, at);
  if (Number.isSafeInteger(integer)) buffer.writeIntegerString(integer);
  else buffer.writeInteger64String(elementInteger64(view, at) as bigint);
}

const shown = new Slice();
