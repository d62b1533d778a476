/** Expressions. Each evaluates its parts once, in the order of the script. */
import { isBoundedCall } from './bounded-functions.ts';
import { describe, type FunctionEmitter, type Operand, quote } from './function-emitter.ts';
import type { CallExpression, Expression } from './syntax-tree.ts';

const ARITHMETIC: Readonly<Record<string, string>> = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
  '%': 'modulo',
  '^': 'power',
};

type Binary = Extract<Expression, { kind: 'binary' }>;
type Unary = Extract<Expression, { kind: 'unary' }>;
type Index = Extract<Expression, { kind: 'index' }>;
type Table = Extract<Expression, { kind: 'table' }>;

/** One value. */
export function emitValue(f: FunctionEmitter, e: Expression): string {
  switch (e.kind) {
    case 'nil':
      return 'undefined';
    case 'true':
    case 'false':
      return e.kind;
    case 'varargs':
      return 'V[0]';
    case 'number':
      return f.constant(e.value);
    case 'string':
      return quote(e.value);
    case 'local':
      return f.access(e.local);
    case 'global':
      return emitGlobal(f, e.name, e.line);
    case 'index':
      return emitIndex(f, e);
    case 'call':
      return emitOne(f, e);
    case 'function':
      return emitClosure(f, e);
    case 'binary':
      return emitBinary(f, e);
    case 'unary':
      return emitUnary(f, e);
    case 'parentheses':
      return emitValue(f, e.inner);
    case 'table':
      return emitTable(f, e);
  }
}

/** A JavaScript boolean: whether the value is neither nil nor false. */
export function emitCondition(f: FunctionEmitter, e: Expression): string {
  switch (e.kind) {
    case 'nil':
    case 'false':
      return 'false';
    case 'true':
    case 'number':
    case 'string':
    case 'function':
      return 'true';
    case 'parentheses':
      return emitCondition(f, e.inner);
    case 'unary':
      if (e.operator === 'not') return `!(${emitCondition(f, e.operand)})`;
      break;
    case 'binary':
      if (e.operator === 'and' || e.operator === 'or') {
        const operator = e.operator === 'and' ? '&&' : '||';
        return `((${emitCondition(f, e.left)})${operator}(${emitCondition(f, e.right)}))`;
      }
      if (isComparison(e.operator)) return emitBinary(f, e);
      break;
    default:
  }
  const value = operandOf(f, e);
  return `(${sequence(value.setup, `${value.text}!==undefined&&${value.text}!==false`)})`;
}

/** All values of a list as the elements of an array or of a call: "a,b,...many(t)". */
export function emitList(f: FunctionEmitter, list: readonly Expression[]): string {
  return list.map((e, i) => f.within(() => emitElement(f, e, i === list.length - 1))).join(',');
}

/** An array of all values of the last expression of a list. */
export function emitMany(f: FunctionEmitter, e: Expression): string {
  if (e.kind === 'varargs') return 'V';
  if (e.kind === 'call') return manyOf(f, e);
  return `[${emitValue(f, e)}]`;
}

export function isMultiple(e: Expression | undefined): boolean {
  return e !== undefined && (e.kind === 'call' || e.kind === 'varargs');
}

/** The value where it may be read several times: in a variable, or a constant. */
export function operandOf(f: FunctionEmitter, e: Expression): Operand {
  switch (e.kind) {
    case 'local': {
      const isOwn = e.local.owner === f.body;
      if (isOwn || !f.isCell(e.local)) return { setup: '', text: f.access(e.local) };
      break;
    }
    case 'nil':
    case 'true':
    case 'false':
    case 'number':
    case 'string':
      return { setup: '', text: emitValue(f, e) };
    case 'parentheses':
      return operandOf(f, e.inner);
    default:
  }
  return stored(f, emitValue(f, e));
}

/** As `operandOf`, for values that must not change until they are used. */
export function fixedOperandOf(f: FunctionEmitter, e: Expression): Operand {
  if (e.kind === 'local' && f.isCell(e.local)) return stored(f, f.access(e.local));
  return operandOf(f, e);
}

export function sequence(...parts: string[]): string {
  return parts.filter((part) => part !== '').join(',');
}

/** Result as it came: a value, an array, or a TailCall. */
export function emitCall(f: FunctionEmitter, call: CallExpression): string {
  const { setup, callee, args } = prepareCall(f, call);
  const isPlain = isBoundedCall(call);
  return `(${sequence(setup, isPlain ? `${callee}.plain(${args})` : invoke(f, callee, args))})`;
}

