import type { ClientClass, OutputBufferLimit } from '../../base/configuration.ts';
import type { PersistenceConfiguration } from '../../base/configuration-sections.ts';
import { formatSize, parseSize } from '../../base/sizes.ts';
import type { Codec } from './codec.ts';
import { oneWord, Refusal } from './codec.ts';
import { quoteAlways, splitRedisWords } from './redis-words.ts';

/** Parameters of redis-server with a syntax of their own. */

type SavePoint = PersistenceConfiguration['savePoints'][number];

/** `save 3600 1 300 100`; an empty text means: never. */
export function savePoints(): Codec<SavePoint[]> {
  const parseRedis = (words: readonly string[], current: SavePoint[], isRepeat: boolean) => {
    if (words.length === 0 || (words.length === 1 && words[0] === '')) return [];
    if (words.length % 2 !== 0) return new Refusal('Invalid save parameters');
    const points: SavePoint[] = [];
    for (let at = 0; at < words.length; at += 2) {
      const seconds = wholeNumber(words[at]!);
      const changes = wholeNumber(words[at + 1]!);
      if (seconds === null || changes === null || seconds < 1) {
        return new Refusal('Invalid save parameters');
      }
      points.push({ seconds, changes });
    }
    return isRepeat ? [...current, ...points] : points;
  };
  const print = (points: SavePoint[]) =>
    points.map(({ seconds, changes }) => `${seconds} ${changes}`).join(' ');
  return {
    kind: 'pairs of seconds and changes',
    schema: { type: 'string' },
    takesWords: true,
    parse: (text) => parseRedis(wordsOf(text), [], false),
    print,
    parseRedis,
    printRedis: print,
    rewriteLines: (points) =>
      points.length === 0 ? ['""'] : points.map((point) => print([point])),
  };
}

type BufferLimits = Record<ClientClass, OutputBufferLimit>;

const CLASS_NAMES: readonly (readonly [string, ClientClass])[] = [
  ['normal', 'normal'],
  ['slave', 'replica'],
  ['pubsub', 'pubsub'],
];

/** `normal 0 0 0 replica 256mb 64mb 60`; classes that are not named keep their limits. */
export function outputBufferLimits(initial: BufferLimits): Codec<BufferLimits> {
  const parseRedis = (words: readonly string[], current: BufferLimits) => {
    const given = words.length === 1 && words[0] === '' ? [] : words;
    if (given.length % 4 !== 0) {
      return new Refusal('Wrong number of arguments in buffer limit configuration.');
    }
    const limits = { ...current };
    for (let at = 0; at < given.length; at += 4) {
      const clientClass = findClass(given[at]!);
      if (clientClass === undefined) {
        return new Refusal('Invalid client class specified in buffer limit configuration.');
      }
      const limit = readLimit(given.slice(at + 1, at + 4));
      if (limit === null) {
        return new Refusal(
          'Error in hard, soft or soft_seconds setting in buffer limit configuration.',
        );
      }
      limits[clientClass] = limit;
    }
    return limits;
  };
  const line = (name: string, { hardBytes, softBytes, softS }: OutputBufferLimit) =>
    `${name} ${hardBytes} ${softBytes} ${softS}`;
  const print = (limits: BufferLimits) =>
    CLASS_NAMES.map(([name, clientClass]) => line(name, limits[clientClass])).join(' ');
  return {
    kind: 'class, hard limit, soft limit, seconds; repeated',
    schema: { type: 'string' },
    takesWords: true,
    parse: (text) => parseRedis(wordsOf(text), initial),
    print,
    parseRedis: (words, current) => parseRedis(words, current),
    printRedis: print,
    hasSeparateLines: true,
    rewriteLines: (limits) =>
      CLASS_NAMES.map(([, clientClass]) => {
        const { hardBytes, softBytes, softS } = limits[clientClass];
        return `${clientClass} ${formatSize(hardBytes)} ${formatSize(softBytes)} ${softS}`;
      }),
  };
}

function findClass(name: string): ClientClass | undefined {
  const word = name.toLowerCase();
  if (word === 'replica') return 'replica';
  return CLASS_NAMES.find(([known]) => known === word)?.[1];
}

function readLimit(words: readonly string[]): OutputBufferLimit | null {
  const hardBytes = redisSize(words[0]!);
  const softBytes = redisSize(words[1]!);
  const softS = wholeNumber(words[2]!);
  if (hardBytes === null || softBytes === null || softS === null) return null;
  return { hardBytes, softBytes, softS };
}

const EVENT_CLASSES = 'g$lshzxetd';

/**
 * Keyspace events: kept in the order in which redis-server prints them. It prints no `n` beside
 * `A`, though it holds.
 */
