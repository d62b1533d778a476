import type { Frame } from '../base/frame.ts';
import type { CommandRow, KeySpec } from './command-row.ts';
import { integerArgument } from './integer-argument.ts';

/**
 * Where the keys of a command stand among its arguments: what COMMAND GETKEYS, access rules and
 * routing see. Everything follows from the key specs of the row; a command's own code is not asked.
 */
export class KeyPositions {
  /** Argument numbers; the command's name is 0. */
  positions: Uint32Array = new Uint32Array(16);
  /** Which key spec of the row found it. */
  specs: Uint8Array = new Uint8Array(16);
  count = 0;

  append(position: number, spec: number): void {
    if (this.count === this.positions.length) this.grow();
    this.positions[this.count] = position;
    this.specs[this.count] = spec;
    this.count++;
  }

  private grow(): void {
    const positions = new Uint32Array(this.count * 2);
    const specs = new Uint8Array(this.count * 2);
    positions.set(this.positions);
    specs.set(this.specs);
    this.positions = positions;
    this.specs = specs;
  }
}

/**
 * Fills `out` with the keys of the command in `frame`, whose arity was checked.
 * @returns the number of keys, or -1 when the arguments contradict the specs (`numkeys` that is no
 *          number or reaches beyond the last argument): the command itself would be refused
 */
export function findKeyPositions(row: CommandRow, frame: Frame, out: KeyPositions): number {
  out.count = 0;
  const keySpecs = row.keys;
  if (keySpecs === undefined) return 0;
  for (let i = 0; i < keySpecs.length; i++) {
    if (!isKey(keySpecs[i])) continue;
    const names = applyKeySpec(keySpecs[i], i, frame, out);
    if (names === SOME) continue;
    out.count = 0;
    return names === NONE ? 0 : -1;
  }
  return out.count;
}

/** What the arguments say of one spec: keys or not, none in all of the command, nonsense. */
const SOME = 1;
const NONE = 0;
const WRONG = -1;

/** Whether the command may name keys at all; channels of shard pub/sub are no keys. */
export function hasKeys(row: CommandRow): boolean {
  return row.keys !== undefined && row.keys.some(isKey);
}

/** Bits of what a command does to a key's value, for access rules. */
export const KEY_USE = { READ: 1, WRITE: 2 } as const;

/**
 * What the command in `frame` does to the keys of its spec, in bits of KEY_USE; 0 when it only asks
 * about the key, as EXISTS does.
 */
export function keyUseIn(row: CommandRow, spec: number, frame: Frame): number {
  const keySpec = row.keys?.[spec];
  if (keySpec === undefined) return 0;
  const facts = factsOf(keySpec);
  return facts.isVariable ? useOf(keyFlagsIn(row, keySpec, frame)) : facts.use;
}

/** The flags of a spec in this very call: some depend on the other arguments. */
export function keyFlagsIn(row: CommandRow, spec: KeySpec, frame: Frame): string {
  if (!factsOf(spec).isVariable) return spec.flags;
  const isWrite = row.name === 'set' ? hasArgument(frame, 3, 'GET') : mayWriteBits(frame);
  if (isWrite) return 'RW ACCESS UPDATE';
  return row.name === 'set' ? 'OW UPDATE' : 'RO ACCESS';
}

function hasArgument(frame: Frame, from: number, word: string): boolean {
  for (let arg = from; arg < frame.count; arg++) {
    if (frame.equals(arg, word)) return true;
  }
  return false;
}

/** BITFIELD with SET or INCRBY, or with anything that cannot be read. */
function mayWriteBits(frame: Frame): boolean {
  let arg = 2;
  while (arg < frame.count) {
    const leftCount = frame.count - arg - 1;
    if (frame.equals(arg, 'GET') && leftCount >= 2) arg += 3;
    else if (frame.equals(arg, 'OVERFLOW') && leftCount >= 1) arg += 2;
    else return true;
  }
  return false;
}

interface SpecFacts {
  readonly isKey: boolean;
  readonly isVariable: boolean;
  readonly use: number;
}