/** `return f(x)`: functions that may go deep are called by whoever called this one. */
export function emitTailCall(f: FunctionEmitter, call: CallExpression): string {
  const { setup, callee, args, site } = prepareCall(f, call);
  const direct = `(${callee}.isNative||(R.site=R.noSite),${callee}.plain(${args}))`;
  const later = `new TC(${callee},[${args}],${site},R)`;
  return `(${sequence(setup, `${callee}.stepped===null?${direct}:${later}`)})`;
}

/** A statement that drops the results. */
export function emitCallStatement(f: FunctionEmitter, call: CallExpression): string {
  const result = f.temporary();
  const rest = needsSteps(f, call) ? `yield*finish(${result})` : `one(${result})`;
  return `${result}=${emitCall(f, call)};if(${result} instanceof TC)${rest};`;
}

export function emitIndexOf(f: FunctionEmitter, object: Operand, key: Operand, e: Index): string {
  const result = f.temporary();
  const site = f.addSite(e.line, describe(e.object), null);
  const getter = e.key.kind === 'string' ? 'getString' : isNumber(f, e.key) ? 'getNumber' : 'get';
  const raw = `(${result}=(${object.text}).${getter}(${key.text}))!==undefined`;
  const slow = `R.indexAt(${object.text},${key.text},${site})`;
  return `(${sequence(
    object.setup,
    key.setup,
    `${object.text} instanceof LT&&${raw}?${result}:${slow}`,
  )})`;
}

function emitElement(f: FunctionEmitter, e: Expression, isLast: boolean): string {
  if (!isLast || !isMultiple(e)) return emitValue(f, e);
  return `...${emitMany(f, e)}`;
}

function stored(f: FunctionEmitter, text: string): Operand {
  const name = f.temporary();
  return { setup: `${name}=${text}`, text: name };
}

function emitGlobal(f: FunctionEmitter, name: string, line: number): string {
  const result = f.temporary();
  const site = f.addSite(line, null, null);
  const slow = `R.indexAt(G,${quote(name)},${site})`;
  return `((${result}=G.getString(${quote(name)}))!==undefined?${result}:${slow})`;
}

function emitIndex(f: FunctionEmitter, e: Index): string {
  return emitIndexOf(f, operandOf(f, e.object), operandOf(f, e.key), e);
}

/** Whether what a call gave may have to be ended in steps. */
function needsSteps(f: FunctionEmitter, call: CallExpression): boolean {
  return f.isStepped && !isBoundedCall(call);
}

function emitOne(f: FunctionEmitter, call: CallExpression): string {
  const raw = emitCall(f, call);
  const result = f.temporary();
  const finished = needsSteps(f, call)
    ? `${result} instanceof TC?one(yield*finish(${result})):one(${result})`
    : `one(${result})`;
  const isSingle = `typeof(${result}=${raw})!=='object'||${result} instanceof LT`;
  return `(${isSingle}?${result}:${finished})`;
}

function manyOf(f: FunctionEmitter, call: CallExpression): string {
  const raw = emitCall(f, call);
  if (!needsSteps(f, call)) return `many(${raw})`;
  const result = f.temporary();
  const finished = `${result} instanceof TC?yield*finish(${result}):${result}`;
  return `(${result}=${raw},many(${finished}))`;
}

interface PreparedCall {
  readonly setup: string;
  readonly callee: string;
  readonly args: string;
  readonly site: string;
}

/** Evaluates callee and arguments, checks the callee, notes the place. */
function prepareCall(f: FunctionEmitter, call: CallExpression): PreparedCall {
  const callee = f.temporary();
  const setup: string[] = [];
  const args: string[] = [];
  let name = describe(call.callee);
  if (call.method === null) setup.push(`${callee}=${emitValue(f, call.callee)}`);
  else {
    name = `method '${call.method}'`;
    const self = fixedOperandOf(f, call.callee);
    const key: Expression = { kind: 'string', line: call.line, value: call.method };
    const index: Index = { kind: 'index', line: call.line, object: call.callee, key };
    const method = emitIndexOf(f, self, { setup: '', text: quote(call.method) }, index);
    setup.push(`${callee}=${method}`);
    args.push(self.text);
  }
  call.args.forEach((e, i) => {
    if (i === call.args.length - 1 && isMultiple(e)) {
      const many = e.kind === 'varargs' ? { setup: '', text: 'V' } : stored(f, emitMany(f, e));
      setup.push(many.setup);
      args.push(`...${many.text}`);
      return;
    }
    const operand = fixedOperandOf(f, e);
    setup.push(operand.setup);
    args.push(operand.text);
  });
  const site = f.addSite(call.line, name, null);
  setup.push(`${callee} instanceof LF||(${callee}=R.callable(${callee},${site}))`);
  setup.push(`R.site=${site}`);
  if (f.body.callsError && call.callee.kind === 'global' && call.callee.name === 'error') {
    setup.push('R.callerSite=E');
  }
  return { setup: sequence(...setup), callee, args: args.join(','), site };
}

