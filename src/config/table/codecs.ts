import { formatDuration, formatSize, parseDuration, parseSize } from '../../base/sizes.ts';
import type { Codec } from './codec.ts';
import { oneWord, Refusal } from './codec.ts';
import { quoteAlways } from './redis-words.ts';

export const INT_MAX = 2_147_483_647;
export const LONG_MAX = 9_223_372_036_854_775_807n;
export const UNSIGNED_LONG_MAX = 18_446_744_073_709_551_615n;

type Bound = number | bigint;

interface Bounds {
  readonly min: Bound;
  readonly max: Bound;
}

export function yesNo(): Codec<boolean> {
  return oneWord<boolean>({
    kind: 'yes or no',
    schema: { type: 'boolean' },
    parse: (text) => {
      const word = text.toLowerCase();
      if (['true', 'yes', 'on', '1'].includes(word)) return true;
      if (['false', 'no', 'off', '0'].includes(word)) return false;
      return new Refusal('must be true or false (or yes or no)');
    },
    print: (value) => value,
    parseWord: (word) => {
      if (word.toLowerCase() === 'yes') return true;
      if (word.toLowerCase() === 'no') return false;
      return new Refusal("argument must be 'yes' or 'no'");
    },
    printRedis: (value) => (value ? 'yes' : 'no'),
  });
}

/** @param clamp  silently moves an accepted value, as redis-server does with hz */
export function integer(bounds: Bounds, clamp?: (value: number) => number): Codec<number> {
  const parse = (text: string) => {
    if (!/^(0|-?[1-9]\d{0,18})$/.test(text) || !fitsInt64(BigInt(text))) {
      return new Refusal("argument couldn't be parsed into an integer");
    }
    const refusal = refuseOutside(BigInt(text), bounds);
    if (refusal !== null) return refusal;
    return clamp === undefined ? Number(text) : clamp(Number(text));
  };
  return oneWord<number>({
    kind: describeBounds('integer', bounds),
    schema: {
      type: 'integer',
      minimum: Number(bounds.min),
      ...(Number(bounds.max) <= Number.MAX_SAFE_INTEGER ? { maximum: Number(bounds.max) } : {}),
    },
    parse: (text) => parse(text.trim()),
    print: (value) => value,
    parseWord: parse,
    printRedis: printWhole,
  });
}

/** An integer for which one word stands as well, such as `all` for 0. */
export function integerOr(word: string, meaning: number, bounds: Bounds): Codec<number> {
  const plain = integer(bounds);
  const parse = (text: string) => (text.toLowerCase() === word ? meaning : plain.parse(text));
  return oneWord<number>({
    kind: `${plain.kind} or ${word}`,
    schema: { anyOf: [plain.schema, { const: word }] },
    parse,
    print: (value) => (value === meaning ? word : value),
    printRedis: (value) => (value === meaning ? word : printWhole(value)),
  });
}

export function fraction(min: number, max: number): Codec<number> {
  return oneWord<number>({
    kind: `number ${min}..${max}`,
    schema: { type: 'number', minimum: min, maximum: max },
    parse: (text) => {
      if (!/^\d*\.?\d+(e-?\d+)?$/i.test(text.trim())) return new Refusal('must be a number');
      const value = Number(text);
      if (value >= min && value <= max) return value;
      return new Refusal(`must be between ${min} and ${max}`);
    },
    print: (value) => value,
    printRedis: String,
  });
}

/** The permission bits of a file, in octal. */
export function octal(max: number): Codec<number> {
  const parse = (text: string) => {
    if (!/^[0-7]{1,10}$/.test(text)) {
      return new Refusal("argument couldn't be parsed as an octal number");
    }
    const value = Number.parseInt(text, 8);
    if (value <= max) return value;
    return new Refusal(`argument must be between 0 and ${max.toString(8)} inclusive`);
  };
  return oneWord<number>({
    kind: `octal number up to ${max.toString(8)}`,
    schema: { type: ['string', 'integer'] },
    parse,
    print: (value) => value.toString(8),
    printRedis: (value) => value.toString(8),
  });
}

