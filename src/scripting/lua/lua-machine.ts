/**
 * What generated code and library functions call: operations on values where the quick way written
 * into the code did not apply, metamethods, calls, errors with their position.
 *
 * `site` is the place of the call or operation that runs now. Code sets it before whatever may
 * fail, so that a position costs one store; a call from a library function sets NO_SITE, because
 * Lua then has no position either.
 */
import { requireTable } from './arguments.ts';
import { type CallSite, NO_SITE, positionText } from './call-site.ts';
import { LuaBudget } from './lua-budget.ts';
import type { LuaCoroutine } from './lua-coroutine.ts';
import { parseLuaNumber, textOfNumber } from './lua-number.ts';
import { finishPlain, manyOf, oneOf } from './lua-result.ts';
import { LuaTable } from './lua-table.ts';
import {
  LuaError,
  LuaFunction,
  type LuaHost,
  type LuaNative,
  type LuaResult,
  LuaUserdata,
  type LuaValue,
  NO_VALUES,
  type PlainCode,
  type SteppedCode,
  typeName,
} from './lua-value.ts';
import { powerOf } from './power.ts';

/** MAXTAGLOOP: `__index` of `__index` of ... */
const METATABLES_IN_A_ROW_MAX = 100;
/** The longest string JavaScript can hold is a little above. */
const STRING_BYTES_MAX = 512 * 1024 * 1024;
const CLOSURE_BYTES = 64;
const CONCAT_BYTES = 32;
/** LUAI_MAXCCALLS. */
const CALLS_MAX = 200;
/** Stack that a call through the machine takes beside the function's own. */
export const CALL_STACK_BYTES = 500;

/** Decides what happens when the steps of a slice are used up. */
export interface SliceRules {
  /** Refills `budget.stepsLeft`. @returns whether to suspend, where that can be. May throw. */
  onSliceEnd(canSuspend: boolean): boolean;
}

/** What a generator yields to be suspended, passed on by everything in between. */
export const SUSPENSION = Symbol('suspension');

export class LuaMachine implements LuaHost {
  site: CallSite = NO_SITE;
  /** The place that called the function which calls `error`. */
  callerSite: CallSite = NO_SITE;
  coroutine: LuaCoroutine | null = null;
  /** Calls from library functions and metamethods inside one another. */
  callDepth = 0;
  readonly budget: LuaBudget;
  readonly suspension = SUSPENSION;
  readonly NO_VALUES = NO_VALUES;
  readonly noSite = NO_SITE;
  readonly stringMetatable: LuaTable;
  /** cjson.null. */
  readonly nullValue = new LuaUserdata('(nil)');
  /** The functions `next` and what ipairs gives: loops know them. */
  readonly nextFunction: LuaFunction;
  readonly inextFunction: LuaFunction;
  private readonly rules: SliceRules;
  private readonly addresses = new WeakMap<object, number>();
  private addressCount = 0;

  constructor(rules: SliceRules) {
    this.rules = rules;
    this.budget = new LuaBudget(() => this.onSteps());
    this.budget.bytesLeft = Number.MAX_SAFE_INTEGER;
    this.stringMetatable = this.newTable();
    this.nextFunction = this.native('next', nextOf);
    this.inextFunction = this.native('', inextOf);
  }

  onSteps(): void {
    this.rules.onSliceEnd(false);
  }

  mustSuspend(): boolean {
    return this.rules.onSliceEnd(true);
  }

  overflow(): never {
    throw new LuaError('stack overflow');
  }

  newTable(): LuaTable {
    return new LuaTable(this.budget);
  }

  /** @param fieldCount  of the constructor */
  newSizedTable(fieldCount: number): LuaTable {
    return new LuaTable(this.budget, fieldCount);
  }

  newList(values: readonly LuaValue[]): LuaTable {
    return this.adoptList([undefined, ...values]);
  }

  /** @param items  element 0 is undefined; becomes part of the table */
  adoptList(items: LuaValue[]): LuaTable {
    const table = new LuaTable(this.budget);
    table.adopt(items);
    return table;
  }

  /** Items 1, 2, ... of a table constructor that has keys as well. */
  setItems(table: LuaTable, values: readonly LuaValue[], more: readonly LuaValue[]): void {
    let index = 1;
    for (const value of values) table.setNumber(index++, value);
    for (const value of more) table.setNumber(index++, value);
  }

  /** The table `arg` of a function with `...`. */
  argTable(values: readonly LuaValue[]): LuaTable {
    const table = this.newList(values);
    table.setString('n', values.length);
    return table;
  }

  native(name: string, native: LuaNative): LuaFunction {
    return this.nativeWithSteps(name, native, null);
  }