export function invoke(f: FunctionEmitter, callee: string, args: string): string {
  const plain = `${callee}.plain(${args})`;
  if (!f.isStepped) return plain;
  return `${callee}.stepped===null?${plain}:yield*${callee}.stepped(${args})`;
}

function emitClosure(f: FunctionEmitter, e: Extract<Expression, { kind: 'function' }>): string {
  return emitFunctionValue(f, e.body);
}

export function emitFunctionValue(
  f: FunctionEmitter,
  body: Extract<Expression, { kind: 'function' }>['body'],
): string {
  const upvalues = body.upvalues.map((local) => {
    // It finds itself through `this`, and is not yet there.
    if (local.body === body && !local.isAssigned) return 'undefined';
    return f.holder(local);
  });
  return `R.closure(${quote(body.name)},P${body.id},Q${body.id},[${upvalues.join(',')}])`;
}

function isComparison(operator: string): boolean {
  return '== ~= < <= > >='.split(' ').includes(operator);
}

function emitBinary(f: FunctionEmitter, e: Binary): string {
  const { operator } = e;
  if (operator === 'and' || operator === 'or') return emitLogical(f, e);
  if (operator === '==' || operator === '~=') return emitEquality(f, e);
  if (isComparison(operator)) return emitOrder(f, e);
  if (operator === '..') return emitConcat(f, e);
  return emitArithmetic(f, e);
}

function emitLogical(f: FunctionEmitter, e: Binary): string {
  const left = operandOf(f, e.left);
  const isTrue = `${left.text}!==undefined&&${left.text}!==false`;
  const right = emitValue(f, e.right);
  const choice =
    e.operator === 'and' ? `${isTrue}?${right}:${left.text}` : `${isTrue}?${left.text}:${right}`;
  return `(${sequence(left.setup, choice)})`;
}

function isConstant(e: Expression): boolean {
  return ['nil', 'true', 'false', 'number', 'string'].includes(e.kind);
}

function emitEquality(f: FunctionEmitter, e: Binary): string {
  const left = operandOf(f, e.left);
  const right = operandOf(f, e.right);
  const negation = e.operator === '==' ? '' : '!';
  const operator = e.operator === '==' ? '===' : '!==';
  if (isConstant(e.left) || isConstant(e.right)) {
    return `(${sequence(left.setup, right.setup, `${left.text}${operator}${right.text}`)})`;
  }
  const site = f.addSite(e.line, null, null);
  const slow = `${left.text} instanceof LT&&R.equal(${left.text},${right.text},${site})`;
  const test = `${negation}(${left.text}===${right.text}||${slow})`;
  return `(${sequence(left.setup, right.setup, test)})`;
}

/** `a > b` is `b < a`, evaluated in the order it is written. */
function emitOrder(f: FunctionEmitter, e: Binary): string {
  const left = operandOf(f, e.left);
  const right = operandOf(f, e.right);
  const site = f.addSite(e.line, null, null);
  const isStrict = e.operator === '<' || e.operator === '>';
  const [a, b] = e.operator.startsWith('<') ? [left, right] : [right, left];
  const slow = `R.${isStrict ? 'isLess' : 'isLessOrEqual'}(${a.text},${b.text},${site})`;
  const quick = `${left.text}${e.operator}${right.text}`;
  const check = numbersCheck(f, [e.left, left], [e.right, right]);
  const test = check === '' ? quick : `${check}?${quick}:${slow}`;
  return `(${sequence(left.setup, right.setup, test)})`;
}

/** Whether an expression is known to be a number. */
function isNumber(f: FunctionEmitter, e: Expression): boolean {
  return e.kind === 'number' || (e.kind === 'local' && f.numbers.has(e.local));
}

function numbersCheck(f: FunctionEmitter, ...pairs: [Expression, Operand][]): string {
  return pairs
    .filter(([e]) => !isNumber(f, e))
    .map(([, operand]) => `typeof ${operand.text}==='number'`)
    .join('&&');
}

