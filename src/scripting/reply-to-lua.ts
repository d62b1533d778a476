/**
 * What a command replied to a script, as Lua sees it. RESP2: integer, string, false for null, list,
 * {ok=}, {err=}. RESP3 besides: nil, boolean, {map=}, {set=}, {double=}, {big_number=},
 * {verbatim_string=}. Nothing is made but the value.
 */
import { latin1Text } from './latin1-text.ts';
import type { LuaTable } from './lua/lua-table.ts';
import type { LuaHost, LuaValue } from './lua/lua-value.ts';

export class ReplyToLua {
  private readonly host: LuaHost;
  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;

  constructor(host: LuaHost) {
    this.host = host;
  }

  /** @param bytes  one whole reply from its first byte on */
  convert(bytes: Uint8Array): LuaValue {
    this.bytes = bytes;
    this.at = 0;
    return this.next();
  }

  private next(): LuaValue {
    const { bytes } = this;
    switch (bytes[this.at++]) {
      case DOLLAR:
        return this.bulk();
      case COLON:
        return this.integer();
      case PLUS:
        return this.field('ok', this.line());
      case MINUS:
        return errorTable(this.host, this.line());
      case STAR:
      case GREATER:
        return this.list();
      case UNDERSCORE:
        this.line();
        return undefined;
      case COMMA:
        return this.field('double', doubleOf(this.line()));
      case HASH:
        return this.line() === 't';
      case PERCENT:
        return this.field('map', this.map());
      case TILDE:
        return this.field('set', this.set());
      case PARENTHESIS:
        return this.field('big_number', this.line());
      case EQUALS:
        return this.verbatim();
      default:
        return this.attributed();
    }
  }

  private bulk(): LuaValue {
    const length = this.integer();
    if (length < 0) return false;
    const start = this.at;
    this.at = start + length + 2;
    this.host.budget.takeBytes(length);
    return latin1Text(this.bytes, start, length);
  }

  private list(): LuaValue {
    const count = this.integer();
    if (count < 0) return false;
    const table = this.host.newTable();
    for (let i = 1; i <= count; i++) table.setNumber(i, this.next());
    return table;
  }

  private map(): LuaTable {
    const table = this.host.newTable();
    for (let count = this.integer(); count > 0; count--) {
      const key = this.next();
      table.set(key, this.next());
    }
    return table;
  }

  private set(): LuaTable {
    const table = this.host.newTable();
    for (let count = this.integer(); count > 0; count--) table.set(this.next(), true);
    return table;
  }

  /** `=15 CR LF txt:Some string`. */
  private verbatim(): LuaTable {
    const text = this.bulk() as string;
    const table = this.host.newTable();
    table.setString('format', text.slice(0, 3));
    table.setString('string', text.slice(4));
    return this.field('verbatim_string', table);
  }

  /** Attributes are not shown to scripts: what stands behind them is the value. */
  private attributed(): LuaValue {
    for (let count = this.integer() * 2; count > 0; count--) this.next();
    return this.next();
  }

  private field(name: string, value: LuaValue): LuaTable {
    const table = this.host.newTable();
    table.setString(name, value);
    return table;
  }

  private integer(): number {
    const { bytes } = this;
    let at = this.at;
    const isNegative = bytes[at] === MINUS;
    if (isNegative) at++;
    let value = 0;
    for (; bytes[at] !== CR; at++) value = value * 10 + bytes[at] - ZERO;
    this.at = at + 2;
    return isNegative ? -value : value;
  }

  private line(): string {
    const { bytes, at } = this;
    let end = at;
    while (bytes[end] !== CR) end++;
    this.at = end + 2;
    this.host.budget.takeBytes(end - at);
    return latin1Text(bytes, at, end - at);
  }
}

/** An error that a command replied, or that is raised in its place: it was counted already. */
export function errorTable(host: LuaHost, text: string): LuaTable {
  const table = host.newTable();
  table.setString('err', text);
  table.setString('ignore_error_stats_update', true);
  return table;
}

function doubleOf(text: string): number {
  if (text === 'inf') return Infinity;
  return text === '-inf' ? -Infinity : Number(text);
}

const DOLLAR = 36;
const COLON = 58;
const PLUS = 43;
const MINUS = 45;
const STAR = 42;
const PERCENT = 37;
const TILDE = 126;
const GREATER = 62;
const COMMA = 44;
const HASH = 35;
const PARENTHESIS = 40;
const EQUALS = 61;
const UNDERSCORE = 95;
const CR = 13;
const ZERO = 48;