/** @param clamp  as for `integer` */
export function size(
  bounds: Bounds,
  clamp: (bytes: number) => number = (bytes) => bytes,
): Codec<number> {
  return oneWord<number>({
    kind: 'size',
    schema: SIZE_SCHEMA,
    parse: (text) => {
      const bytes = parseSize(text);
      if (bytes === null) return new Refusal('must be a size such as 100, 64mb or 1.5gb');
      return refuseOutside(BigInt(bytes), bounds) ?? clamp(bytes);
    },
    print: formatSize,
    parseWord: (word) => {
      const bytes = parseRedisMemory(word);
      if (bytes === null) return new Refusal('argument must be a memory value');
      return refuseOutside(bytes, bounds) ?? clamp(Number(bytes));
    },
    printRedis: printWhole,
    rewriteLines: (value) => [formatSize(value)],
  });
}

/** A size, or a percentage kept as its negative: redis-server's maxmemory-clients. */
export function sizeOrPercent(): Codec<number> {
  const plain = size({ min: 0, max: LONG_MAX });
  const reason = 'argument must be a memory or percent value';
  const read = (text: string, otherwise: (text: string) => number | Refusal) => {
    const percent = /^(\d{1,9})%$/.exec(text);
    if (percent === null) return otherwise(text);
    if (Number(percent[1]) <= 100) return 0 - Number(percent[1]);
    return new Refusal('percentage argument must be less or equal to 100');
  };
  const print = (value: number) => (value < 0 ? `${-value}%` : printWhole(value));
  return oneWord<number>({
    kind: 'size or percentage',
    schema: SIZE_SCHEMA,
    parse: (text) => read(text.trim(), plain.parse),
    print,
    parseWord: (word) =>
      read(word, (text) => {
        const bytes = parseRedisMemory(text);
        return bytes === null || bytes > LONG_MAX ? new Refusal(reason) : Number(bytes);
      }),
    printRedis: print,
  });
}

const UNIT_MS = { us: 0.001, ms: 1, s: 1000 } as const;

interface DurationShape extends Bounds {
  /** What the configuration's field counts, and a bare number in Redis syntax. */
  readonly unit: keyof typeof UNIT_MS;
  /** What a bare number means in our own syntax; the unit unless given. */
  readonly bareUnit?: keyof typeof UNIT_MS;
}

/** `30s`, `1h30m`; -1 where the bounds allow it. Redis syntax: an integer in the field's unit. */
export function duration(shape: DurationShape): Codec<number> {
  const unitMs = UNIT_MS[shape.unit];
  const plain = integer(shape);
  const bareUnit = shape.bareUnit ?? shape.unit;
  return oneWord<number>({
    kind: `duration (a bare number: ${bareUnit})`,
    schema: DURATION_SCHEMA,
    parse: (text) => {
      if (text.trim().startsWith('-')) return plain.parse(text);
      const durationMs = parseDuration(text, UNIT_MS[bareUnit]);
      if (durationMs === null) return new Refusal('must be a duration such as 500ms, 30s or 1h30m');
      const count = Number((durationMs / unitMs).toPrecision(15));
      if (!Number.isInteger(count)) return new Refusal(`must be whole ${shape.unit}`);
      return refuseOutside(BigInt(count), shape) ?? count;
    },
    print: (value) => (value < 0 ? String(value) : formatDuration(value * unitMs)),
    parseWord: (word) => plain.parseRedis([word], 0, false),
    printRedis: printWhole,
  });
}

interface ChoiceShape<T extends string> {
  /** Other names for a value, in our own syntax. */
  readonly aliases?: Readonly<Record<string, T>>;
  /** redis-server's names in the order of its error text; absent: as ours. */
  readonly redis?: readonly (readonly [string, T])[];
}