  /** @param stepped  the same, for code that may be suspended */
  nativeWithSteps(name: string, native: LuaNative, stepped: SteppedCode | null): LuaFunction {
    const plain = (...args: LuaValue[]): LuaResult => native(this, args);
    return new LuaFunction(name, plain, stepped, [], true);
  }

  closure(
    name: string,
    plain: PlainCode,
    stepped: SteppedCode | null,
    upvalues: readonly unknown[],
  ): LuaFunction {
    this.budget.takeBytes(CLOSURE_BYTES);
    return new LuaFunction(name, plain, stepped, upvalues, false);
  }

  /** A function that calls the value, which is no function; raises if it cannot be called. */
  callable(value: LuaValue, site: CallSite): LuaFunction {
    if (value instanceof LuaFunction) return value;
    const handler = this.findMetamethod(value, '__call');
    if (!(handler instanceof LuaFunction)) throw this.typeError('call', value, site, site.first);
    const { stepped } = handler;
    const steppedCall =
      stepped === null ? null : (...args: LuaValue[]) => handler.stepped!(value, ...args);
    const plainCall = (...args: LuaValue[]) => handler.plain(value, ...args);
    return new LuaFunction(handler.name, plainCall, steppedCall, [], handler.isNative);
  }

  call(f: LuaValue, args: readonly LuaValue[]): readonly LuaValue[] {
    return manyOf(this.callRaw(f, args));
  }

  callOne(f: LuaValue, args: readonly LuaValue[]): LuaValue {
    return oneOf(this.callRaw(f, args));
  }

  /** A call from a library function: an error in it has no position of its own. */
  private callRaw(f: LuaValue, args: readonly LuaValue[]): LuaResult {
    const { site } = this;
    this.site = NO_SITE;
    const result = this.callMetamethod(this.callable(f, NO_SITE), args);
    this.site = site;
    return result;
  }

  private callMetamethod(f: LuaFunction, args: readonly LuaValue[]): LuaResult {
    this.enterCall();
    const result = finishPlain(f.plain(...args));
    this.budget.stackLeft += CALL_STACK_BYTES;
    this.callDepth--;
    return result;
  }

  /** Counts a call across the machine. Who catches an error restores both counts. */
  enterCall(): void {
    if (++this.callDepth >= CALLS_MAX) throw new LuaError('C stack overflow');
    if ((this.budget.stackLeft -= CALL_STACK_BYTES) < 0) this.overflow();
  }

  findMetatable(value: LuaValue): LuaTable | null {
    if (value instanceof LuaTable || value instanceof LuaUserdata) return value.metatable;
    return typeof value === 'string' ? this.stringMetatable : null;
  }

  findMetamethod(value: LuaValue, event: string): LuaValue {
    const metatable = this.findMetatable(value);
    return metatable === null ? undefined : metatable.getString(event);
  }

  index(value: LuaValue, key: LuaValue): LuaValue {
    return this.indexAt(value, key, NO_SITE);
  }

  indexAt(value: LuaValue, key: LuaValue, site: CallSite): LuaValue {
    this.site = site;
    let object = value;
    for (let i = 0; i < METATABLES_IN_A_ROW_MAX; i++) {
      let handler: LuaValue;
      if (object instanceof LuaTable) {
        const found = object.get(key);
        if (found !== undefined || object.metatable === null) return found;
        handler = object.metatable.getString('__index');
        if (handler === undefined) return undefined;
      } else {
        handler = this.findMetamethod(object, '__index');
        if (handler === undefined) {
          throw this.typeError('index', object, site, i === 0 ? site.first : null);
        }
      }
      if (handler instanceof LuaFunction) {
        return oneOf(this.callMetamethod(handler, [object, key]));
      }
      object = handler;
    }
    throw new LuaError('loop in gettable');
  }

  setIndex(value: LuaValue, key: LuaValue, item: LuaValue): void {
    this.setIndexAt(value, key, item, NO_SITE);
  }

  setIndexAt(value: LuaValue, key: LuaValue, item: LuaValue, site: CallSite): void {
    this.site = site;
    let object = value;
    for (let i = 0; i < METATABLES_IN_A_ROW_MAX; i++) {
      let handler: LuaValue;
      if (object instanceof LuaTable) {
        const { metatable } = object;
        const isOwn = metatable === null || object.isReadonly || object.get(key) !== undefined;
        handler = isOwn ? undefined : metatable.getString('__newindex');
        if (handler === undefined) {
          object.set(key, item);
          return;
        }
      } else {
        handler = this.findMetamethod(object, '__newindex');
        if (handler === undefined) {
          throw this.typeError('index', object, site, i === 0 ? site.first : null);
        }
      }
      if (handler instanceof LuaFunction) {
        this.callMetamethod(handler, [object, key, item]);
        return;
      }
      object = handler;
    }
    throw new LuaError('loop in settable');
  }

