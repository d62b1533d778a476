/**
 * Arithmetic of numbers that are written in the script is done once, when it is compiled, and by
 * Lua's rules: what divides by zero or gives NaN is left to the program. That it is done shows: a
 * function keeps one constant for 0 and -0, the first that is left after folding.
 */
import { powerOf } from '../power.ts';
import type { Expression } from './syntax-tree.ts';

/** The expression itself, or the number that it always gives. */
export function foldUnary(e: Extract<Expression, { kind: 'unary' }>): Expression {
  const operand = numberOf(e.operand);
  if (e.operator !== '-' || operand === null || Number.isNaN(operand)) return e;
  return { kind: 'number', line: e.line, value: -operand };
}

export function foldBinary(e: Extract<Expression, { kind: 'binary' }>): Expression {
  const left = numberOf(e.left);
  const right = numberOf(e.right);
  if (left === null || right === null) return e;
  const value = compute(e.operator, left, right);
  return Number.isNaN(value) ? e : { kind: 'number', line: e.line, value };
}

function numberOf(e: Expression): number | null {
  let inner = e;
  while (inner.kind === 'parentheses') inner = inner.inner;
  return inner.kind === 'number' ? inner.value : null;
}

/** NaN also where nothing may be computed in advance. */
function compute(operator: string, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0 ? Number.NaN : a / b;
    case '%':
      return b === 0 ? Number.NaN : a - Math.floor(a / b) * b;
    case '^':
      return powerOf(a, b);
    default:
      return Number.NaN;
  }
}
