/** Statements. */
import {
  emitCallStatement,
  emitCondition,
  emitFunctionValue,
  emitList,
  emitMany,
  emitTailCall,
  emitValue,
  fixedOperandOf,
  invoke,
  isMultiple,
  operandOf,
  sequence,
} from './emit-expression.ts';
import { describe, type FunctionEmitter, type Operand, quote } from './function-emitter.ts';
import type { Expression, Statement } from './syntax-tree.ts';

type Kind<K extends Statement['kind']> = Extract<Statement, { kind: K }>;

export function emitStatements(f: FunctionEmitter, block: readonly Statement[]): string {
  let text = '';
  for (const statement of block) {
    text += emitStatement(f, statement);
    f.endStatement();
  }
  return text;
}

function emitStatement(f: FunctionEmitter, s: Statement): string {
  switch (s.kind) {
    case 'local':
      return emitLocal(f, s);
    case 'localFunction':
      return emitLocalFunction(f, s);
    case 'assign':
      return emitAssign(f, s);
    case 'call':
      return emitCallStatement(f, s.call);
    case 'do':
      return `{${emitStatements(f, s.block)}}`;
    case 'while':
      return emitWhile(f, s);
    case 'repeat':
      return emitRepeat(f, s);
    case 'if':
      return emitIf(f, s);
    case 'numericFor':
      return emitNumericFor(f, s);
    case 'genericFor':
      return emitGenericFor(f, s);
    case 'return':
      return emitReturn(f, s);
    case 'break':
      return 'break;';
  }
}

function emitLocal(f: FunctionEmitter, s: Kind<'local'>): string {
  const { locals, values } = s;
  if (locals.length === 1 && values.length === 1) {
    return f.declare(locals[0]!, emitValue(f, values[0]!));
  }
  const [setup, texts] = adjust(f, values, locals.length);
  return setup + locals.map((local, i) => f.declare(local, texts[i]!)).join('');
}

function emitLocalFunction(f: FunctionEmitter, s: Kind<'localFunction'>): string {
  const value = emitFunctionValue(f, s.body);
  if (!f.isCell(s.local)) return f.declare(s.local, value);
  return `${f.declare(s.local, 'undefined')}${f.access(s.local)}=${value};`;
}

/** Statements that evaluate a list, and the texts of exactly `count` values of it. */
function adjust(f: FunctionEmitter, values: readonly Expression[], count: number) {
  let setup = '';
  const texts: string[] = [];
  values.forEach((e, i) => {
    const isLast = i === values.length - 1;
    if (isLast && isMultiple(e) && count > i + 1) {
      const many = f.temporary();
      setup += `${many}=${emitMany(f, e)};`;
      for (let k = 0; k < count - i; k++) texts.push(`${many}[${k}]`);
      return;
    }
    const value = f.temporary();
    setup += `${value}=${emitValue(f, e)};`;
    texts.push(value);
  });
  while (texts.length < count) texts.push('undefined');
  return [setup, texts.slice(0, count)] as const;
}

function emitAssign(f: FunctionEmitter, s: Kind<'assign'>): string {
  const { targets, values } = s;
  if (targets.length === 1 && values.length === 1) {
    const target = targets[0]!;
    if (target.kind === 'local') return `${f.access(target.local)}=${emitValue(f, values[0]!)};`;
    if (target.kind === 'global') return emitStore(f, target, null, null, emitValue(f, values[0]!));
    if (target.kind !== 'index') return '';
    const object = fixedOperandOf(f, target.object);
    const key = fixedOperandOf(f, target.key);
    const value = operandOf(f, values[0]!);
    const setup = sequence(object.setup, key.setup, value.setup);
    return `${setup}${setup === '' ? '' : ';'}${emitStore(f, target, object, key, value.text)}`;
  }
  return emitMultipleAssign(f, s);
}

/** All is evaluated first, from the left; then assigned, from the right. */
function emitMultipleAssign(f: FunctionEmitter, s: Kind<'assign'>): string {
  let text = '';
  const places = s.targets.map((target) => {
    if (target.kind !== 'index') return null;
    const object = f.temporary();
    const key = f.temporary();
    text += `${object}=${emitValue(f, target.object)};${key}=${emitValue(f, target.key)};`;
    return { object: { setup: '', text: object }, key: { setup: '', text: key } };
  });
  const [setup, texts] = adjust(f, s.values, s.targets.length);
  text += setup;
  for (let i = s.targets.length - 1; i >= 0; i--) {
    const target = s.targets[i]!;
    const place = places[i];
    if (target.kind === 'local') text += `${f.access(target.local)}=${texts[i]};`;
    else text += emitStore(f, target, place?.object ?? null, place?.key ?? null, texts[i]!);
  }
  return text;
}

/** Into a global or a field. */
function emitStore(
  f: FunctionEmitter,
  target: Expression,
  object: Operand | null,
  key: Operand | null,
  value: string,
): string {
  if (target.kind === 'global') {
    const site = f.addSite(target.line, null, null);
    return `R.setIndexAt(G,${quote(target.name)},${value},${site});`;
  }
  if (target.kind !== 'index' || object === null || key === null) return '';
  const site = f.addSite(target.line, describe(target.object), null);
  const set = target.key.kind === 'string' ? 'setString' : 'set';
  const isPlain = `${object.text} instanceof LT&&(${object.text}).metatable===null`;
  const quick = `{R.site=${site};(${object.text}).${set}(${key.text},${value});}`;
  return `if(${isPlain})${quick}else R.setIndexAt(${object.text},${key.text},${value},${site});`;
}

