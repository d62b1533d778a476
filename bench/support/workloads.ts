import { DIGITS } from './bulk-load.ts';

/** redis-benchmark puts 12 digits there: 16 bytes in all. */
const KEY = 'key:__rand_int__';
const COUNTER = 'cnt:__rand_int__';
const FIELD = 'element:__rand_int__';
const VALUE = 'v'.repeat(64);
const ELEMENT = 'v'.repeat(16);

export interface Workload {
  readonly args: readonly string[];
  /** Run as often as will be measured, before it is: what the command uses up. */
  readonly refill?: readonly string[];
}

export interface Suite {
  readonly workloads: Readonly<Record<string, Workload>>;
  readonly depths: readonly number[];
  /** Commands per CPU-second against redis-server, by depth. */
  readonly targets: Readonly<Record<number, number>>;
  /** Of the ratios of all cells. */
  readonly medianTarget?: number;
  /** Commands for each of the keys, before anything is measured. */
  readonly preload: readonly (readonly string[])[];
}

export const SUITES: Readonly<Record<string, Suite>> = {
  strings: {
    depths: [1, 16, 64],
    targets: { 1: 1.0, 16: 1.5, 64: 2.0 },
    preload: [
      ['SET', `key:${DIGITS}`, VALUE],
      ['SET', `cnt:${DIGITS}`, '0'],
    ],
    workloads: {
      get: { args: ['GET', KEY] },
      set: { args: ['SET', KEY, VALUE] },
      incr: { args: ['INCR', COUNTER] },
      'set-ex': { args: ['SET', KEY, VALUE, 'EX', '1000'] },
      mset10: { args: ['MSET', ...Array.from({ length: 10 }, () => [KEY, VALUE]).flat()] },
    },
  },
  types: {
    depths: [16],
    targets: { 16: 1.0 },
    medianTarget: 1.3,
    preload: [
      ['SET', `key:${DIGITS}`, VALUE],
      ['HSET', 'bench:hash', `element:${DIGITS}`, ELEMENT],
      ['SADD', 'bench:set', `element:${DIGITS}`],
      ['ZADD', 'bench:zset', DIGITS, `element:${DIGITS}`],
    ],
    workloads: {
      lpush: { args: ['LPUSH', 'bench:list', ELEMENT] },
      lpop: { args: ['LPOP', 'bench:pops'], refill: ['RPUSH', 'bench:pops', ELEMENT] },
      hset: { args: ['HSET', 'bench:hash', FIELD, ELEMENT] },
      hget: { args: ['HGET', 'bench:hash', FIELD] },
      sadd: { args: ['SADD', 'bench:set', FIELD] },
      sismember: { args: ['SISMEMBER', 'bench:set', FIELD] },
      zadd: { args: ['ZADD', 'bench:zset', '__rand_int__', FIELD] },
      'zrange-10': { args: ['ZRANGE', 'bench:zset', '0', '9'] },
      xadd: { args: ['XADD', 'bench:stream', '*', 'field', ELEMENT] },
      mset10: { args: ['MSET', ...Array.from({ length: 10 }, () => [KEY, VALUE]).flat()] },
      eval: { args: ['EVAL', "return redis.call('get', KEYS[1])", '1', KEY] },
    },
  },
};
