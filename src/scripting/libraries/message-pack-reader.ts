/**
 * MessagePack to Lua values. Nested values are kept on a stack of our own: input may nest as deep
 * as it likes up to a limit, and the limit is answered with an error.
 */
import type { LuaTable } from '../lua/lua-table.ts';
import { LuaError, type LuaHost, type LuaValue } from '../lua/lua-value.ts';

/** A list or map that is not complete. */
interface Open {
  readonly table: LuaTable;
  readonly isMap: boolean;
  left: number;
  index: number;
  key: LuaValue;
  hasKey: boolean;
}

/** Lua's own stack holds two values a level. */
const DEPTH_MAX = 3_990;

export class MessagePackReader {
  position: number;
  private readonly runtime: LuaHost;
  private readonly text: string;
  private readonly stack: Open[] = [];

  constructor(runtime: LuaHost, text: string, position: number) {
    this.runtime = runtime;
    this.text = text;
    this.position = position;
  }

  get isAtEnd(): boolean {
    return this.position >= this.text.length;
  }

  /** The next value. Raises where the bytes end early or mean nothing. */
  read(): LuaValue {
    const { stack } = this;
    stack.length = 0;
    for (;;) {
      const depth = stack.length;
      let value = this.readHead();
      // A list or map was opened and has members: they come first.
      if (stack.length > depth) continue;
      while (stack.length > 0) {
        const open = stack[stack.length - 1];
        put(open, value);
        if (open.left > 0) break;
        value = open.table;
        stack.pop();
      }
      if (stack.length === 0) return value;
    }
  }

  private readHead(): LuaValue {
    this.runtime.budget.takeSteps(1);
    this.need(1);
    const byte = this.text.charCodeAt(this.position++);
    if (byte < 0x80) return byte;
    if (byte >= 0xe0) return byte - 256;
    if (byte < 0x90) return this.open(byte & 15, true);
    if (byte < 0xa0) return this.open(byte & 15, false);
    if (byte < 0xc0) return this.readString(byte & 31);
    return this.readLong(byte);
  }

  private readLong(byte: number): LuaValue {
    switch (byte) {
      case 0xc0:
        return undefined;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return this.readWord(4).getFloat32(0);
      case 0xcb:
        return this.readWord(8).getFloat64(0);
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.readUnsigned(1 << (byte - 0xcc));
      case 0xcf:
        // lua-cmsgpack hands an unsigned word on as a signed one.
        return Number(this.readWord(8).getBigInt64(0));
      case 0xd0:
        return this.readWord(1).getInt8(0);
      case 0xd1:
        return this.readWord(2).getInt16(0);
      case 0xd2:
        return this.readWord(4).getInt32(0);
      case 0xd3:
        return Number(this.readWord(8).getBigInt64(0));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.readString(this.readUnsigned(1 << (byte - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.open(this.readUnsigned(2 << (byte - 0xdc)), false);
      case 0xde:
      case 0xdf:
        return this.open(this.readUnsigned(2 << (byte - 0xde)), true);
      default:
        throw new LuaError('Bad data format in input.');
    }
  }

  private open(left: number, isMap: boolean): LuaValue {
    const { stack } = this;
    if (stack.length >= DEPTH_MAX) {
      const place = isMap ? 'mp_decode_to_lua_hash' : 'mp_decode_to_lua_array';
      throw new LuaError(`stack overflow (in function ${place})`);
    }
    const table = this.runtime.newTable();
    if (left === 0) return table;
    stack.push({ table, isMap, left, index: 1, key: undefined, hasKey: false });
    return undefined;
  }

  private readUnsigned(byteCount: number): number {
    this.need(byteCount);
    let value = 0;
    for (let i = 0; i < byteCount; i++) value = value * 256 + this.text.charCodeAt(this.position++);
    return value;
  }

  private readWord(byteCount: number): DataView {
    this.need(byteCount);
    for (let i = 0; i < byteCount; i++) WORDS.setUint8(i, this.text.charCodeAt(this.position++));
    return WORDS;
  }

  private readString(length: number): string {
    this.need(length);
    const start = this.position;
    this.position += length;
    return this.text.slice(start, start + length);
  }

  private need(byteCount: number): void {
    if (this.position + byteCount > this.text.length) {
      throw new LuaError('Missing bytes in input.');
    }
  }
}

function put(open: Open, value: LuaValue): void {
  if (!open.isMap) {
    open.table.set(open.index++, value);
    open.left--;
  } else if (!open.hasKey) {
    open.key = value;
    open.hasKey = true;
  } else {
    open.table.set(open.key, value);
    open.hasKey = false;
    open.left--;
  }
}

const WORDS = new DataView(new ArrayBuffer(8));