export function choice<const T extends string>(
  values: readonly T[],
  shape: ChoiceShape<T> = {},
): Codec<T> {
  const redisNames = shape.redis ?? values.map((value) => [value, value] as const);
  const findOwn = (text: string): T | undefined => {
    const word = text.trim().toLowerCase();
    const alias = redisNames.find(([name]) => name === word);
    if (values.includes(word as T)) return word as T;
    if (shape.aliases !== undefined && Object.hasOwn(shape.aliases, word)) {
      return shape.aliases[word];
    }
    return alias?.[1];
  };
  return oneWord<T>({
    kind: values.join(' | '),
    schema: { enum: values },
    parse: (text) => findOwn(text) ?? new Refusal(`must be one of ${values.join(', ')}`),
    print: (value) => value,
    parseWord: (word) => {
      const lower = word.toLowerCase();
      const known = redisNames.find(([name]) => name === lower)?.[1];
      if (known !== undefined) return known;
      if (values.includes(lower as T)) return lower as T;
      const names = redisNames.map(([name]) => name).join(', ');
      return new Refusal(`argument(s) must be one of the following: ${names}`);
    },
    printRedis: (value) => redisNames.find(([, own]) => own === value)?.[0] ?? value,
  });
}

/** @param check  the reason why a text is refused, or null */
export function text(check?: (value: string) => string | null): Codec<string> {
  return oneWord<string>({
    kind: 'text',
    schema: { type: ['string', 'number'] },
    parse: (value) => {
      const reason = check?.(value) ?? null;
      return reason === null ? value : new Refusal(reason);
    },
    print: (value) => value,
    printRedis: (value) => value,
    rewriteLines: (value) => [quoteAlways(value)],
  });
}

/** Comma- or blank-separated in one text, a sequence in YAML, words in Redis syntax. */
export function textList(check?: (item: string) => string | null): Codec<string[]> {
  const parseList = (items: readonly string[]) => {
    for (const item of items) {
      const reason = check?.(item) ?? null;
      if (reason !== null) return new Refusal(reason);
    }
    return [...items];
  };
  return {
    kind: 'list',
    schema: { type: ['array', 'string'], items: { type: 'string' } },
    takesWords: true,
    parse: (value) => parseList(value.split(/[\s,]+/).filter((item) => item !== '')),
    parseList,
    print: (value) => value,
    parseRedis: (words) => parseList(words.filter((word) => word !== '')),
    printRedis: (value) => value.join(' '),
    rewriteLines: (value) => [value.length === 0 ? '""' : value.join(' ')],
  };
}

/**
 * redis-server's memtoull: digits, then at most one unit, up to a zero byte. No digits at all read
 * as 0, as there.
 * @returns null when it is no memory value
 */
function parseRedisMemory(word: string): bigint | null {
  const match = /^(\d{0,126})(b|k|kb|m|mb|g|gb)?$/i.exec(word.split('\0', 1)[0]!);
  if (match === null) return null;
  const unit = match[2] === undefined ? 1 : parseSize(`1${match[2]}`)!;
  const bytes = BigInt(match[1] === '' ? 0 : match[1]!) * BigInt(unit);
  return bytes > UNSIGNED_LONG_MAX ? UNSIGNED_LONG_MAX : bytes;
}

function refuseOutside(value: bigint, bounds: Bounds): Refusal | null {
  if (value >= bounds.min && value <= bounds.max) return null;
  return new Refusal(`argument must be between ${bounds.min} and ${bounds.max} inclusive`);
}

function fitsInt64(value: bigint): boolean {
  return value >= -LONG_MAX - 1n && value <= LONG_MAX;
}

/** A field is a Number: beyond 2^53 it is near its text only, so the two maxima are named. */
function printWhole(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  if (value >= Number(UNSIGNED_LONG_MAX)) return String(UNSIGNED_LONG_MAX);
  if (value === Number(LONG_MAX)) return String(LONG_MAX);
  return BigInt(value).toString();
}

function describeBounds(noun: string, { min, max }: Bounds): string {
  return max <= INT_MAX - 1 ? `${noun} ${min}..${max}` : `${noun} from ${min}`;
}

const SIZE_SCHEMA = {
  type: ['string', 'integer'],
  minimum: 0,
  pattern: '^[0-9.]+ ?([kKmMgGtT]([iI]?[bB])?|[bB])?$|^[0-9]+%$',
};

const DURATION_SCHEMA = {
  type: ['string', 'integer'],
  pattern: '^(-1|[0-9]+|([0-9.]+(us|ms|[smhdw]))+)$',
};
