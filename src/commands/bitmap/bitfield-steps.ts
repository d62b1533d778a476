import type { Frame } from '../../base/frame.ts';
import { ERRORS, type ErrorRow } from '../../protocol/error-table.ts';
import { integer64Argument, integerArgument, parseInteger } from '../integer-argument.ts';
import { bitOffsetArgument } from './bit-offset.ts';
import { OVERFLOW } from './bitfield-arithmetic.ts';

export const STEP = { GET: 0, SET: 1, INCRBY: 2 } as const;

const LOWER_I = 105;
const LOWER_U = 117;
const NUL = 0;

/**
 * Reads the steps of one BITFIELD call, one at a time: once to check them all, once more to run
 * them. Reused; `start` rewrites it whole.
 */
export class BitfieldSteps {
  /** One of STEP, and its type, place and operand's argument. */
  operation = 0;
  isSigned = false;
  bits = 0;
  bitOffset = 0;
  operandArg = 0;
  /** One of OVERFLOW; holds from its word on. */
  overflow = 0;
  /** After `next` answered false: what is wrong, or null at the end. */
  error: ErrorRow | null = null;
  private nextArg = 0;

  start(firstArg: number): void {
    this.operation = STEP.GET;
    this.isSigned = false;
    this.bits = 0;
    this.bitOffset = 0;
    this.operandArg = 0;
    this.overflow = OVERFLOW.WRAP;
    this.error = null;
    this.nextArg = firstArg;
  }

  /** @returns false at the end and at the first error */
  next(frame: Frame, valueBytesMax: number): boolean {
    while (this.nextArg < frame.count && this.takeOverflow(frame)) {
      // Several of them may stand in a row; the last one holds.
    }
    if (this.error !== null || this.nextArg >= frame.count) return false;
    this.error = this.takeStep(frame, valueBytesMax);
    return this.error === null;
  }

  private takeOverflow(frame: Frame): boolean {
    const arg = this.nextArg;
    if (arg + 1 >= frame.count || !frame.equals(arg, 'OVERFLOW')) return false;
    if (frame.equals(arg + 1, 'WRAP')) this.overflow = OVERFLOW.WRAP;
    else if (frame.equals(arg + 1, 'SAT')) this.overflow = OVERFLOW.SAT;
    else if (frame.equals(arg + 1, 'FAIL')) this.overflow = OVERFLOW.FAIL;
    else {
      this.error = ERRORS.bitfieldOverflow;
      return false;
    }
    this.nextArg += 2;
    return true;
  }

  private takeStep(frame: Frame, valueBytesMax: number): ErrorRow | null {
    const arg = this.nextArg;
    const left = frame.count - arg - 1;
    if (frame.equals(arg, 'GET') && left >= 2) this.operation = STEP.GET;
    else if (frame.equals(arg, 'SET') && left >= 3) this.operation = STEP.SET;
    else if (frame.equals(arg, 'INCRBY') && left >= 3) this.operation = STEP.INCRBY;
    else return ERRORS.syntax;
    if (!this.takeType(frame, arg + 1)) return ERRORS.bitfieldType;
    this.bitOffset = bitOffsetArgument(frame, arg + 2, this.bits, valueBytesMax);
    if (Number.isNaN(this.bitOffset)) return ERRORS.bitOffset;
    this.operandArg = arg + 3;
    this.nextArg = arg + 3;
    if (this.operation === STEP.GET) return null;
    this.nextArg++;
    const operand = integerArgument(frame, this.operandArg);
    if (!Number.isNaN(operand) || integer64Argument(frame, this.operandArg) !== null) return null;
    return ERRORS.notInteger;
  }

  /** `i1` to `i64`, `u1` to `u63`. Redis reads up to a zero byte. */
  private takeType(frame: Frame, arg: number): boolean {
    const offset = frame.offsets[arg];
    if (frame.lengths[arg] === 0) return false;
    const sign = frame.bytes[offset];
    if (sign !== LOWER_I && sign !== LOWER_U) return false;
    let length = 0;
    while (length < frame.lengths[arg] - 1 && frame.bytes[offset + 1 + length] !== NUL) length++;
    this.isSigned = sign === LOWER_I;
    this.bits = parseInteger(frame.bytes, offset + 1, length);
    return this.bits >= 1 && this.bits <= (this.isSigned ? 64 : 63);
  }
}
