/**
 * A table: items 1..n without a gap at the end in an array, all other keys in the order of their
 * insertion in two columns, found by a walk while they are few (8) and through a Map when more.
 * They are traversed in the order of Lua's own tables (field-order.ts).
 *
 *   items   [_, v1, v2, v3]      a nil may stand inside, never at the end; items[0] is not used
 *   keys    ['a', 'b', true]     a removed key stays with the value nil until the next growth, so
 *   values  [ 1,  nil,  'x']     that a traversal may set fields to nil
 *
 * Invariant: the key `items.length` has no value among `keys`.
 * A Map is made late because most tables of scripts have few fields: making one costs more than
 * the whole life of a small table.
 */
import { fieldOrder } from './field-order.ts';
import type { LuaBudget } from './lua-budget.ts';
import { LuaError, type LuaValue } from './lua-value.ts';

/** About what a table and its entries hold in memory. */
const TABLE_BYTES = 64;
const ITEM_BYTES = 16;
const FIELD_BYTES = 40;
const FIELDS_WITHOUT_MAP = 8;

export class LuaTable {
  items: LuaValue[];
  metatable: LuaTable | null;
  /** Whether a nil may stand among the items: only then `length` has to search. */
  hasHoles: boolean;
  /** How many items Lua's own array would have room for: decides which border `length` finds. */
  private arraySize: number;
  /** Every change raises "Attempt to modify a readonly table". */
  isReadonly: boolean;
  private keys: LuaValue[];
  private values: LuaValue[];
  private slots: Map<LuaValue, number> | null;
  /** When `keys` is as long, removed keys are looked for and dropped. */
  private keyCountBeforePurge: number;
  /** Slots in the order of traversal, then the rank of each slot; null when keys were added. */
  private order: Int32Array | null;
  /** Fields that the constructor of the table names. */
  private readonly sizeHint: number;
  /** Whether a number was ever a key outside of `items`. */
  private hasNumberKeys: boolean;
  private readonly budget: LuaBudget;

  constructor(budget: LuaBudget, sizeHint = 0) {
    budget.takeBytes(TABLE_BYTES);
    this.items = [undefined];
    this.metatable = null;
    this.hasHoles = false;
    this.arraySize = 0;
    this.isReadonly = false;
    this.keys = [];
    this.values = [];
    this.slots = null;
    this.keyCountBeforePurge = FIELDS_WITHOUT_MAP;
    this.order = null;
    this.sizeHint = sizeHint;
    this.hasNumberKeys = false;
    this.budget = budget;
  }

  get luaType(): string {
    return 'table';
  }

  /** Without metamethods, as everything here. */
  get(key: LuaValue): LuaValue {
    if (typeof key === 'number') return this.getNumber(key);
    const slot = this.findSlot(key);
    return slot < 0 ? undefined : this.values[slot];
  }

  getNumber(key: number): LuaValue {
    if ((key | 0) === key && key > 0 && key < this.items.length) return this.items[key];
    if (!this.hasNumberKeys) return undefined;
    const slot = this.findSlot(key);
    return slot < 0 ? undefined : this.values[slot];
  }

  getString(key: string): LuaValue {
    const slot = this.findSlot(key);
    return slot < 0 ? undefined : this.values[slot];
  }

  set(key: LuaValue, value: LuaValue): void {
    if (typeof key === 'number') {
      this.setNumber(key, value);
      return;
    }
    if (key === undefined) throw new LuaError('table index is nil');
    this.setField(key, value);
  }

  setString(key: string, value: LuaValue): void {
    this.setField(key, value);
  }

  setNumber(key: number, value: LuaValue): void {
    const items = this.items;
    if ((key | 0) === key && key > 0 && key <= items.length) {
      if (this.isReadonly) throw readonlyError();
      if (key < items.length) {
        items[key] = value;
        if (value === undefined) {
          if (key === items.length - 1) this.dropNilItems();
          else this.hasHoles = true;
        }
      } else if (value !== undefined) {
        this.budget.takeBytes(ITEM_BYTES);
        items.push(value);
        if (key > this.arraySize) this.arraySize = powerOf2From(key);
        if (this.hasNumberKeys) this.adoptFollowing();
      }
      return;
    }
    if (Number.isNaN(key)) throw new LuaError('table index is NaN');
    this.setField(key, value);
    this.hasNumberKeys = true;
  }

  /** A border: n where item n is there and n + 1 is nil. 0 when item 1 is nil. */
  length(): number {
    return this.hasHoles ? this.searchBorder() : this.items.length - 1;
  }

  /** luaH_getn: the same border as Lua's where there are several. */
  private searchBorder(): number {
    const { items } = this;
    let above = this.arraySize;
    if (items[above] !== undefined) return above;
    let below = 0;
    while (above - below > 1) {
      const middle = (below + above) >> 1;
      if (items[middle] === undefined) above = middle;
      else below = middle;
    }
    return below;
  }

