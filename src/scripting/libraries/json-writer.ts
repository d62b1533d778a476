/** Lua values to JSON as cjson writes it: `/` escaped, numbers as `%.14g`, an empty table `{}`. */
import type { LuaBudget } from '../lua/lua-budget.ts';
import { LuaTable } from '../lua/lua-table.ts';
import { LuaError, type LuaUserdata, type LuaValue, typeName } from '../lua/lua-value.ts';
import { generalText } from '../lua/number-text.ts';
import type { JsonSettings } from './json-settings.ts';

/** A table that is being written. */
interface Open {
  readonly table: LuaTable;
  /** Items of an array; -1 for an object. */
  readonly length: number;
  /** Index of the item, or position of the field, that was written last; 0 before the first. */
  at: number;
}

/** Where cjson's own recursion finds no more room on Lua's stack, whatever the setting says. */
const DEPTH_MAX = 2_600;

export class JsonWriter {
  private readonly settings: JsonSettings;
  private readonly nullValue: LuaUserdata;
  private readonly budget: LuaBudget;
  private readonly stack: Open[] = [];

  constructor(settings: JsonSettings, nullValue: LuaUserdata, budget: LuaBudget) {
    this.settings = settings;
    this.nullValue = nullValue;
    this.budget = budget;
  }

  write(value: LuaValue): string {
    const { budget, stack } = this;
    let text = this.begin(value);
    let paidLength = 0;
    while (stack.length > 0) {
      const open = stack[stack.length - 1];
      text += open.length < 0 ? this.nextField(open) : this.nextItem(open);
      budget.takeSteps(1);
      budget.takeBytes(text.length - paidLength);
      paidLength = text.length;
    }
    return text;
  }

  /** A value as a whole, or the beginning of a table, which then is on the stack. */
  private begin(value: LuaValue): string {
    switch (typeof value) {
      case 'string':
        return quoted(value);
      case 'number':
        return this.numberText(value);
      case 'boolean':
        return value ? 'true' : 'false';
      case 'undefined':
        return 'null';
      default:
        if (value instanceof LuaTable) return this.open(value);
        if (value === this.nullValue) return 'null';
        throw refusal(value, 'type not supported');
    }
  }

  private open(table: LuaTable): string {
    const { settings, stack } = this;
    const depth = stack.length + 1;
    if (depth > settings.encodeDepthMax || depth > DEPTH_MAX) {
      throw new LuaError(`Cannot serialise, excessive depth (${depth})`);
    }
    const length = arrayLength(table, settings);
    stack.push({ table, length: length > 0 ? length : -1, at: 0 });
    return length > 0 ? '[' : '{';
  }

  private nextItem(open: Open): string {
    const index = ++open.at;
    if (index > open.length) {
      this.stack.pop();
      return ']';
    }
    const item = this.begin(open.table.getNumber(index));
    return index === 1 ? item : `,${item}`;
  }

  private nextField(open: Open): string {
    const { table } = open;
    const isFirst = open.at === 0;
    open.at = table.nextPosition(open.at);
    if (open.at === 0) {
      this.stack.pop();
      return '}';
    }
    const name = this.fieldName(table.keyAt(open.at));
    const field = `${name}:${this.begin(table.valueAt(open.at))}`;
    return isFirst ? field : `,${field}`;
  }

  private fieldName(key: LuaValue): string {
    if (typeof key === 'string') return quoted(key);
    if (typeof key === 'number') return `"${this.numberText(key)}"`;
    throw refusal(key, 'table key must be a number or string');
  }

  private numberText(value: number): string {
    const { encodeInvalidNumbers, numberPrecision } = this.settings;
    if ((value | 0) === value && numberPrecision >= 10 && value !== 0) return String(value);
    if (!Number.isFinite(value)) {
      if (encodeInvalidNumbers === 'off') throw refusal(value, 'must not be NaN or Inf');
      if (encodeInvalidNumbers === 'null') return 'null';
      if (Number.isNaN(value)) return 'nan';
    }
    return generalText(value, numberPrecision, false);
  }
}

/** Items of a table that is an array, -1 when it is none; not found are holes, written as null. */
function arrayLength(table: LuaTable, settings: JsonSettings): number {
  let max = 0;
  let count = 0;
  for (let at = table.nextPosition(0); at !== 0; at = table.nextPosition(at)) {
    const key = table.keyAt(at);
    if (typeof key !== 'number' || key < 1 || Math.trunc(key) !== key) return -1;
    if (key > max) max = key;
    count++;
  }
  const { sparseConvert, sparseRatio, sparseSafe } = settings;
  if (sparseRatio > 0 && max > count * sparseRatio && max > sparseSafe) {
    if (!sparseConvert) throw refusal(table, 'excessively sparse array');
    return -1;
  }
  return max;
}

function refusal(value: LuaValue, reason: string): LuaError {
  return new LuaError(`Cannot serialise ${typeName(value)}: ${reason}`);
}

function quoted(text: string): string {
  return NEEDS_ESCAPE.test(text) ? `"${text.replace(ESCAPED, escapeOf)}"` : `"${text}"`;
}

function escapeOf(char: string): string {
  const short = SHORT_ESCAPES[char];
  if (short !== undefined) return short;
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const NEEDS_ESCAPE = /["\\/\x00-\x1f\x7f]/;
const ESCAPED = /["\\/\x00-\x1f\x7f]/g;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
};
