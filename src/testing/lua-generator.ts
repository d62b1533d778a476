/** Random Lua programs that always end: arithmetic, texts, tables, closures, pcall, coroutines. */
import type { Draw } from './seeded.ts';

const ARITHMETIC = ['+', '-', '*', '/', '%', '^'];
const COMPARISONS = ['<', '<=', '>', '>=', '==', '~='];
const CONSTANTS = [
  '0',
  '1',
  '2.5',
  '-3',
  '1e15',
  '0.1',
  '"7"',
  '"0x10"',
  '"abc"',
  '""',
  'nil',
  'true',
  'false',
  '"a\\0b"',
];
const FIELDS = ['x', 'y', 'name', 'n', 'value'];

/** The body of a function; it returns up to four values. */
export function generateLua(draw: Draw): string {
  return new LuaGenerator(draw).program();
}

class LuaGenerator {
  private readonly draw: Draw;
  private readonly names: string[] = [];
  private nameCount = 0;

  constructor(draw: Draw) {
    this.draw = draw;
  }

  program(): string {
    const lines = ['local t = {1, 2, x = 3, name = "n"}', 'local log = ""'];
    this.names.push('t', 'log');
    for (let i = this.draw(8) + 2; i > 0; i--) lines.push(this.statement(2));
    const results = [this.expression(2), this.expression(2), 'log', this.expression(3)];
    return `${lines.join('\n')}\nreturn ${results.join(', ')}`;
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.draw(list.length)]!;
  }

  private name(): string {
    return this.pick(this.names);
  }

  private expression(depth: number): string {
    const kind = depth === 0 ? this.draw(3) : this.draw(14);
    const inner = (): string => this.expression(depth - 1);
    switch (kind) {
      case 0:
        return this.pick(CONSTANTS);
      case 1:
      case 2:
        return this.name();
      case 3:
      case 4:
        return `(${inner()} ${this.pick(ARITHMETIC)} ${inner()})`;
      case 5:
        return `(${inner()} .. ${inner()})`;
      case 6:
        return `(${inner()} ${this.pick(COMPARISONS)} ${inner()})`;
      case 7:
        return `(${inner()} ${this.pick(['and', 'or'])} ${inner()})`;
      case 8:
        return `${this.pick(['not ', '-', '#'])}(${inner()})`;
      case 9:
        return `{${inner()}, ${this.pick(FIELDS)} = ${inner()}}`;
      case 10:
        return `t.${this.pick(FIELDS)}`;
      case 11:
        return `t[${inner()}]`;
      case 12:
        return `select(${this.pick(['1', '2', '"#"', '-1'])}, ${inner()}, ${inner()})`;
      default:
        return `${this.pick(['tostring', 'tonumber', 'type'])}(${inner()})`;
    }
  }

  private block(depth: number, more: string): string {
    const { length } = this.names;
    const body = this.statement(depth - 1);
    this.names.length = length;
    return `${body}\n${more}`;
  }

  private statement(depth: number): string {
    const kind = depth === 0 ? this.draw(4) : this.draw(12);
    switch (kind) {
      case 0: {
        const value = this.expression(2);
        const name = `v${this.nameCount++}`;
        this.names.push(name);
        return `local ${name} = ${value}`;
      }
      case 1:
        return `${this.name()} = ${this.expression(2)}`;
      case 2:
        return `t.${this.pick(FIELDS)} = ${this.expression(2)}`;
      case 3:
        return `log = tostring(log) .. tostring(${this.expression(1)}):sub(1, 9)`;
      case 4:
        return [
          `if ${this.expression(2)} then`,
          this.block(depth, 'else'),
          this.block(depth, 'end'),
        ].join('\n');
      case 5:
        return `for i = ${this.draw(3)}, ${this.draw(6)} do\n${this.block(depth, 'end')}`;
      case 6:
        return [
          'for k, v in pairs(type(t) == "table" and t or {}) do',
          this.block(depth, 'break end'),
        ].join('\n');
      case 7:
        return this.protectedCall(depth);
      case 8:
        return this.functionCall(depth);
      case 9:
        return this.coroutine(depth);
      case 10:
        return `repeat\n${this.block(depth, 'until true')}`;
      default:
        return `error(${this.expression(1)}, ${this.draw(3)})`;
    }
  }

  private protectedCall(depth: number): string {
    const name = `v${this.nameCount++}`;
    const body = this.block(depth, `return ${this.expression(1)} end)`);
    this.names.push(name);
    return `local ok, ${name} = pcall(function()\n${body}`;
  }

  private functionCall(depth: number): string {
    const name = `v${this.nameCount++}`;
    const body = this.block(depth, `return ..., ${this.expression(1)} end`);
    const call = `local ${name} = f${name}(${this.expression(1)}, ${this.expression(1)})`;
    this.names.push(name);
    return `local function f${name}(...)\n${body}\n${call}`;
  }

  private coroutine(depth: number): string {
    const name = `v${this.nameCount++}`;
    const first = this.expression(1);
    const body = this.block(depth, `return coroutine.yield(${this.expression(1)}) end)`);
    this.names.push(name);
    const create = 'coroutine.create(function(a)';
    const start = `local c${name} = ${create} coroutine.yield(${first})\n${body}`;
    const resume = `select(2, coroutine.resume(c${name}, 1))`;
    return `${start}\nlocal ${name} = ${resume}\n${name} = {${resume}, ${resume}, ${resume}}`;
  }
}