  /** Takes an array whose element 0 is undefined as the items of this empty table. */
  adopt(items: LuaValue[]): void {
    this.budget.takeBytes(ITEM_BYTES * items.length);
    this.items = items;
    this.arraySize = items.length - 1;
    if (items[items.length - 1] === undefined) this.dropNilItems();
    this.hasHoles = items.indexOf(undefined, 1) > 0;
  }

  /** Whether it may have keys beside its items. */
  get hasFields(): boolean {
    return this.keys.length > 0;
  }

  /** Adds at the end. */
  push(value: LuaValue): void {
    this.setNumber(this.items.length, value);
  }

  /**
   * Traversal by positions, without allocation: 0 starts, `nextPosition` gives the next one with a
   * value or 0. Items have positive, other keys negative positions. Assigning to keys that exist,
   * nil as well, is allowed between the steps.
   */
  nextPosition(position: number): number {
    if (position >= 0) {
      const items = this.items;
      for (let i = position + 1; i < items.length; i++) {
        if (items[i] !== undefined) return i;
      }
      position = 0;
    }
    const { keys, values } = this;
    if (keys.length === 0) return 0;
    const order = this.currentOrder();
    for (let rank = -position; rank < keys.length; rank++) {
      if (values[order[rank]!] !== undefined) return -rank - 1;
    }
    return 0;
  }

  keyAt(position: number): LuaValue {
    return position > 0 ? position : this.keys[this.currentOrder()[-position - 1]!];
  }

  valueAt(position: number): LuaValue {
    return position > 0 ? this.items[position] : this.values[this.currentOrder()[-position - 1]!];
  }

  /** The position of a key that a traversal has met; nil starts. Raises for any other key. */
  positionOf(key: LuaValue): number {
    if (key === undefined) return 0;
    if (typeof key === 'number' && (key | 0) === key && key > 0 && key < this.items.length) {
      return key;
    }
    const slot = this.findSlot(key);
    if (slot >= 0) return -this.currentOrder()[this.keys.length + slot]! - 1;
    // An item that was met and set to nil at the end of the items.
    if (typeof key === 'number' && key >= this.items.length) return this.items.length - 1;
    throw new LuaError("invalid key to 'next'", 0);
  }

  /** The key after `key` or nil; its value is `get` of it. */
  nextKey(key: LuaValue): LuaValue {
    const position = this.nextPosition(this.positionOf(key));
    return position === 0 ? undefined : this.keyAt(position);
  }

  private currentOrder(): Int32Array {
    this.order ??= fieldOrder(this.keys, this.items.length - 1, this.sizeHint);
    return this.order;
  }

  private findSlot(key: LuaValue): number {
    if (this.slots !== null) {
      const slot = this.slots.get(key);
      return slot === undefined ? -1 : slot;
    }
    const keys = this.keys;
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] === key) return i;
    }
    return -1;
  }

  private setField(key: LuaValue, value: LuaValue): void {
    if (this.isReadonly) throw readonlyError();
    const slot = this.findSlot(key);
    if (slot >= 0) this.values[slot] = value;
    else if (value !== undefined) this.addField(key, value);
  }

  private addField(key: LuaValue, value: LuaValue): void {
    this.budget.takeBytes(FIELD_BYTES);
    if (this.keys.length >= this.keyCountBeforePurge) this.grow();
    if (this.slots !== null) this.slots.set(key, this.keys.length);
    this.keys.push(key);
    this.values.push(value);
    this.order = null;
  }

  /** Drops removed keys and, when many are left, makes the Map. */
  private grow(): void {
    const keys: LuaValue[] = [];
    const values: LuaValue[] = [];
    for (let i = 0; i < this.keys.length; i++) {
      if (this.values[i] === undefined) continue;
      keys.push(this.keys[i]);
      values.push(this.values[i]);
    }
    const isPurged = keys.length < this.keys.length;
    this.keyCountBeforePurge = Math.max(FIELDS_WITHOUT_MAP, keys.length * 2);
    if (keys.length < FIELDS_WITHOUT_MAP) this.slots = null;
    else if (this.slots === null || isPurged) {
      this.slots = new Map();
      for (let i = 0; i < keys.length; i++) this.slots.set(keys[i], i);
    }
    if (!isPurged) return;
    this.keys = keys;
    this.values = values;
  }

  private dropNilItems(): void {
    const items = this.items;
    let length = items.length;
    while (length > 1 && items[length - 1] === undefined) length--;
    items.length = length;
  }

  /** Keys that follow the last item become items. */
  private adoptFollowing(): void {
    for (;;) {
      const slot = this.findSlot(this.items.length);
      if (slot < 0 || this.values[slot] === undefined) return;
      this.items.push(this.values[slot]);
      const last = this.items.length - 1;
      if (last > this.arraySize) this.arraySize = powerOf2From(last);
      this.values[slot] = undefined;
    }
  }
}

function powerOf2From(n: number): number {
  return n === 1 ? 1 : 2 ** (32 - Math.clz32(n - 1));
}

function readonlyError(): LuaError {
  return new LuaError('Attempt to modify a readonly table');
}
