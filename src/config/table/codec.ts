/**
 * How one kind of value is written, in our own syntax (YAML, environment, `--path=value`) and in
 * redis-server's (redis.conf, its flags, CONFIG GET and SET). Both sides refuse with a reason; the
 * Redis side with redis-server's own words.
 */
export interface Codec<T> {
  /** For help texts: `size`, `duration`, `yes or no`, `lru | lfu | ...`. */
  readonly kind: string;
  /** JSON schema of what YAML may hold. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** Takes any number of words in redis.conf; CONFIG SET then splits its one text at blanks. */
  readonly takesWords: boolean;
  parse(text: string): T | Refusal;
  /** A YAML sequence. Absent: this setting holds one value. */
  parseList?(items: readonly string[]): T | Refusal;
  /** What YAML would hold. */
  print(value: T): Printed;
  /**
   * @param words     one word unless takesWords
   * @param current   what the setting holds now
   * @param isRepeat  the same file has set it before: directives that add up then add
   */
  parseRedis(words: readonly string[], current: T, isRepeat: boolean): T | Refusal;
  printRedis(value: T): string;
  /** CONFIG REWRITE: the texts after the name, one line each. Absent: printRedis, quoted. */
  rewriteLines?(value: T): string[];
  /** Each of these lines holds by itself, so that one that says the default may be left out. */
  readonly hasSeparateLines?: true;
}

export type Printed = string | number | boolean | readonly string[];

export class Refusal {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** A codec whose Redis syntax is one word, read like `parse` unless told otherwise. */
export function oneWord<T>(
  codec: Pick<Codec<T>, 'kind' | 'schema' | 'parse' | 'print' | 'printRedis'> & {
    parseWord?: (word: string) => T | Refusal;
    rewriteLines?: (value: T) => string[];
    parseList?: (items: readonly string[]) => T | Refusal;
  },
): Codec<T> {
  const { parseWord, ...rest } = codec;
  const readWord = parseWord ?? codec.parse;
  return { ...rest, takesWords: false, parseRedis: (words) => readWord(words[0]!) };
}
