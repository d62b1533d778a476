/**
 * Lua 5.1 source into a tree, with the errors of lparser.c word for word. Statements are here,
 * expressions in parse-expression.ts.
 */

import type { LuaError } from '../lua-value.ts';
import { isQuickLibraryFunction, noteCall, settleBounded } from './bounded-functions.ts';
import { LuaLexer } from './lua-lexer.ts';
import { LuaScope } from './lua-scope.ts';
import { parseExpression, parseExpressionList, parseSuffixed } from './parse-expression.ts';
import type { CallExpression, Expression, FunctionBody, Local, Statement } from './syntax-tree.ts';

/** LUAI_MAXCCALLS: levels of syntax inside one another. */
const LEVELS_MAX = 200;

/** The main function first; `bodies` are all functions. */
export interface ParsedChunk {
  readonly main: FunctionBody;
  readonly bodies: readonly FunctionBody[];
}

/** @throws LuaError as redis-server words it */
export function parseLua(source: string, chunkName: string, callDepth: number): ParsedChunk {
  return new LuaParser(source, chunkName, callDepth).parseChunk();
}

export class LuaParser {
  readonly lexer: LuaLexer;
  readonly scope: LuaScope;
  private readonly bodies: FunctionBody[] = [];
  private level: number;

  constructor(source: string, chunkName: string, callDepth: number) {
    this.level = callDepth;
    this.lexer = new LuaLexer(source, chunkName);
    this.scope = new LuaScope(this.lexer);
  }

  parseChunk(): ParsedChunk {
    const main = this.scope.openFunction(0);
    main.isVararg = true;
    main.block = this.parseBlock();
    this.require('<eof>');
    this.scope.closeFunction();
    this.bodies.push(main);
    settleBounded(this.bodies);
    return { main, bodies: this.bodies };
  }

  enterLevel(): void {
    if (++this.level > LEVELS_MAX) {
      throw this.lexer.errorNear('chunk has too many syntax levels', null);
    }
  }

  leaveLevel(): void {
    this.level--;
  }

  /** Takes the token if it is the current one. */
  accept(token: string): boolean {
    if (this.lexer.token !== token) return false;
    this.lexer.advance();
    return true;
  }

  require(token: string): void {
    if (this.lexer.token !== token) throw this.expected(token);
  }

  take(token: string): void {
    this.require(token);
    this.lexer.advance();
  }

  takeName(): string {
    this.require('<name>');
    const { text } = this.lexer;
    this.lexer.advance();
    return text;
  }

  /** The token that closes what `open` opened. */
  takeClosing(close: string, open: string, openLine: number): void {
    if (this.accept(close)) return;
    if (openLine === this.lexer.line) throw this.expected(close);
    throw this.lexer.syntaxError(`'${close}' expected (to close '${open}' at line ${openLine})`);
  }

  /** Parameters, statements and `end`. @param line  where the function starts */
  parseFunctionBody(line: number, selfName: string | null, name: string): FunctionBody {
    const body = this.scope.openFunction(line);
    body.name = name;
    this.take('(');
    if (selfName !== null) this.addParameter(selfName);
    if (this.lexer.token !== ')') this.parseParameters(body);
    this.take(')');
    body.block = this.parseBlock();
    this.takeClosing('end', 'function', line);
    this.scope.closeFunction();
    this.bodies.push(body);
    return body;
  }

  noteCall(callee: Expression, method: string | null): void {
    noteCall(this.scope.body, callee, method);
  }

  private expected(token: string): LuaError {
    return this.lexer.syntaxError(`'${token}' expected`);
  }

  private parseParameters(body: FunctionBody): void {
    do {
      if (this.lexer.token === '<name>') this.addParameter(this.takeName());
      else if (this.accept('...')) {
        body.isVararg = true;
        body.argTable = this.scope.makeLocal('arg');
        this.scope.declare(body.argTable);
      } else throw this.lexer.syntaxError("<name> or '...' expected");
    } while (!body.isVararg && this.accept(','));
  }

  private addParameter(name: string): void {
    const local = this.scope.makeLocal(name);
    this.scope.declare(local);
    this.scope.body.parameters.push(local);
  }

