/**
 * JSON to Lua values, with the leniency and the error texts of cjson. Nested values are kept on a
 * stack of our own. A zero byte outside of a string ends the input, as it does in C.
 */
import { parseDouble } from '../../base/numbers.ts';
import type { LuaTable } from '../lua/lua-table.ts';
import { LuaError, type LuaHost, type LuaUserdata, type LuaValue } from '../lua/lua-value.ts';
import type { JsonSettings } from './json-settings.ts';

type TokenType =
  | 'T_OBJ_BEGIN'
  | 'T_OBJ_END'
  | 'T_ARR_BEGIN'
  | 'T_ARR_END'
  | 'T_STRING'
  | 'T_NUMBER'
  | 'T_BOOLEAN'
  | 'T_NULL'
  | 'T_COLON'
  | 'T_COMMA'
  | 'T_END'
  | 'T_ERROR';

interface Open {
  readonly table: LuaTable;
  /** Key of the field being read; undefined in an array. */
  key: string | undefined;
  index: number;
}

/** Where cjson's own recursion finds no more room on Lua's stack, whatever the setting says. */
const DEPTH_MAX = 2_600;

export class JsonReader {
  private readonly runtime: LuaHost;
  private readonly settings: JsonSettings;
  private readonly nullValue: LuaUserdata;
  private readonly stack: Open[] = [];
  private text = '';
  private at = 0;
  /** The token read last: its type, its value or what is wrong with it, and where it begins. */
  private type: TokenType = 'T_END';
  private value: LuaValue = undefined;
  private start = 0;

  constructor(runtime: LuaHost, settings: JsonSettings, nullValue: LuaUserdata) {
    this.runtime = runtime;
    this.settings = settings;
    this.nullValue = nullValue;
  }

  read(text: string): LuaValue {
    if (text.length >= 2 && (text.charCodeAt(0) === 0 || text.charCodeAt(1) === 0)) {
      throw new LuaError('JSON parser does not support UTF-16 or UTF-32');
    }
    this.text = text;
    this.at = 0;
    this.stack.length = 0;
    this.next();
    const value = this.readValue();
    this.next();
    if (this.type !== 'T_END') throw this.unexpected('the end');
    return value;
  }

  /** The value that the current token begins. */
  private readValue(): LuaValue {
    const { stack } = this;
    for (;;) {
      let value = this.beginValue();
      // undefined: a table was opened, its first member's token is the current one.
      if (value === undefined) continue;
      while (stack.length > 0) {
        const open = stack[stack.length - 1];
        if (!this.endMember(open, value)) break;
        value = open.table;
        stack.pop();
      }
      if (stack.length === 0) return value;
    }
  }

  private beginValue(): LuaValue {
    switch (this.type) {
      case 'T_STRING':
      case 'T_NUMBER':
      case 'T_BOOLEAN':
        return this.value;
      case 'T_NULL':
        return this.nullValue;
      case 'T_OBJ_BEGIN':
      case 'T_ARR_BEGIN':
        return this.open(this.type === 'T_OBJ_BEGIN');
      default:
        throw this.unexpected('value');
    }
  }

  /** An empty table as a whole, or undefined. */
  private open(isObject: boolean): LuaValue {
    const { stack } = this;
    const depth = stack.length + 1;
    if (depth > this.settings.decodeDepthMax || depth > DEPTH_MAX) {
      throw new LuaError(`Found too many nested data structures (${depth})`);
    }
    const table = this.runtime.newTable();
    this.next();
    if (this.type === (isObject ? 'T_OBJ_END' : 'T_ARR_END')) return table;
    const key = isObject ? this.readKey() : undefined;
    stack.push({ table, key, index: 1 });
    return undefined;
  }

  /** Puts a value into its table. @returns whether the table is complete */
  private endMember(open: Open, value: LuaValue): boolean {
    const { table } = open;
    if (open.key === undefined) {
      table.setNumber(open.index++, value);
      this.next();
      if (this.type === 'T_ARR_END') return true;
      if (this.type !== 'T_COMMA') throw this.unexpected('comma or array end');
      this.next();
      return false;
    }
    table.setString(open.key, value);
    this.next();
    if (this.type === 'T_OBJ_END') return true;
    if (this.type !== 'T_COMMA') throw this.unexpected('comma or object end');
    this.next();
    open.key = this.readKey();
    return false;
  }

  /** The current token is a key; then the token of its value is read. */
  private readKey(): string {
    const { value } = this;
    if (this.type !== 'T_STRING' || typeof value !== 'string') {
      throw this.unexpected('object key string');
    }
    this.next();
    this.require('T_COLON', 'colon');
    this.next();
    return value;
  }

  private require(type: TokenType, expected: string): void {
    if (this.type !== type) throw this.unexpected(expected);
  }

  private unexpected(expected: string): LuaError {
    const found = this.type === 'T_ERROR' ? this.value : this.type;
    return new LuaError(
      `Expected ${expected} but found ${String(found)} at character ${this.start + 1}`,
    );
  }

  private next(): void {
    const { text } = this;
    let code = text.charCodeAt(this.at);
    while (code === 32 || code === 10 || code === 13 || code === 9) {
      code = text.charCodeAt(++this.at);
    }
    this.runtime.budget.takeSteps(1);
    this.start = this.at;
    if (code === QUOTE) {
      this.readString();
      return;
    }
    // Beyond the end there is NaN, where C has its zero byte.
    const type = Number.isNaN(code) ? 'T_END' : SIMPLE_TOKENS[code];
    if (type === undefined) this.readWord(code);
    else {
      this.type = type;
      if (type !== 'T_END') this.at++;
    }
  }