  add(a: LuaValue, b: LuaValue, site: CallSite): LuaValue {
    const [x, y] = [numberOf(a), numberOf(b)];
    if (x === undefined || y === undefined) return this.arithmetic('__add', a, b, site);
    return x + y;
  }

  subtract(a: LuaValue, b: LuaValue, site: CallSite): LuaValue {
    const [x, y] = [numberOf(a), numberOf(b)];
    if (x === undefined || y === undefined) return this.arithmetic('__sub', a, b, site);
    return x - y;
  }

  multiply(a: LuaValue, b: LuaValue, site: CallSite): LuaValue {
    const [x, y] = [numberOf(a), numberOf(b)];
    if (x === undefined || y === undefined) return this.arithmetic('__mul', a, b, site);
    return x * y;
  }

  divide(a: LuaValue, b: LuaValue, site: CallSite): LuaValue {
    const [x, y] = [numberOf(a), numberOf(b)];
    if (x === undefined || y === undefined) return this.arithmetic('__div', a, b, site);
    return x / y;
  }

  modulo(a: LuaValue, b: LuaValue, site: CallSite): LuaValue {
    const [x, y] = [numberOf(a), numberOf(b)];
    if (x === undefined || y === undefined) return this.arithmetic('__mod', a, b, site);
    return x - Math.floor(x / y) * y;
  }

  power(a: LuaValue, b: LuaValue, site: CallSite): LuaValue {
    const [x, y] = [numberOf(a), numberOf(b)];
    if (x === undefined || y === undefined) return this.arithmetic('__pow', a, b, site);
    return powerOf(x, y);
  }

  readonly powerOf = powerOf;

  negate(a: LuaValue, site: CallSite): LuaValue {
    const x = numberOf(a);
    return x === undefined ? this.arithmetic('__unm', a, a, site) : -x;
  }

  private arithmetic(event: string, a: LuaValue, b: LuaValue, site: CallSite): LuaValue {
    this.site = site;
    const handler = this.findBinaryHandler(event, a, b);
    if (handler !== undefined) return this.callHandler(handler, a, b);
    const isFirstWrong = numberOf(a) === undefined;
    const [value, name] = isFirstWrong ? [a, site.first] : [b, site.second];
    throw this.typeError('perform arithmetic on', value, site, name);
  }

  concat(a: LuaValue, b: LuaValue, site: CallSite): LuaValue {
    const x = typeof a === 'string' ? a : typeof a === 'number' ? textOfNumber(a) : undefined;
    const y = typeof b === 'string' ? b : typeof b === 'number' ? textOfNumber(b) : undefined;
    if (x === undefined || y === undefined) return this.concatValues(a, b, site);
    // Both are joined by reference until somebody looks: the shorter one counts, so that text
    // added piece by piece does not count as a copy of the whole each time.
    this.budget.takeBytes(CONCAT_BYTES + Math.min(x.length, y.length));
    if (x.length + y.length > STRING_BYTES_MAX) throw new LuaError('not enough memory', 0);
    return x + y;
  }

  private concatValues(a: LuaValue, b: LuaValue, site: CallSite): LuaValue {
    this.site = site;
    const handler = this.findBinaryHandler('__concat', a, b);
    if (handler !== undefined) return this.callHandler(handler, a, b);
    const isFirstRight = typeof a === 'string' || typeof a === 'number';
    const [value, name] = isFirstRight ? [b, site.second] : [a, site.first];
    throw this.typeError('concatenate', value, site, name);
  }

  lengthOf(value: LuaValue, site: CallSite): LuaValue {
    if (typeof value === 'string') return value.length;
    if (value instanceof LuaTable) return value.length();
    this.site = site;
    const handler = this.findMetamethod(value, '__len');
    if (handler !== undefined) return this.callHandler(handler, value, undefined);
    throw this.typeError('get length of', value, site, site.first);
  }

  equal(a: LuaValue, b: LuaValue, site: CallSite): boolean {
    if (!(a instanceof LuaTable && b instanceof LuaTable)) return false;
    if (a.metatable === null || b.metatable === null) return false;
    const handler = a.metatable.getString('__eq');
    if (handler === undefined || handler !== b.metatable.getString('__eq')) return false;
    this.site = site;
    return isTrue(this.callHandler(handler, a, b));
  }

  isLess(a: LuaValue, b: LuaValue, site: CallSite): boolean {
    if (typeof a === 'number' && typeof b === 'number') return a < b;
    if (typeof a === 'string' && typeof b === 'string') return a < b;
    this.site = site;
    const handler = this.findOrderHandler('__lt', a, b);
    if (handler === undefined) throw orderError(a, b);
    return isTrue(this.callHandler(handler, a, b));
  }

