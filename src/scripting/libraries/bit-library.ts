/** The library `bit` (Lua BitOp 1.0): 32-bit integers, results signed. */
import { requireNumber, typeError } from '../lua/arguments.ts';
import type { LuaTable } from '../lua/lua-table.ts';
import type { LuaHost, LuaNative, LuaValue } from '../lua/lua-value.ts';

export function createBitLibrary(runtime: LuaHost): LuaTable {
  const table = runtime.newTable();
  for (const [name, native] of Object.entries(NATIVES)) {
    table.setString(name, runtime.native(name, native));
  }
  return table;
}

/**
 * Rounded to the nearest, halves to even, then the low 32 bits. As BitOp does it: 1.5 * 2^52 is
 * added, and the bits are those of the sum's mantissa, whatever the number was.
 */
function bitsOf(args: readonly LuaValue[], index: number): number {
  const value = requireNumber(args, index);
  if ((value | 0) === value) return value | 0;
  SUM[0] = value + 6_755_399_441_055_744;
  return SUM_WORDS[0];
}

const SUM = new Float64Array(1);
const SUM_WORDS = new Int32Array(SUM.buffer);

function folding(operation: (a: number, b: number) => number): LuaNative {
  return (_runtime, args) => {
    let bits = bitsOf(args, 0);
    for (let i = args.length - 1; i > 0; i--) bits = operation(bits, bitsOf(args, i));
    return bits;
  };
}

function shifting(operation: (bits: number, count: number) => number): LuaNative {
  return (_runtime, args) => {
    const bits = bitsOf(args, 0);
    return operation(bits, bitsOf(args, 1) & 31) | 0;
  };
}

const toHexadecimal: LuaNative = (_runtime, args) => {
  const bits = bitsOf(args, 0);
  if (args.length > 1 && args[1] === undefined) throw typeError(args, 1, 'number');
  const asked = args.length > 1 ? bitsOf(args, 1) : 8;
  const digitCount = Math.min(8, Math.abs(asked));
  const digits = (bits >>> 0)
    .toString(16)
    .padStart(8, '0')
    .slice(8 - digitCount);
  return asked < 0 ? digits.toUpperCase() : digits;
};

const swapBytes: LuaNative = (_runtime, args) => {
  const bits = bitsOf(args, 0);
  const outer = (bits >>> 24) | (bits << 24);
  return outer | ((bits >>> 8) & 0xff00) | ((bits & 0xff00) << 8);
};

const NATIVES: Readonly<Record<string, LuaNative>> = {
  tobit: (_runtime, args) => bitsOf(args, 0),
  bnot: (_runtime, args) => ~bitsOf(args, 0),
  band: folding((a, b) => a & b),
  bor: folding((a, b) => a | b),
  bxor: folding((a, b) => a ^ b),
  lshift: shifting((bits, count) => bits << count),
  rshift: shifting((bits, count) => bits >>> count),
  arshift: shifting((bits, count) => bits >> count),
  rol: shifting((bits, count) => (bits << count) | (bits >>> (-count & 31))),
  ror: shifting((bits, count) => (bits >>> count) | (bits << (-count & 31))),
  bswap: swapBytes,
  tohex: toHexadecimal,
};