function emitArithmetic(f: FunctionEmitter, e: Binary): string {
  // A number on the left becomes a constant of the function after all those on the right.
  const early = e.left.kind === 'number' ? operandOf(f, e.right) : null;
  const left = operandOf(f, e.left);
  const right = early ?? operandOf(f, e.right);
  const site = f.addSite(e.line, describe(e.left), describe(e.right));
  const [a, b] = [left.text, right.text];
  const name = ARITHMETIC[e.operator]!;
  let quick = `${a}${e.operator} ${b}`;
  if (e.operator === '%') quick = `${a}-Math.floor(${a}/${b})*${b}`;
  if (e.operator === '^') quick = `R.powerOf(${a},${b})`;
  const check = numbersCheck(f, [e.left, left], [e.right, right]);
  const result = check === '' ? quick : `${check}?${quick}:R.${name}(${a},${b},${site})`;
  return `(${sequence(left.setup, right.setup, result)})`;
}

/** a .. b .. c: all are evaluated, then joined from the right. */
function emitConcat(f: FunctionEmitter, e: Binary): string {
  const parts: Expression[] = [e.left];
  let rest = e.right;
  while (rest.kind === 'binary' && rest.operator === '..') {
    parts.push(rest.left);
    rest = rest.right;
  }
  parts.push(rest);
  const operands = parts.map((part) => fixedOperandOf(f, part));
  let text = operands[operands.length - 1]!.text;
  for (let i = parts.length - 2; i >= 0; i--) {
    const site = f.addSite(e.line, describe(parts[i]!), describe(parts[i + 1]!));
    text = `R.concat(${operands[i]!.text},${text},${site})`;
  }
  return `(${sequence(...operands.map((operand) => operand.setup), text)})`;
}

function emitUnary(f: FunctionEmitter, e: Unary): string {
  if (e.operator === 'not') return emitCondition(f, e);
  const operand = operandOf(f, e.operand);
  const site = f.addSite(e.line, describe(e.operand), describe(e.operand));
  const { text } = operand;
  let result = `typeof ${text}==='number'?-${text}:R.negate(${text},${site})`;
  if (e.operator === '#') {
    const isQuick = `${text} instanceof LT&&!(${text}).hasHoles`;
    result = `${isQuick}?(${text}).items.length-1:R.lengthOf(${text},${site})`;
  }
  return `(${sequence(operand.setup, result)})`;
}

function emitTable(f: FunctionEmitter, e: Table): string {
  const items = e.fields.filter((field) => field.key === null);
  if (items.length === e.fields.length) {
    const list = emitList(
      f,
      items.map((field) => field.value),
    );
    return items.length === 0 ? 'R.newTable()' : `R.adoptList([undefined,${list}])`;
  }
  const table = f.temporary();
  const fieldCount = nodeCountOf(e.fields.length - items.length);
  const setup = [`${table}=R.newSizedTable(${fieldCount})`];
  const stored: string[] = [];
  e.fields.forEach(({ key, value }, i) => {
    if (key === null) {
      const isLast = i === e.fields.length - 1;
      if (isLast && isMultiple(value)) {
        setup.push(`R.setItems(${table},[${stored.join(',')}],${emitMany(f, value)})`);
        stored.length = 0;
        return;
      }
      const operand = fixedOperandOf(f, value);
      setup.push(operand.setup);
      stored.push(operand.text);
      return;
    }
    const keyOperand = fixedOperandOf(f, key);
    const valueOperand = fixedOperandOf(f, value);
    const site = f.addSite(e.line, null, null);
    const set = key.kind === 'string' ? 'setString' : 'set';
    setup.push(keyOperand.setup, valueOperand.setup, key.kind === 'string' ? '' : `R.site=${site}`);
    setup.push(`${table}.${set}(${keyOperand.text},${valueOperand.text})`);
  });
  if (stored.length > 0) setup.push(`R.setItems(${table},[${stored.join(',')}],R.NO_VALUES)`);
  return `(${sequence(...setup, table)})`;
}

/** The number of fields as the instruction holds it: 3 bits and an exponent, rounded up. */
function nodeCountOf(fieldCount: number): number {
  let [mantissa, exponent] = [fieldCount, 0];
  while (mantissa >= 16) {
    mantissa = (mantissa + 1) >> 1;
    exponent++;
  }
  return mantissa * 2 ** exponent;
}