  /** Statements up to a token that ends a block; names declared in it are forgotten. */
  private parseBlock(): Statement[] {
    const mark = this.scope.openBlock();
    const statements = this.parseStatements();
    this.scope.closeBlock(mark);
    return statements;
  }

  private parseStatements(): Statement[] {
    const statements: Statement[] = [];
    this.enterLevel();
    let isLast = false;
    while (!isLast && !this.isBlockEnd()) {
      isLast = this.lexer.token === 'return' || this.lexer.token === 'break';
      statements.push(this.parseStatement());
      this.accept(';');
    }
    this.leaveLevel();
    return statements;
  }

  private isBlockEnd(): boolean {
    switch (this.lexer.token) {
      case 'else':
      case 'elseif':
      case 'end':
      case '<eof>':
      case 'until':
        return true;
      default:
        return false;
    }
  }

  private parseStatement(): Statement {
    const { line } = this.lexer;
    switch (this.lexer.token) {
      case 'if':
        return this.parseIf(line);
      case 'while':
        return this.parseWhile(line);
      case 'do': {
        this.lexer.advance();
        const block = this.parseBlock();
        this.takeClosing('end', 'do', line);
        return { kind: 'do', block };
      }
      case 'for':
        return this.parseFor(line);
      case 'repeat':
        return this.parseRepeat(line);
      case 'function':
        return this.parseFunctionStatement(line);
      case 'local':
        this.lexer.advance();
        return this.accept('function') ? this.parseLocalFunction() : this.parseLocal();
      case 'return':
        return this.parseReturn();
      case 'break':
        this.lexer.advance();
        if (this.scope.current.loopDepth === 0) throw this.lexer.syntaxError('no loop to break');
        return { kind: 'break' };
      default:
        return this.parseExpressionStatement();
    }
  }

  private parseIf(line: number): Statement {
    const branches = [];
    let otherwise: Statement[] | null = null;
    do {
      this.lexer.advance();
      const condition = parseExpression(this);
      this.take('then');
      branches.push({ condition, block: this.parseBlock() });
    } while (this.lexer.token === 'elseif');
    if (this.accept('else')) otherwise = this.parseBlock();
    this.takeClosing('end', 'if', line);
    return { kind: 'if', branches, otherwise };
  }

  private parseWhile(line: number): Statement {
    this.lexer.advance();
    const condition = parseExpression(this);
    this.take('do');
    const block = this.parseLoopBlock();
    this.takeClosing('end', 'while', line);
    return { kind: 'while', condition, block };
  }

  /** The condition sees the locals of the block. */
  private parseRepeat(line: number): Statement {
    this.lexer.advance();
    const mark = this.scope.openBlock();
    this.scope.current.loopDepth++;
    this.scope.body.isBounded = false;
    const block = this.parseStatements();
    this.scope.current.loopDepth--;
    this.takeClosing('until', 'repeat', line);
    const condition = parseExpression(this);
    this.scope.closeBlock(mark);
    return { kind: 'repeat', condition, block };
  }

  private parseFor(line: number): Statement {
    this.lexer.advance();
    const name = this.takeName();
    if (this.lexer.token === '=') return this.parseNumericFor(line, name);
    if (this.lexer.token === ',' || this.lexer.token === 'in') {
      return this.parseGenericFor(line, name);
    }
    throw this.lexer.syntaxError("'=' or 'in' expected");
  }

  private parseNumericFor(line: number, name: string): Statement {
    this.lexer.advance();
    const start = parseExpression(this);
    this.take(',');
    const limit = parseExpression(this);
    const step = this.accept(',') ? parseExpression(this) : null;
    const mark = this.scope.openBlock();
    const local = this.scope.makeLocal(name, 3);
    this.scope.declare(local);
    const block = this.parseForBlock(line);
    this.scope.closeBlock(mark);
    return { kind: 'numericFor', line, local, start, limit, step, block };
  }

