/** Which declaration a name means, and what each function takes from outside (lparser.c). */
import type { LuaLexer } from './lua-lexer.ts';
import type { FunctionBody, Local } from './syntax-tree.ts';

const LOCALS_MAX = 200;
const UPVALUES_MAX = 60;

interface OpenFunction {
  readonly body: FunctionBody;
  /** Locals in sight, innermost last. */
  readonly locals: Local[];
  loopDepth: number;
}

export class LuaScope {
  private readonly lexer: LuaLexer;
  private readonly open: OpenFunction[] = [];
  private localCount = 0;
  private functionCount = 0;

  constructor(lexer: LuaLexer) {
    this.lexer = lexer;
  }

  openFunction(line: number): FunctionBody {
    const body: FunctionBody = {
      id: this.functionCount++,
      parent: this.open.length === 0 ? null : this.current.body,
      line,
      name: '',
      parameters: [],
      isVararg: false,
      argTable: null,
      usesVarargs: false,
      upvalues: [],
      block: [],
      isBounded: true,
      callees: [],
      callsError: false,
    };
    this.open.push({ body, locals: [], loopDepth: 0 });
    return body;
  }

  closeFunction(): void {
    this.open.pop();
  }

  get current(): OpenFunction {
    return this.open[this.open.length - 1]!;
  }

  get body(): FunctionBody {
    return this.current.body;
  }

  /** To be handed to `closeBlock`. */
  openBlock(): number {
    return this.current.locals.length;
  }

  closeBlock(localCount: number): void {
    this.current.locals.length = localCount;
  }

  /** A variable that is not yet in sight. */
  makeLocal(name: string, pendingCount = 0): Local {
    const { body, locals } = this.current;
    if (locals.length + pendingCount >= LOCALS_MAX) {
      throw this.limitError(body, LOCALS_MAX, 'local variables');
    }
    const id = this.localCount++;
    return {
      name,
      id,
      owner: body,
      isAssigned: false,
      isCaptured: false,
      body: null,
      isLibrary: false,
    };
  }

  declare(local: Local): void {
    this.current.locals.push(local);
  }

  /** null: the name means a global. */
  find(name: string): Local | null {
    for (let depth = this.open.length - 1; depth >= 0; depth--) {
      const { locals } = this.open[depth]!;
      for (let i = locals.length - 1; i >= 0; i--) {
        const local = locals[i]!;
        if (local.name !== name) continue;
        if (depth < this.open.length - 1) this.capture(local, depth);
        return local;
      }
    }
    return null;
  }

  /** Every function between the use and the owner hands the variable on. */
  private capture(local: Local, ownerDepth: number): void {
    local.isCaptured = true;
    for (let depth = ownerDepth + 1; depth < this.open.length; depth++) {
      const { body } = this.open[depth]!;
      if (body.upvalues.includes(local)) continue;
      if (body.upvalues.length >= UPVALUES_MAX) {
        throw this.limitError(body, UPVALUES_MAX, 'upvalues');
      }
      body.upvalues.push(local);
    }
  }

  private limitError(body: FunctionBody, limit: number, what: string) {
    const where = body.id === 0 ? 'main function' : `function at line ${body.line}`;
    return this.lexer.errorNear(`${where} has more than ${limit} ${what}`, null);
  }
}