  private readWord(code: number): void {
    const { at, settings, text } = this;
    if (code === DASH || (code >= ZERO && code <= NINE)) {
      if (!settings.decodeInvalidNumbers && this.isInvalidNumber()) this.fail('invalid number');
      else this.readNumber();
    } else if (text.startsWith('true', at)) this.take('T_BOOLEAN', true, 4);
    else if (text.startsWith('false', at)) this.take('T_BOOLEAN', false, 5);
    else if (text.startsWith('null', at)) this.take('T_NULL', undefined, 4);
    else if (MAY_BE_NUMBER.includes(code) && settings.decodeInvalidNumbers) {
      if (this.isInvalidNumber()) this.readNumber();
      else this.fail('invalid token');
    } else this.fail('invalid token');
  }

  private take(type: TokenType, value: LuaValue, length: number): void {
    this.type = type;
    this.value = value;
    this.at += length;
  }

  private fail(reason: string): void {
    this.type = 'T_ERROR';
    this.value = reason;
    this.start = this.at;
  }

  /** What C's strtod reads and JSON does not allow. */
  private isInvalidNumber(): boolean {
    INVALID_NUMBER.lastIndex = this.at;
    return INVALID_NUMBER.test(this.text);
  }

  private readNumber(): void {
    const { at, text } = this;
    HEXADECIMAL.lastIndex = at;
    const hexadecimal = HEXADECIMAL.exec(text);
    if (hexadecimal !== null) {
      const bytes = Buffer.from(hexadecimal[0], 'latin1');
      this.take('T_NUMBER', parseDouble(bytes, 0, bytes.length), bytes.length);
      return;
    }
    DECIMAL.lastIndex = at;
    const decimal = DECIMAL.exec(text);
    if (decimal !== null) {
      this.take('T_NUMBER', Number(decimal[0]), decimal[0].length);
      return;
    }
    WORD_NUMBER.lastIndex = at;
    const word = WORD_NUMBER.exec(text);
    if (word === null) this.fail('invalid number');
    else {
      const magnitude = word[2].toLowerCase().startsWith('inf') ? Infinity : NaN;
      this.take('T_NUMBER', word[1] === '-' ? -magnitude : magnitude, word[0].length);
    }
  }

  private readString(): void {
    const { text } = this;
    const start = this.at + 1;
    let end = start;
    for (;;) {
      const code = text.charCodeAt(end);
      if (code === QUOTE) break;
      if (code === BACKSLASH || code === 0 || Number.isNaN(code)) {
        this.readEscapedString(start, end);
        return;
      }
      end++;
    }
    this.runtime.budget.takeSteps((end - start) >> 4);
    this.take('T_STRING', text.slice(start, end), end + 1 - this.at);
  }

  /** @param end  of what has no escape */
  private readEscapedString(start: number, end: number): void {
    const { text } = this;
    let value = text.slice(start, end);
    this.at = end;
    for (;;) {
      const code = text.charCodeAt(this.at);
      if (code === QUOTE) break;
      if (code === 0 || Number.isNaN(code)) {
        this.fail('unexpected end of string');
        return;
      }
      if (code !== BACKSLASH) {
        value += text[this.at++];
        continue;
      }
      const letter = text[this.at + 1];
      const isUnicode = letter === 'u';
      const piece = isUnicode ? this.readUnicodeEscape() : ESCAPES[letter];
      if (piece === undefined) {
        this.fail(isUnicode ? 'invalid unicode escape code' : 'invalid escape code');
        return;
      }
      value += piece;
      if (!isUnicode) this.at += 2;
    }
    this.runtime.budget.takeBytes(value.length);
    this.take('T_STRING', value, 1);
  }

  /** `\uXXXX`, or two of them for what is beyond 16 bits, as UTF-8. */
  private readUnicodeEscape(): string | undefined {
    let code = this.hexadecimal4(this.at + 2);
    if (Number.isNaN(code)) return undefined;
    let length = 6;
    if ((code & 0xf800) === 0xd800) {
      if ((code & 0x400) !== 0 || !this.text.startsWith('\\u', this.at + 6)) return undefined;
      const low = this.hexadecimal4(this.at + 8);
      if (Number.isNaN(low) || (low & 0xfc00) !== 0xdc00) return undefined;
      code = (((code & 0x3ff) << 10) | (low & 0x3ff)) + 0x10000;
      length = 12;
    }
    this.at += length;
    return Buffer.from(String.fromCodePoint(code), 'utf8').toString('latin1');
  }

  private hexadecimal4(at: number): number {
    const digits = this.text.slice(at, at + 4);
    return /^[0-9A-Fa-f]{4}$/.test(digits) ? Number.parseInt(digits, 16) : NaN;
  }
}

const QUOTE = 34;
const DASH = 45;
const ZERO = 48;
const NINE = 57;
const BACKSLASH = 92;
const SIMPLE_TOKENS: Readonly<Record<number, TokenType>> = {
  0: 'T_END',
  44: 'T_COMMA',
  58: 'T_COLON',
  91: 'T_ARR_BEGIN',
  93: 'T_ARR_END',
  123: 'T_OBJ_BEGIN',
  125: 'T_OBJ_END',
};
/** Letters and signs that cjson looks at more closely before it says "invalid token". */
const MAY_BE_NUMBER: readonly number[] = [...'fiInNt+'].map((char) => char.charCodeAt(0));
const INVALID_NUMBER = /\+|-?(?:0[0-9xX]|inf|nan)/iy;
const DECIMAL = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const HEXADECIMAL = /[+-]?0x(?=\.?[\da-f])[\da-f]*\.?[\da-f]*(?:p[+-]?\d+)?/iy;
const WORD_NUMBER = /([+-]?)(infinity|inf|nan(?:\([0-9A-Za-z_]*\))?)/iy;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