  private parseGenericFor(line: number, firstName: string): Statement {
    const names = [firstName];
    while (this.accept(',')) names.push(this.takeName());
    this.take('in');
    const valuesLine = this.lexer.line;
    const values = parseExpressionList(this);
    const mark = this.scope.openBlock();
    const locals = names.map((name, i) => this.scope.makeLocal(name, 3 + i));
    for (const local of locals) this.scope.declare(local);
    const block = this.parseForBlock(line);
    this.scope.closeBlock(mark);
    return { kind: 'genericFor', line: valuesLine, locals, values, block };
  }

  private parseForBlock(line: number): Statement[] {
    this.take('do');
    const block = this.parseLoopBlock();
    this.takeClosing('end', 'for', line);
    return block;
  }

  private parseLoopBlock(): Statement[] {
    this.scope.body.isBounded = false;
    this.scope.current.loopDepth++;
    const block = this.parseBlock();
    this.scope.current.loopDepth--;
    return block;
  }

  /** `function a.b.c:d() end` */
  private parseFunctionStatement(line: number): Statement {
    this.lexer.advance();
    let name = this.takeName();
    let target = this.resolveName(name, line);
    let selfName: string | null = null;
    while (this.lexer.token === '.' || this.lexer.token === ':') {
      const isMethod = this.lexer.token === ':';
      this.lexer.advance();
      const keyLine = this.lexer.line;
      name = this.takeName();
      const key: Expression = { kind: 'string', line: keyLine, value: name };
      target = { kind: 'index', line: keyLine, object: target, key };
      if (!isMethod) continue;
      selfName = 'self';
      break;
    }
    const body = this.parseFunctionBody(line, selfName, name);
    noteAssignment(target);
    const value: Expression = { kind: 'function', line: this.lexer.lastLine, body };
    return { kind: 'assign', line, targets: [target], values: [value] };
  }

  private parseLocalFunction(): Statement {
    const name = this.takeName();
    const local = this.scope.makeLocal(name);
    this.scope.declare(local);
    const body = this.parseFunctionBody(this.lexer.line, null, name);
    local.body = body;
    return { kind: 'localFunction', local, body };
  }

  private parseLocal(): Statement {
    const locals: Local[] = [];
    do locals.push(this.scope.makeLocal(this.takeName(), locals.length));
    while (this.accept(','));
    const values = this.accept('=') ? parseExpressionList(this) : [];
    for (const local of locals) this.scope.declare(local);
    for (let i = 0; i < locals.length && i < values.length; i++) {
      const value = values[i]!;
      if (value.kind === 'function') locals[i]!.body = value.body;
      locals[i]!.isLibrary = isQuickLibraryFunction(value);
    }
    return { kind: 'local', locals, values };
  }

  private parseReturn(): Statement {
    this.lexer.advance();
    const isEmpty = this.isBlockEnd() || this.lexer.token === ';';
    const values = isEmpty ? [] : parseExpressionList(this);
    return { kind: 'return', line: this.lexer.lastLine, values };
  }

  private parseExpressionStatement(): Statement {
    const first = parseSuffixed(this);
    if (first.kind === 'call') return { kind: 'call', call: first as CallExpression };
    const targets: Expression[] = [first];
    requireTarget(this, first);
    while (this.accept(',')) {
      const target = parseSuffixed(this);
      requireTarget(this, target);
      targets.push(target);
      if (targets.length + this.level > LEVELS_MAX) {
        throw this.lexer.errorNear('variables in assignment limit exceeded', null);
      }
    }
    this.take('=');
    const values = parseExpressionList(this);
    for (const target of targets) noteAssignment(target);
    return { kind: 'assign', line: this.lexer.lastLine, targets, values };
  }

  resolveName(name: string, line: number): Expression {
    const local = this.scope.find(name);
    if (local === null) return { kind: 'global', line, name };
    return { kind: 'local', line, local, isUpvalue: local.owner !== this.scope.body };
  }
}

function requireTarget(parser: LuaParser, target: Expression): void {
  if (target.kind === 'local' || target.kind === 'global' || target.kind === 'index') return;
  throw parser.lexer.syntaxError('syntax error');
}

function noteAssignment(target: Expression): void {
  if (target.kind === 'local') target.local.isAssigned = true;
}