function emitWhile(f: FunctionEmitter, s: Kind<'while'>): string {
  const condition = emitCondition(f, s.condition);
  f.endStatement();
  return `while(${condition}){${emitStatements(f, s.block)}${f.step()}}`;
}

function emitRepeat(f: FunctionEmitter, s: Kind<'repeat'>): string {
  const block = emitStatements(f, s.block);
  const last = s.block[s.block.length - 1]?.kind;
  if (last === 'return' || last === 'break') return `for(;;){${block}}`;
  return `for(;;){${block}if(${emitCondition(f, s.condition)})break;${f.step()}}`;
}

function emitIf(f: FunctionEmitter, s: Kind<'if'>): string {
  let text = '';
  s.branches.forEach(({ condition, block }, i) => {
    // A temporary of one condition is not needed in the next, nor in the block.
    const test = f.within(() => emitCondition(f, condition));
    text += `${i === 0 ? '' : 'else '}if(${test}){${f.within(() => emitStatements(f, block))}}`;
  });
  return s.otherwise === null ? text : `${text}else{${emitStatements(f, s.otherwise)}}`;
}

function emitNumericFor(f: FunctionEmitter, s: Kind<'numericFor'>): string {
  const [index, limit, step] = [f.hidden(), f.hidden(), f.hidden()];
  const site = f.addSite(s.line, null, null);
  let text = `{let ${index}=${emitValue(f, s.start)},${limit}=${emitValue(f, s.limit)};`;
  if (s.step !== null) text += `let ${step}=${emitValue(f, s.step)};`;
  const check = (name: string, what: string): string =>
    `if(typeof ${name}!=='number')${name}=R.forNumber(${name},'${what}',${site});`;
  text += check(index, 'initial value') + check(limit, 'limit');
  if (s.step !== null) text += check(step, 'step');
  // As Lua prepares the loop, which shows where the sum is rounded.
  text += s.step === null ? `${index}=${index}-1+1;` : `${index}=${index}-${step}+${step};`;
  f.endStatement();
  let test = `${index}<=${limit}`;
  if (s.step !== null) test = `0<${step}?${index}<=${limit}:${limit}<=${index}`;
  if (s.step?.kind === 'number') test = `${index}${s.step.value > 0 ? '<=' : '>='}${limit}`;
  const next = s.step === null ? `${index}+=1` : `${index}+=${step}`;
  if (!s.local.isAssigned) f.numbers.add(s.local);
  const local = f.declare(s.local, index);
  const block = emitStatements(f, s.block);
  return `${text}for(;${test};${next}){${local}${block}${f.step()}}}`;
}

/**
 * `next` and the iterator of ipairs over a table are walked without a call. Which of the three ways
 * is known at the start of the loop: 1 next, 2 ipairs, 0 any other function.
 */
function emitGenericFor(f: FunctionEmitter, s: Kind<'genericFor'>): string {
  const [iterator, state, control] = [f.hidden(), f.hidden(), f.hidden()];
  const [way, position] = [f.hidden(), f.hidden()];
  const [setup, texts] = adjust(f, s.values, 3);
  let text = `{${setup}let ${iterator}=${texts[0]},${control}=${texts[2]},${position}=0;`;
  text += `const ${state}=${texts[1]};`;
  f.endStatement();
  text += `const ${way}=!(${state} instanceof LT)?0:`;
  text += `${iterator}===NEXT&&${control}===undefined?1:${iterator}===INEXT&&${control}===0?2:0;`;
  const names = s.locals.map(() => f.hidden());
  const [first, second] = [names[0]!, names[1]];
  const key = `${first}=${state}.keyAt(${position});`;
  const value = second === undefined ? '' : `${second}=${state}.valueAt(${position});`;
  const site = f.addSite(s.line, null, null);
  const result = f.temporary();
  let body = `let ${names.join(',')};`;
  body += `if(${way}===1){${position}=${state}.nextPosition(${position});`;
  body += `if(${position}===0)break;${key}${value}}`;
  body += `else if(${way}===2){const v=${state}.getNumber(++${position});`;
  body += `if(v===undefined)break;${first}=${position};`;
  body += `${second === undefined ? '' : `${second}=v;`}}`;
  body += `else{if(!(${iterator} instanceof LF))${iterator}=R.callable(${iterator},${site});`;
  body += `R.site=${site};${result}=${invoke(f, iterator, `${state},${control}`)};`;
  if (f.isStepped) body += `if(${result} instanceof TC)${result}=yield*finish(${result});`;
  body += `${result}=many(${result});`;
  body += `${names.map((name, i) => `${name}=${result}[${i}];`).join('')}`;
  body += `if(${first}===undefined)break;${control}=${first};}`;
  f.endStatement();
  const locals = s.locals.map((local, i) => f.declare(local, names[i]!)).join('');
  return `${text}for(;;){${body}${locals}${emitStatements(f, s.block)}${f.step()}}}`;
}

function emitReturn(f: FunctionEmitter, s: Kind<'return'>): string {
  const { values } = s;
  if (values.length === 0) return f.leave('R.NO_VALUES');
  const only = values.length === 1 ? values[0]! : null;
  if (only === null) return f.leave(`[${emitList(f, values)}]`);
  if (only.kind === 'call') return f.leave(emitTailCall(f, only));
  if (only.kind === 'varargs') return f.leave('V');
  return f.leave(emitValue(f, only));
}