/** Read from the words of the flags once: rules are checked at every command of some users. */
const SPEC_FACTS = new WeakMap<KeySpec, SpecFacts>();

function factsOf(spec: KeySpec): SpecFacts {
  const known = SPEC_FACTS.get(spec);
  if (known !== undefined) return known;
  const flags = spec.flags.toUpperCase();
  const facts = {
    isKey: !flags.includes('NOT_KEY'),
    isVariable: flags.includes('VARIABLE_FLAGS'),
    use: useOf(flags),
  };
  SPEC_FACTS.set(spec, facts);
  return facts;
}

function useOf(flags: string): number {
  const upper = flags.toUpperCase();
  const isRead = upper.includes('ACCESS');
  const isWrite = /\b(UPDATE|INSERT|DELETE)\b/.test(upper);
  return (isRead ? KEY_USE.READ : 0) | (isWrite ? KEY_USE.WRITE : 0);
}

function isKey(spec: KeySpec): boolean {
  return factsOf(spec).isKey;
}

function applyKeySpec(spec: KeySpec, index: number, frame: Frame, out: KeyPositions): number {
  const { begin, find } = spec;
  if ('isUnknown' in begin || 'isUnknown' in find) {
    const arg = 'finder' in find && find.finder === 'sortStore' ? sortStoreArg(frame) : 0;
    if (arg !== 0) out.append(arg, index);
    return SOME;
  }
  let first = 'index' in begin ? begin.index : afterKeyword(begin, frame);
  if (first === 0) return SOME;
  let last: number;
  if ('keyCountIndex' in find) {
    const countIndex = first + find.keyCountIndex;
    const keyCount = countIndex < frame.count ? keyCountArgument(frame, countIndex) : NaN;
    if (!(keyCount >= 0)) return WRONG;
    // Also of those that other specs name: ZUNIONSTORE's destination.
    if (keyCount === 0) return NONE;
    first += find.firstKey;
    last = first + (keyCount - 1) * find.step;
  } else if (find.lastKey >= 0) {
    last = first + find.lastKey;
  } else if (find.limit <= 1) {
    last = frame.count + find.lastKey;
  } else {
    last = first + Math.floor((frame.count - first) / find.limit) + find.lastKey;
  }
  if (first >= frame.count || last >= frame.count || last < first) return WRONG;
  for (let at = first; at <= last; at += find.step) out.append(at, index);
  return SOME;
}

/** As Redis looks for keys: what is no integer counts as far as its leading digits go, from 1. */
function keyCountArgument(frame: Frame, arg: number): number {
  const keyCount = integerArgument(frame, arg);
  if (!Number.isNaN(keyCount)) return keyCount;
  const digits = /^\s*\+?(\d{1,9})/.exec(frame.latin1(arg));
  const loose = digits === null ? 0 : Number(digits[1]);
  return loose >= 1 ? loose : NaN;
}

/** What SORT stores to: options are passed over with their arguments, the last STORE counts. */
function sortStoreArg(frame: Frame): number {
  let found = 0;
  for (let arg = 2; arg < frame.count; arg++) {
    if (frame.equals(arg, 'LIMIT')) arg += 2;
    else if (frame.equals(arg, 'BY') || frame.equals(arg, 'GET')) arg++;
    else if (frame.equals(arg, 'STORE') && arg + 1 < frame.count) found = arg + 1;
  }
  return found;
}

/** Behind the keyword; 0 when it is not there. A negative start counts from the end, backwards. */
function afterKeyword(begin: { keyword: string; startFrom: number }, frame: Frame): number {
  const isForward = begin.startFrom > 0;
  const step = isForward ? 1 : -1;
  const stop = isForward ? frame.count - 1 : 0;
  let i = isForward ? begin.startFrom : frame.count + begin.startFrom;
  for (; isForward ? i < stop : i > stop; i += step) {
    if (frame.equals(i, begin.keyword)) return i + 1;
  }
  return 0;
}