  isLessOrEqual(a: LuaValue, b: LuaValue, site: CallSite): boolean {
    if (typeof a === 'number' && typeof b === 'number') return a <= b;
    if (typeof a === 'string' && typeof b === 'string') return a <= b;
    this.site = site;
    const handler = this.findOrderHandler('__le', a, b);
    if (handler !== undefined) return isTrue(this.callHandler(handler, a, b));
    const opposite = this.findOrderHandler('__lt', b, a);
    if (opposite === undefined) throw orderError(a, b);
    return !isTrue(this.callHandler(opposite, b, a));
  }

  /** A bound of a numeric loop that is no number yet. */
  forNumber(value: LuaValue, what: string, site: CallSite): number {
    const number = numberOf(value);
    if (number !== undefined) return number;
    this.site = site;
    throw new LuaError(`'for' ${what} must be a number`);
  }

  toText(value: LuaValue): string {
    switch (typeof value) {
      case 'string':
        return value;
      case 'number':
        return textOfNumber(value);
      case 'undefined':
        return 'nil';
      case 'boolean':
        return value ? 'true' : 'false';
      default: {
        const handler = this.findMetamethod(value, '__tostring');
        if (handler === undefined) return this.addressText(value);
        const text = this.callOne(handler, [value]);
        return typeof text === 'string' ? text : this.toText(text);
      }
    }
  }

  /** "table: 0x..." */
  addressText(value: LuaTable | LuaFunction | LuaCoroutine | LuaUserdata): string {
    if (value instanceof LuaUserdata) return `userdata: ${value.text}`;
    let address = this.addresses.get(value);
    if (address === undefined) {
      address = 0x7f0000000000 + 32 * ++this.addressCount;
      this.addresses.set(value, address);
    }
    return `${typeName(value)}: 0x${address.toString(16)}`;
  }

  /** Whatever was thrown as an error of Lua, complete with its position. Others go on. */
  settle(thrown: unknown): LuaError {
    let error: LuaError;
    if (thrown instanceof LuaError) error = thrown;
    else if (thrown instanceof RangeError) error = errorOfRange(thrown);
    else throw thrown;
    if (error.level === 0) return error;
    error.level = 0;
    if (error.argumentIndex >= 0) error.value = this.argumentText(error);
    if (typeof error.value === 'string') error.value = positionText(this.site) + error.value;
    return error;
  }

  typeError(action: string, value: LuaValue, site: CallSite, name: string | null): LuaError {
    this.site = site;
    const type = typeName(value);
    if (name === null) return new LuaError(`attempt to ${action} a ${type} value`);
    return new LuaError(`attempt to ${action} ${name} (a ${type} value)`);
  }

  /** luaL_argerror: the name is the one used at the call. */
  private argumentText(error: LuaError): string {
    const kind = this.site.first ?? '';
    const name = /'(.*)'$/s.exec(kind)?.[1] ?? '?';
    let number = error.argumentIndex + 1;
    if (kind.startsWith('method')) {
      number--;
      if (number === 0) return `calling '${name}' on bad self (${error.value})`;
    }
    return `bad argument #${number} to '${name}' (${error.value})`;
  }

  private findBinaryHandler(event: string, a: LuaValue, b: LuaValue): LuaValue {
    return this.findMetamethod(a, event) ?? this.findMetamethod(b, event);
  }

  private findOrderHandler(event: string, a: LuaValue, b: LuaValue): LuaValue {
    if (typeName(a) !== typeName(b)) return undefined;
    const handler = this.findMetamethod(a, event);
    return handler === this.findMetamethod(b, event) ? handler : undefined;
  }

  private callHandler(handler: LuaValue, a: LuaValue, b: LuaValue): LuaValue {
    return oneOf(this.callMetamethod(this.callable(handler, NO_SITE), [a, b]));
  }
}

export function numberOf(value: LuaValue): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? parseLuaNumber(value) : undefined;
}

export function isTrue(value: LuaValue): boolean {
  return value !== undefined && value !== false;
}

function orderError(a: LuaValue, b: LuaValue): LuaError {
  const [first, second] = [typeName(a), typeName(b)];
  if (first === second) return new LuaError(`attempt to compare two ${first} values`);
  return new LuaError(`attempt to compare ${first} with ${second}`);
}

/** What the host's engine refuses: too deep, or a string or array too long. */
function errorOfRange(error: RangeError): LuaError {
  const isStack = error.message.startsWith('Maximum call stack');
  return isStack ? new LuaError('stack overflow') : new LuaError('not enough memory', 0);
}

const nextOf: LuaNative = (_runtime, args) => {
  const table = requireTable(args, 0);
  const position = table.nextPosition(table.positionOf(args[1]));
  return position === 0 ? undefined : [table.keyAt(position), table.valueAt(position)];
};

const inextOf: LuaNative = (_runtime, args) => {
  const index = (args[1] as number) + 1;
  const value = (args[0] as LuaTable).getNumber(index);
  return value === undefined ? NO_VALUES : [index, value];
};
