/** Lua's table library, as ltablib.c: `sort` makes the same comparisons in the same order. */
import {
  optionalInteger,
  optionalString,
  requireInteger,
  requireTable,
  typeError,
} from '../arguments.ts';
import type { LuaMachine } from '../lua-machine.ts';
import { isTrue } from '../lua-machine.ts';
import { textOfNumber } from '../lua-number.ts';
import type { LuaRuntime } from '../lua-runtime.ts';
import type { LuaTable } from '../lua-table.ts';
import {
  LuaError,
  LuaFunction,
  type LuaNative,
  type LuaValue,
  NO_VALUES,
  typeName,
} from '../lua-value.ts';
import { setRaw } from './base-library.ts';

export function installTableLibrary(runtime: LuaRuntime): void {
  const { machine } = runtime;
  const library = machine.newTable();
  const natives: Record<string, LuaNative> = {
    concat: concatItems,
    foreach: forEachField,
    foreachi: forEachItem,
    getn: (_host, args) => requireTable(args, 0).length(),
    insert: insertItem,
    maxn: maxNumber,
    remove: removeItem,
    setn: (_host, args) => {
      requireTable(args, 0);
      throw new LuaError("'setn' is obsolete");
    },
    sort: (_host, args) => sortItems(machine, args),
  };
  for (const [name, native] of Object.entries(natives)) {
    library.setString(name, machine.native(name, native));
  }
  runtime.globals.setString('table', library);
}

const concatItems: LuaNative = (host, args) => {
  const table = requireTable(args, 0);
  const separator = optionalString(args, 1, '');
  const first = optionalInteger(args, 2, 1);
  const last = args[3] === undefined ? table.length() : requireInteger(args, 3);
  const pieces: string[] = [];
  let byteCount = 0;
  for (let i = first; i <= last; i++) {
    const value = table.getNumber(i);
    if (typeof value !== 'string' && typeof value !== 'number') {
      const where = `(${typeName(value)}) at index ${i} in table for 'concat'`;
      throw new LuaError(`invalid value ${where}`);
    }
    const piece = typeof value === 'string' ? value : textOfNumber(value);
    byteCount += piece.length + separator.length;
    host.budget.takeBytes(piece.length + separator.length);
    pieces.push(piece);
  }
  if (byteCount > 0x1fffffff) throw new LuaError('not enough memory', 0);
  return pieces.join(separator);
};

function requireFunction(args: LuaValue[], index: number): LuaFunction {
  const f = args[index];
  if (f instanceof LuaFunction) return f;
  throw typeError(args, index, 'function');
}

const forEachField: LuaNative = (host, args) => {
  const table = requireTable(args, 0);
  const f = requireFunction(args, 1);
  for (let at = table.nextPosition(0); at !== 0; at = table.nextPosition(at)) {
    const value = host.callOne(f, [table.keyAt(at), table.valueAt(at)]);
    if (value !== undefined) return value;
  }
  return NO_VALUES;
};

const forEachItem: LuaNative = (host, args) => {
  const table = requireTable(args, 0);
  const length = table.length();
  const f = requireFunction(args, 1);
  for (let i = 1; i <= length; i++) {
    const value = host.callOne(f, [i, table.getNumber(i)]);
    if (value !== undefined) return value;
  }
  return NO_VALUES;
};

const maxNumber: LuaNative = (_host, args) => {
  const table = requireTable(args, 0);
  let max = 0;
  for (let at = table.nextPosition(0); at !== 0; at = table.nextPosition(at)) {
    const key = table.keyAt(at);
    if (typeof key === 'number' && key > max) max = key;
  }
  return max;
};

const insertItem: LuaNative = (host, args) => {
  const table = requireTable(args, 0);
  let end = table.length() + 1;
  if (args.length === 2) {
    setRaw(table, end, args[1]);
    return NO_VALUES;
  }
  if (args.length !== 3) throw new LuaError("wrong number of arguments to 'insert'");
  const position = requireInteger(args, 1);
  if (position > end) end = position;
  for (let i = end; i > position; i--) {
    // The position may lie far below 1: such a loop must be stoppable.
    if ((i & 7) === 0) host.budget.takeSteps(1);
    setRaw(table, i, table.getNumber(i - 1));
  }
  setRaw(table, position, args[2]);
  return NO_VALUES;
};

const removeItem: LuaNative = (host, args) => {
  const table = requireTable(args, 0);
  const end = table.length();
  let position = optionalInteger(args, 1, end);
  if (!(position >= 1 && position <= end)) return NO_VALUES;
  const removed = table.getNumber(position);
  host.budget.takeSteps((end - position) >> 3);
  for (; position < end; position++) setRaw(table, position, table.getNumber(position + 1));
  setRaw(table, end, undefined);
  return removed;
};

function sortItems(machine: LuaMachine, args: LuaValue[]): readonly LuaValue[] {
  const table = requireTable(args, 0);
  const length = table.length();
  const comparator = args[1] === undefined ? null : requireFunction(args, 1);
  if (table.isReadonly && length > 1) throw new LuaError('Attempt to modify a readonly table', 0);
  const isLess = (a: LuaValue, b: LuaValue): boolean => {
    machine.budget.takeSteps(1);
    if (comparator !== null) return isTrue(machine.callOne(comparator, [a, b]));
    if (typeof a === 'number' && typeof b === 'number') return a < b;
    return isLessInLibrary(machine, a, b);
  };
  sortRange(table, 1, length, isLess);
  return NO_VALUES;
}

/** An error of the comparison has no position: it is a library function that compares. */
function isLessInLibrary(machine: LuaMachine, a: LuaValue, b: LuaValue): boolean {
  const { site } = machine;
  try {
    const isLess = machine.isLess(a, b, site);
    machine.site = site;
    return isLess;
  } catch (error) {
    if (error instanceof LuaError && machine.site === site) error.level = 0;
    throw error;
  }
}

/** auxsort: quicksort with the median of three; the smaller part by recursion. */
function sortRange(
  table: LuaTable,
  first: number,
  last: number,
  isLess: (a: LuaValue, b: LuaValue) => boolean,
): void {
  let low = first;
  let high = last;
  const get = (index: number): LuaValue => table.getNumber(index);
  while (low < high) {
    orderPair(table, low, high, isLess);
    if (high - low === 1) return;
    let i = Math.floor((low + high) / 2);
    if (isLess(get(i), get(low))) swap(table, i, low);
    else if (isLess(get(high), get(i))) swap(table, i, high);
    if (high - low === 2) return;
    const pivot = get(i);
    swap(table, i, high - 1);
    i = low;
    let j = high - 1;
    for (;;) {
      while (isLess(get(++i), pivot)) {
        if (i > high) throw new LuaError('invalid order function for sorting');
      }
      while (isLess(pivot, get(--j))) {
        if (j < low) throw new LuaError('invalid order function for sorting');
      }
      if (j < i) break;
      swap(table, i, j);
    }
    swap(table, high - 1, i);
    if (i - low < high - i) {
      sortRange(table, low, i - 1, isLess);
      low = i + 1;
    } else {
      sortRange(table, i + 1, high, isLess);
      high = i - 1;
    }
  }
}

function orderPair(
  table: LuaTable,
  low: number,
  high: number,
  isLess: (a: LuaValue, b: LuaValue) => boolean,
): void {
  if (isLess(table.getNumber(high), table.getNumber(low))) swap(table, low, high);
}

function swap(table: LuaTable, i: number, j: number): void {
  const value = table.getNumber(i);
  setRaw(table, i, table.getNumber(j));
  setRaw(table, j, value);
}