export function keyspaceEvents(): Codec<string> {
  const parse = (flags: string) => {
    if (!/^[Ag$lshzxeKEtmdn]*$/.test(flags)) {
      return new Refusal("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
    }
    const has = (flag: string) =>
      flags.includes(flag) || (flags.includes('A') && EVENT_CLASSES.includes(flag));
    const all = [...EVENT_CLASSES].every(has);
    const classes = all ? 'A' : [...EVENT_CLASSES].filter(has).join('');
    return classes + [...'nKEm'].filter(has).join('');
  };
  return oneWord<string>({
    kind: 'letters of Ag$lshzxeKEtmdn',
    schema: { type: 'string' },
    parse,
    print: (value) => value,
    printRedis: (value) => value.replace('An', 'A'),
    rewriteLines: (value) => [quoteAlways(value)],
  });
}

export function percentiles(): Codec<number[]> {
  const parseRedis = (words: readonly string[]) => {
    const given = words.length === 1 && words[0] === '' ? [] : words;
    const values: number[] = [];
    for (const word of given) {
      if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word)) {
        return new Refusal('Invalid latency-tracking-info-percentiles parameters');
      }
      const value = Number(word);
      if (value < 0 || value > 100) {
        return new Refusal(
          'latency-tracking-info-percentiles parameters should sit between [0.0,100.0]',
        );
      }
      values.push(value);
    }
    return values;
  };
  const print = (values: number[]) =>
    values.map((value) => String(Number(value.toFixed(6)))).join(' ');
  return {
    kind: 'numbers 0..100',
    schema: { type: ['string', 'array'], items: { type: 'number' } },
    takesWords: true,
    parse: (text) => parseRedis(wordsOf(text)),
    parseList: parseRedis,
    print: (values) => values.map(String),
    parseRedis,
    printRedis: print,
    rewriteLines: (values) => [values.length === 0 ? '""' : print(values)],
  };
}

/** `oom-score-adj-values`: three numbers, kept as text. */
export function oomScores(): Codec<string> {
  const reason = 'Invalid oom-score-adj-values, elements must be between -2000 and 2000.';
  return wordsAsText('three integers', (words) => {
    if (words.length !== 3) return new Refusal('wrong number of arguments');
    const isScore = (word: string) => /^[+-]?\d{1,9}$/.test(word) && Math.abs(Number(word)) <= 2000;
    return words.every(isScore) ? words.map(Number).join(' ') : new Refusal(reason);
  });
}

const SHUTDOWN_FLAGS = ['default', 'save', 'nosave', 'now', 'force'];

/** `shutdown-on-sigterm`: flags, kept as text in redis-server's order. */
export function shutdownFlags(): Codec<string> {
  return wordsAsText(SHUTDOWN_FLAGS.join(' | '), (words) => {
    const flags = new Set(words.map((word) => word.toLowerCase()));
    if (flags.size === 0 || [...flags].some((flag) => !SHUTDOWN_FLAGS.includes(flag))) {
      const names = SHUTDOWN_FLAGS.join(', ');
      return new Refusal(`argument(s) must be one of the following: ${names}`);
    }
    if (flags.has('save') && flags.has('nosave')) {
      return new Refusal("shutdown options SAVE and NOSAVE can't be used simultaneously");
    }
    const chosen = SHUTDOWN_FLAGS.filter((flag) => flag !== 'default' && flags.has(flag));
    return chosen.length === 0 ? 'default' : chosen.join(' ');
  });
}

/** Lines that add up over a file, such as `user` and `loadmodule`: each kept as its text. */
export function repeatedLines(): Codec<string[]> {
  return {
    kind: 'list of lines',
    schema: { type: 'array', items: { type: 'string' } },
    takesWords: true,
    parse: (text) => [text],
    parseList: (items) => [...items],
    print: (lines) => lines,
    parseRedis: (words, current, isRepeat) =>
      isRepeat ? [...current, words.join(' ')] : [words.join(' ')],
    printRedis: (lines) => lines.join(' '),
    rewriteLines: (lines) => lines,
  };
}

type Rename = { from: string; to: string };

/** `rename-command FLUSHALL ""`: an empty new name removes the command. */
export function commandRenames(): Codec<Rename[]> {
  const parseRedis = (words: readonly string[], current: Rename[], isRepeat: boolean) => {
    if (words.length !== 2) return new Refusal('wrong number of arguments');
    const rename = { from: words[0]!.toLowerCase(), to: words[1]!.toLowerCase() };
    return isRepeat ? [...current, rename] : [rename];
  };
  const parseList = (items: readonly string[]) => {
    let renames: Rename[] = [];
    for (const item of items) {
      const parsed = parseRedis(wordsOf(item), renames, true);
      if (parsed instanceof Refusal) return parsed;
      renames = parsed;
    }
    return renames;
  };
  const lineOf = ({ from, to }: Rename) => `${from} ${to === '' ? '""' : to}`;
  return {
    kind: 'list of "command new-name"',
    schema: { type: 'array', items: { type: 'string' } },
    takesWords: true,
    parse: (text) => parseList([text]),
    parseList,
    print: (renames) => renames.map(lineOf),
    parseRedis,
    printRedis: (renames) => renames.map(lineOf).join(' '),
    rewriteLines: (renames) => renames.map(lineOf),
  };
}

function wordsAsText(
  kind: string,
  parseRedis: (words: readonly string[]) => string | Refusal,
): Codec<string> {
  return {
    kind,
    schema: { type: 'string' },
    takesWords: true,
    parse: (text) => parseRedis(wordsOf(text)),
    print: (value) => value,
    parseRedis,
    printRedis: (value) => value,
    rewriteLines: (value) => [value],
  };
}

function wordsOf(text: string): string[] {
  return splitRedisWords(text) ?? [text];
}

function wholeNumber(word: string): number | null {
  return /^\d{1,15}$/.test(word) ? Number(word) : null;
}

function redisSize(word: string): number | null {
  return /^\d+(b|[kmg]b?)?$/i.test(word) ? parseSize(word) : null;
}
