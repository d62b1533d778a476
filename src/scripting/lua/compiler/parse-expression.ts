/** Expressions: operators by precedence, names with what follows them, tables, functions. */
import { foldBinary, foldUnary } from './fold-constants.ts';
import type { LuaParser } from './parse-lua.ts';
import type { CallExpression, Expression } from './syntax-tree.ts';

/** [left, right] priority; right below left: associates to the right. */
const PRIORITIES: Readonly<Record<string, readonly [number, number]>> = {
  or: [1, 1],
  and: [2, 2],
  '<': [3, 3],
  '>': [3, 3],
  '<=': [3, 3],
  '>=': [3, 3],
  '~=': [3, 3],
  '==': [3, 3],
  '..': [5, 4],
  '+': [6, 6],
  '-': [6, 6],
  '*': [7, 7],
  '/': [7, 7],
  '%': [7, 7],
  '^': [10, 9],
};
const UNARY_PRIORITY = 8;

export function parseExpressionList(parser: LuaParser): Expression[] {
  const values = [parseExpression(parser)];
  while (parser.accept(',')) values.push(parseExpression(parser));
  return values;
}

export function parseExpression(parser: LuaParser): Expression {
  return parseOperators(parser, 0);
}

/** Operators that bind stronger than `limit`. */
function parseOperators(parser: LuaParser, limit: number): Expression {
  const { lexer } = parser;
  parser.enterLevel();
  let left = parseOperand(parser);
  for (;;) {
    const operator = lexer.token;
    const priority = Object.hasOwn(PRIORITIES, operator) ? PRIORITIES[operator] : undefined;
    if (priority === undefined || priority[0] <= limit) break;
    lexer.advance();
    const right = parseOperators(parser, priority[1]);
    left = foldBinary({ kind: 'binary', line: lexer.lastLine, operator, left, right });
  }
  parser.leaveLevel();
  return left;
}

function parseOperand(parser: LuaParser): Expression {
  const { lexer } = parser;
  const { line, token } = lexer;
  switch (token) {
    case 'not':
    case '-':
    case '#': {
      lexer.advance();
      const operand = parseOperators(parser, UNARY_PRIORITY);
      return foldUnary({ kind: 'unary', line: lexer.lastLine, operator: token, operand });
    }
    case '<number>': {
      const value = lexer.number;
      lexer.advance();
      return { kind: 'number', line, value };
    }
    case '<string>': {
      const value = lexer.text;
      lexer.advance();
      return { kind: 'string', line, value };
    }
    case 'nil':
    case 'true':
    case 'false':
      lexer.advance();
      return { kind: token, line };
    case '...': {
      const { body } = parser.scope;
      if (!body.isVararg) {
        throw lexer.syntaxError("cannot use '...' outside a vararg function");
      }
      body.usesVarargs = true;
      lexer.advance();
      return { kind: 'varargs', line };
    }
    case '{':
      return parseTable(parser);
    case 'function':
      lexer.advance();
      return makeFunction(parser, line);
    default:
      return parseSuffixed(parser);
  }
}

function makeFunction(parser: LuaParser, line: number): Expression {
  const body = parser.parseFunctionBody(line, null, '');
  return { kind: 'function', line: parser.lexer.lastLine, body };
}

/** A name or parentheses, with indexes, methods and calls after it. */
export function parseSuffixed(parser: LuaParser): Expression {
  const { lexer } = parser;
  let value = parsePrefix(parser);
  for (;;) {
    switch (lexer.token) {
      case '.': {
        lexer.advance();
        const { line } = lexer;
        const key: Expression = { kind: 'string', line, value: parser.takeName() };
        value = { kind: 'index', line, object: value, key };
        break;
      }
      case '[': {
        lexer.advance();
        const key = parseExpression(parser);
        const { line } = lexer;
        parser.take(']');
        value = { kind: 'index', line, object: value, key };
        break;
      }
      case ':': {
        lexer.advance();
        const method = parser.takeName();
        value = parseCall(parser, value, method);
        break;
      }
      case '(':
      case '<string>':
      case '{':
        value = parseCall(parser, value, null);
        break;
      default:
        return value;
    }
  }
}

function parsePrefix(parser: LuaParser): Expression {
  const { lexer } = parser;
  const { line } = lexer;
  if (lexer.token === '<name>') return parser.resolveName(parser.takeName(), line);
  if (lexer.token !== '(') throw lexer.syntaxError('unexpected symbol');
  lexer.advance();
  const inner = parseExpression(parser);
  parser.takeClosing(')', '(', line);
  return { kind: 'parentheses', line, inner };
}

function parseCall(parser: LuaParser, callee: Expression, method: string | null): CallExpression {
  const { lexer } = parser;
  const { line } = lexer;
  const args = parseArguments(parser, line);
  parser.noteCall(callee, method);
  return { kind: 'call', line, callee, method, args };
}

function parseArguments(parser: LuaParser, line: number): Expression[] {
  const { lexer } = parser;
  switch (lexer.token) {
    case '(': {
      if (line !== lexer.lastLine) {
        throw lexer.syntaxError('ambiguous syntax (function call x new statement)');
      }
      lexer.advance();
      if (parser.accept(')')) return [];
      const args = parseExpressionList(parser);
      parser.takeClosing(')', '(', line);
      return args;
    }
    case '{':
      return [parseTable(parser)];
    case '<string>': {
      const value = lexer.text;
      lexer.advance();
      return [{ kind: 'string', line, value }];
    }
    default:
      throw lexer.syntaxError('function arguments expected');
  }
}

function parseTable(parser: LuaParser): Expression {
  const { lexer } = parser;
  const { line } = lexer;
  const fields: { key: Expression | null; value: Expression }[] = [];
  parser.take('{');
  while (lexer.token !== '}') {
    fields.push(parseField(parser));
    if (!parser.accept(',') && !parser.accept(';')) break;
  }
  parser.takeClosing('}', '{', line);
  return { kind: 'table', line, fields };
}

function parseField(parser: LuaParser): { key: Expression | null; value: Expression } {
  const { lexer } = parser;
  if (lexer.token === '[') {
    lexer.advance();
    const key = parseExpression(parser);
    parser.take(']');
    parser.take('=');
    return { key, value: parseExpression(parser) };
  }
  if (lexer.token === '<name>' && lexer.peek() === '=') {
    const { line } = lexer;
    const key: Expression = { kind: 'string', line, value: parser.takeName() };
    lexer.advance();
    return { key, value: parseExpression(parser) };
  }
  return { key: null, value: parseExpression(parser) };
}
