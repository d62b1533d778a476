/** Lua values to MessagePack, choosing the forms that lua-cmsgpack chooses. */
import type { LuaBudget } from '../lua/lua-budget.ts';
import { LuaTable } from '../lua/lua-table.ts';
import type { LuaValue } from '../lua/lua-value.ts';

/** Tables nested deeper become nil: a table that holds itself comes to an end. */
const DEPTH_MAX = 16;

export function packValue(value: LuaValue, budget: LuaBudget, depth = 0): string {
  budget.takeSteps(1);
  switch (typeof value) {
    case 'string':
      budget.takeBytes(value.length);
      return stringHead(value.length) + value;
    case 'number':
      return packNumber(value);
    case 'boolean':
      return value ? '\xc3' : '\xc2';
    default:
      if (!(value instanceof LuaTable) || depth === DEPTH_MAX) return '\xc0';
      return packTable(value, budget, depth + 1);
  }
}

function packTable(table: LuaTable, budget: LuaBudget, depth: number): string {
  const { count, isList } = measure(table);
  if (isList) {
    let text = head(count, 0x90, 15, '\xdc', '\xdd');
    for (let i = 1; i <= count; i++) text += packValue(table.getNumber(i), budget, depth);
    budget.takeBytes(text.length);
    return text;
  }
  let text = head(count, 0x80, 15, '\xde', '\xdf');
  for (let at = table.nextPosition(0); at !== 0; at = table.nextPosition(at)) {
    text += packValue(table.keyAt(at), budget, depth) + packValue(table.valueAt(at), budget, depth);
  }
  budget.takeBytes(text.length);
  return text;
}

/** A list has the keys 1 to its count and no other. */
function measure(table: LuaTable): { count: number; isList: boolean } {
  let count = 0;
  let isList = true;
  let max = 0;
  for (let at = table.nextPosition(0); at !== 0; at = table.nextPosition(at)) {
    count++;
    if (!isList) continue;
    const key = table.keyAt(at);
    if (typeof key !== 'number' || key <= 0 || (key | 0) !== key) isList = false;
    else if (key > max) max = key;
  }
  return { count, isList: isList && max === count };
}

function packNumber(value: number): string {
  if (Math.trunc(value) === value && value >= -(2 ** 63) && value < 2 ** 63) {
    return packInteger(value);
  }
  const single = Math.fround(value);
  if (single === value) {
    WORDS.setFloat32(0, value);
    return `\xca${wordText(4)}`;
  }
  WORDS.setFloat64(0, value);
  // A NaN that arithmetic makes on x86-64 is negative; JavaScript's has either sign.
  if (Number.isNaN(value)) WORDS.setUint32(0, 0xfff8_0000);
  return `\xcb${wordText(8)}`;
}

function packInteger(value: number): string {
  if (value >= 0) {
    if (value <= 127) return String.fromCharCode(value);
    if (value <= 0xff) return `\xcc${String.fromCharCode(value)}`;
    if (value <= 0xffff) return `\xcd${uint16Text(value)}`;
    if (value <= 0xffff_ffff) return `\xce${uint32Text(value)}`;
    WORDS.setBigUint64(0, BigInt(value));
    return `\xcf${wordText(8)}`;
  }
  if (value >= -32) return String.fromCharCode(value & 255);
  if (value >= -128) return `\xd0${String.fromCharCode(value & 255)}`;
  if (value >= -32_768) return `\xd1${uint16Text(value)}`;
  if (value >= -2_147_483_648) return `\xd2${uint32Text(value)}`;
  WORDS.setBigInt64(0, BigInt(value));
  return `\xd3${wordText(8)}`;
}

function stringHead(length: number): string {
  if (length > 31 && length <= 0xff) return `\xd9${String.fromCharCode(length)}`;
  return head(length, 0xa0, 31, '\xda', '\xdb');
}

/** The length within the first byte, or in two or four bytes behind it. */
function head(length: number, fixed: number, fixedMax: number, two: string, four: string): string {
  if (length <= fixedMax) return String.fromCharCode(fixed | length);
  return length <= 0xffff ? two + uint16Text(length) : four + uint32Text(length);
}

function uint16Text(value: number): string {
  return String.fromCharCode((value >> 8) & 255, value & 255);
}

function uint32Text(value: number): string {
  return uint16Text(value >>> 16) + uint16Text(value & 0xffff);
}

function wordText(byteCount: number): string {
  let text = '';
  for (let i = 0; i < byteCount; i++) text += String.fromCharCode(WORDS.getUint8(i));
  return text;
}

const WORDS = new DataView(new ArrayBuffer(8));
