/** What the text of one form of one function needs to remember: names, temporaries, places. */
import type { Expression, FunctionBody, Local } from './syntax-tree.ts';

/** A frame of the stack: so much, and so much more for each variable. Bytes, measured. */
const FRAME_BYTES = 170;
const STEPPED_FRAME_BYTES = 270;
const VARIABLE_BYTES = 10;
const ARGUMENT_BYTES = 8;

/** `setup` runs first (may be ''), then `text` may be read several times. */
export interface Operand {
  readonly setup: string;
  readonly text: string;
}

export class FunctionEmitter {
  readonly body: FunctionBody;
  readonly isStepped: boolean;
  /** Locals that always hold a number. */
  readonly numbers = new Set<Local>();
  readonly addSite: (line: number, first: string | null, second: string | null) => string;
  private zero: number | null = null;
  private temporaryCount = 0;
  private temporaryCountMax = 0;
  private hiddenCount = 0;
  private localCount = 0;

  constructor(
    body: FunctionBody,
    isStepped: boolean,
    addSite: (line: number, first: string | null, second: string | null) => string,
  ) {
    this.body = body;
    this.isStepped = isStepped;
    this.addSite = addSite;
  }

  /** A number; of 0 and -0 a function has one constant, the first. */
  constant(value: number): string {
    if (value !== 0) return value < 0 ? `(${value})` : `${value}`;
    this.zero ??= value;
    return Object.is(this.zero, -0) ? '(-0)' : '0';
  }

  /** A temporary, in use until the statement ends. */
  temporary(): string {
    this.temporaryCount++;
    this.temporaryCountMax = Math.max(this.temporaryCountMax, this.temporaryCount);
    return `t${this.temporaryCount}`;
  }

  endStatement(): void {
    this.temporaryCount = 0;
  }

  /** Text whose temporaries are free again after it. */
  within(emit: () => string): string {
    const mark = this.temporaryCount;
    const text = emit();
    this.temporaryCount = mark;
    return text;
  }

  /** A variable of a loop that the script does not see. */
  hidden(): string {
    return `h${++this.hiddenCount}`;
  }

  isCell(local: Local): boolean {
    return local.isCaptured && local.isAssigned;
  }

  nameOf(local: Local): string {
    return `L${local.id}`;
  }

  /** The text that reads or is assigned to a local. */
  access(local: Local): string {
    const holder = this.holder(local);
    return this.isCell(local) ? `${holder}.v` : holder;
  }

  /** The value, or the cell: what is handed to an inner function. */
  holder(local: Local): string {
    if (local.owner === this.body) return this.nameOf(local);
    if (local.body === this.body && !local.isAssigned) return 'F';
    return `U[${this.body.upvalues.indexOf(local)}]`;
  }

  /** Declares a local of this function with a value. */
  declare(local: Local, value: string): string {
    this.localCount++;
    const text = this.isCell(local) ? `{v:${value}}` : value;
    return `let ${this.nameOf(local)}=${text};`;
  }

  /** The first statements: constants, the stack, the budget. */
  entry(): string {
    const { body } = this;
    let text = '';
    if (body.upvalues.length > 0) text += 'const F=this,U=F.upvalues;';
    if (body.callsError) text += 'const E=R.site;';
    return body.isBounded ? text : `${text}if((B.stackLeft-=W)<0)R.overflow();${this.step()}`;
  }

  /** One step of the budget is used. */
  step(): string {
    if (!this.isStepped) return 'if(--B.stepsLeft<0)R.onSteps();';
    return 'if(--B.stepsLeft<0&&R.mustSuspend())yield R.suspension;';
  }

  /** Returns. @param value  may have been evaluated with temporaries */
  leave(value: string): string {
    if (this.body.isBounded) return `return ${value};`;
    if (value === 'R.NO_VALUES') return `B.stackLeft+=W;return ${value};`;
    const result = this.temporary();
    return `${result}=${value};B.stackLeft+=W;return ${result};`;
  }

  argTable(local: Local): string {
    return this.declare(local, this.body.usesVarargs ? 'undefined' : 'R.argTable(V)');
  }

  /** To be called last: declares what was used. */
  temporaries(): string {
    const names = Array.from({ length: this.temporaryCountMax }, (_, i) => `t${i + 1}`);
    const variableCount = names.length + this.hiddenCount + this.localCount;
    const frameBytes = this.isStepped ? STEPPED_FRAME_BYTES : FRAME_BYTES;
    const weight = frameBytes + VARIABLE_BYTES * variableCount;
    const declared = names.length === 0 ? '' : `let ${names.join(',')};`;
    if (this.body.isBounded) return declared;
    const more = this.body.isVararg ? `+${ARGUMENT_BYTES}*V.length` : '';
    return `const W=${weight}${more};${declared}`;
  }
}

/** How messages name what an expression gave (getobjname), or null. */
export function describe(e: Expression): string | null {
  switch (e.kind) {
    case 'local':
      return `${e.isUpvalue ? 'upvalue' : 'local'} '${e.local.name}'`;
    case 'global':
      return `global '${e.name}'`;
    case 'index':
      // As C prints it: up to a zero byte.
      return `field '${e.key.kind === 'string' ? e.key.value.split('\0', 1)[0] : '?'}'`;
    case 'parentheses':
      return describe(e.inner);
    case 'binary': {
      // Where the left side is a constant, Lua leaves the choice out.
      const isChosen = e.operator === 'and' ? isTrueConstant(e.left) : isFalseConstant(e.left);
      return isChosen && (e.operator === 'and' || e.operator === 'or') ? describe(e.right) : null;
    }
    default:
      return null;
  }
}

function isTrueConstant(e: Expression): boolean {
  if (e.kind === 'parentheses') return isTrueConstant(e.inner);
  return e.kind === 'true' || e.kind === 'number' || e.kind === 'string';
}

function isFalseConstant(e: Expression): boolean {
  if (e.kind === 'parentheses') return isFalseConstant(e.inner);
  return e.kind === 'false' || e.kind === 'nil';
}

/** A string constant; its characters are below 256, which JSON escapes well enough for code. */
export function quote(text: string): string {
  return JSON.stringify(text);
}
