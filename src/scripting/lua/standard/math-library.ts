/** Lua's math library, with the random numbers of redis-server: each script gets the same ones. */
import { requireInteger, requireNumber } from '../arguments.ts';
import type { LuaRuntime } from '../lua-runtime.ts';
import { argumentError, LuaError, type LuaNative, type LuaValue } from '../lua-value.ts';
import { powerOf } from '../power.ts';

const RANDOM_MAX = 2 ** 31 - 1;
const RADIANS_PER_DEGREE = Math.PI / 180;

/** redisLrand48: 48 bits, times 0x5DEECE66D plus 11, the upper 31 are given. */
export class LuaRandom {
  /** 24 bits each, so that products stay exact. */
  private high = 0x1234ab;
  private low = 0xcd330e;

  seed(value: number): void {
    this.high = value >>> 8;
    this.low = ((value & 0xff) << 16) | 0x330e;
  }

  /** 0 to 2^31 - 1. */
  next(): number {
    const lowProduct = this.low * 0xece66d + 0xb;
    const carry = Math.floor(lowProduct / 0x1000000);
    const highSum = this.high * 0xece66d + this.low * 0x5de + carry;
    this.low = lowProduct % 0x1000000;
    this.high = highSum % 0x1000000;
    return this.high * 0x80 + (this.low >>> 17);
  }
}

export function installMathLibrary(runtime: LuaRuntime): void {
  const { machine, random } = runtime;
  const library = machine.newTable();
  const add = (name: string, native: LuaNative): void =>
    library.setString(name, machine.native(name, native));
  const addUnary = (name: string, compute: (x: number) => number): void =>
    add(name, (_host, args) => compute(requireNumber(args, 0)));
  const unary = 'abs acos asin atan ceil cos cosh exp floor log log10 sin sinh sqrt tan tanh';
  for (const name of unary.split(' ')) {
    addUnary(name, Math[name as 'abs']);
  }
  addUnary('deg', (x) => x / RADIANS_PER_DEGREE);
  addUnary('rad', (x) => x * RADIANS_PER_DEGREE);
  const addBinary = (name: string, compute: (x: number, y: number) => number): void =>
    add(name, (_host, args) => compute(requireNumber(args, 0), requireNumber(args, 1)));
  addBinary('atan2', Math.atan2);
  addBinary('fmod', (x, y) => x % y);
  addBinary('mod', (x, y) => x % y);
  addBinary('pow', powerOf);
  add('ldexp', (_host, args) => scale(requireNumber(args, 0), requireInteger(args, 1)));
  add('frexp', (_host, args) => split(requireNumber(args, 0)));
  add('modf', (_host, args) => {
    const x = requireNumber(args, 0);
    const whole = Math.trunc(x);
    return [whole, Number.isFinite(x) ? x - whole : Number.isNaN(x) ? x : 0];
  });
  add('max', (_host, args) => extreme(args, (x, best) => x > best));
  add('min', (_host, args) => extreme(args, (x, best) => x < best));
  add('random', (_host, args) => randomNumber(random, args));
  add('randomseed', (_host, args) => {
    random.seed(requireInteger(args, 0) | 0);
    return [];
  });
  library.setString('pi', Math.PI);
  library.setString('huge', Number.POSITIVE_INFINITY);
  runtime.globals.setString('math', library);
}

function extreme(args: LuaValue[], isBetter: (x: number, best: number) => boolean): number {
  let best = requireNumber(args, 0);
  for (let i = 1; i < args.length; i++) {
    const x = requireNumber(args, i);
    if (isBetter(x, best)) best = x;
  }
  return best;
}

function randomNumber(random: LuaRandom, args: LuaValue[]): number {
  const fraction = (random.next() % RANDOM_MAX) / RANDOM_MAX;
  if (args.length === 0) return fraction;
  if (args.length === 1) {
    const upper = requireInteger(args, 0) | 0;
    if (upper < 1) throw argumentError(0, 'interval is empty');
    return Math.floor(fraction * upper) + 1;
  }
  if (args.length > 2) throw new LuaError('wrong number of arguments');
  const lower = requireInteger(args, 0) | 0;
  const upper = requireInteger(args, 1) | 0;
  if (lower > upper) throw argumentError(1, 'interval is empty');
  return Math.floor(fraction * (upper - lower + 1)) + lower;
}

/** x * 2^exponent, in steps that do not overflow before the end. */
function scale(x: number, exponent: number): number {
  let rest = Math.max(-2200, Math.min(2200, exponent));
  let value = x;
  while (rest > 1000) {
    value *= 2 ** 1000;
    rest -= 1000;
  }
  while (rest < -1000) {
    value *= 2 ** -1000;
    rest += 1000;
  }
  return value * 2 ** rest;
}

/** The fraction in [0.5, 1) and the exponent of 2. */
function split(x: number): [number, number] {
  if (x === 0 || !Number.isFinite(x)) return [x, 0];
  let exponent = Math.max(-1023, Math.floor(Math.log2(Math.abs(x))) + 1);
  let fraction = scale(x, -exponent);
  while (Math.abs(fraction) < 0.5) {
    fraction *= 2;
    exponent--;
  }
  while (Math.abs(fraction) >= 1) {
    fraction /= 2;
    exponent++;
  }
  return [fraction, exponent];
}
