import type { Frame } from '../../base/frame.ts';
import { INT64_MAX } from '../../base/numbers.ts';
import { EVENT } from '../../engine/event-table.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { growString } from '../../engine/values/string/string-growth.ts';
import { openString, stringLength } from '../../engine/values/string/string-value.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { integer64Argument, integerArgument } from '../integer-argument.ts';
import type { Session } from '../session.ts';
import {
  type FieldBytes,
  fitField,
  fitWideField,
  NUMBER_BITS_MAX,
  NUMBER_OPERAND_MAX,
  OVERFLOW,
  readField,
  readWideField,
  writeField,
  writeWideField,
} from './bitfield-arithmetic.ts';
import { BitfieldSteps, STEP } from './bitfield-steps.ts';

export const bitfieldCommand: CommandRow = {
  name: 'bitfield',
  arity: -2,
  flags: ['write', 'denyoom'],
  keys: [
    {
      ...keysAt(1, 0, 1, 'RW ACCESS UPDATE VARIABLE_FLAGS'),
      notes: 'This command allows both access and modification of the key',
    },
  ],
  group: 'bitmap',
  since: '3.2.0',
  complexity: 'O(1) for each subcommand specified',
  summary: 'Reads, stores and adds to integers of any width at any bit of a string',
  syntax:
    'key [<GET encoding offset | [OVERFLOW WRAP | SAT | FAIL] ' +
    '<SET encoding offset value | INCRBY encoding offset increment>> ...]',
  execute: (session, frame, reply) => runSteps(session, frame, reply, false),
};

export const bitfieldRoCommand: CommandRow = {
  name: 'bitfield_ro',
  arity: -2,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'bitmap',
  since: '6.0.0',
  complexity: 'O(1) for each subcommand specified',
  summary: 'Reads integers of any width at any bit of a string',
  syntax: 'key [GET encoding offset [GET encoding offset ...]]',
  execute: (session, frame, reply) => runSteps(session, frame, reply, true),
};

const STEPS = new BitfieldSteps();
const NO_BYTES: FieldBytes = { bytes: new Uint8Array(0), offset: 0, length: 0 };

function runSteps(session: Session, frame: Frame, reply: ReplyWriter, isReadOnly: boolean): void {
  const valueBytesMax = session.node.configuration.network.bulkBytesMax;
  let stepCount = 0;
  let writeCount = 0;
  let lastWrittenBit = 0;
  STEPS.start(2);
  while (STEPS.next(frame, valueBytesMax)) {
    stepCount++;
    if (STEPS.operation === STEP.GET) continue;
    writeCount++;
    lastWrittenBit = Math.max(lastWrittenBit, STEPS.bitOffset + STEPS.bits - 1);
  }
  if (STEPS.error !== null) return reply.error(STEPS.error);
  if (writeCount > 0) {
    if (isReadOnly) return reply.error(ERRORS.bitfieldReadOnly);
    return runWrites(session, frame, reply, stepCount, Math.floor(lastWrittenBit / 8) + 1);
  }
  const database = session.database;
  const entry = database.read(frame, 1);
  if (entry !== 0 && database.typeOf(entry) !== TYPE.STRING) return reply.error(ERRORS.wrongType);
  const value = entry === 0 ? NO_BYTES : openString(database, entry);
  reply.array(stepCount);
  STEPS.start(2);
  while (STEPS.next(frame, valueBytesMax)) replyField(value, reply);
}

/** The string grows before the first step, and stays so even if every step then fails. */
function runWrites(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  stepCount: number,
  byteCount: number,
): void {
  const database = session.database;
  const entry = database.find(frame, 1);
  let oldLength = 0;
  if (entry !== 0) {
    if (database.typeOf(entry) !== TYPE.STRING) return reply.error(ERRORS.wrongType);
    database.touch(entry);
    oldLength = stringLength(database, entry);
  }
  const value = openString(database, growString(database, entry, frame, 1, byteCount));
  const hasGrown = value.length !== oldLength;
  let hasChanged = false;
  reply.array(stepCount);
  STEPS.start(2);
  while (STEPS.next(frame, session.node.configuration.network.bulkBytesMax)) {
    if (STEPS.operation === STEP.GET) replyField(value, reply);
    else if (runWrite(value, frame, reply)) hasChanged = true;
  }
  if (hasChanged) database.recordCommand(frame, EVENT.setbit, 1);
  else if (hasGrown) database.recordCommand(frame, EVENT.none, 1);
}

function replyField(value: FieldBytes, reply: ReplyWriter): void {
  const { bitOffset, bits, isSigned } = STEPS;
  if (bits <= NUMBER_BITS_MAX) reply.integer(readField(value, bitOffset, bits, isSigned));
  else reply.integer64(readWideField(value, bitOffset, bits, isSigned));
}

/** SET answers the old value, INCRBY the new one. @returns whether the field differs now */
function runWrite(value: FieldBytes, frame: Frame, reply: ReplyWriter): boolean {
  const { operation, bitOffset, bits, isSigned, overflow } = STEPS;
  const operand = integerArgument(frame, STEPS.operandArg);
  const isExact = bits <= NUMBER_BITS_MAX && Math.abs(operand) <= NUMBER_OPERAND_MAX;
  // SET of an unsigned field reads its operand modulo 2^64.
  if (!isExact || (operation === STEP.SET && !isSigned && operand < 0)) {
    return runWideWrite(value, frame, reply);
  }
  const old = readField(value, bitOffset, bits, isSigned);
  const result = operation === STEP.SET ? operand : old + operand;
  const fitted = fitField(result, bits, isSigned, overflow);
  if (Number.isNaN(fitted)) {
    reply.null();
    return false;
  }
  writeField(value, bitOffset, bits, fitted);
  reply.integer(operation === STEP.SET ? old : fitted);
  return old !== fitted;
}

function runWideWrite(value: FieldBytes, frame: Frame, reply: ReplyWriter): boolean {
  const { operation, bitOffset, bits, isSigned, overflow } = STEPS;
  const operand = integer64Argument(frame, STEPS.operandArg) ?? 0n;
  const old = readWideField(value, bitOffset, bits, isSigned);
  let result = old + operand;
  if (operation === STEP.SET) {
    result = isSigned ? saturatedAsRedis(operand, bits, overflow) : BigInt.asUintN(64, operand);
  }
  const fitted = fitWideField(result, bits, isSigned, overflow);
  if (fitted === null) {
    reply.null();
    return false;
  }
  writeWideField(value, bitOffset, bits, fitted);
  reply.integer64(operation === STEP.SET ? old : fitted);
  return old !== fitted;
}

/**
 * Redis asks whether 0 exceeds `max - operand`, in int64: for an operand near -2^63 that difference
 * wraps below 0, and the field saturates at its maximum.
 */
function saturatedAsRedis(operand: bigint, bits: number, overflow: number): bigint {
  const isWrapped = bits < 64 && operand < (1n << BigInt(bits - 1)) - 2n ** 63n;
  return isWrapped && overflow === OVERFLOW.SAT ? INT64_MAX : operand;
}
