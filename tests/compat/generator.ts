/**
 * Makes command streams from one seed. Keys come from a small pool, so that commands meet each
 * other's work; values and numbers are weighted to edges. A tenth of the commands is then damaged
 * (argument dropped, added, swapped for an edge value), and a fifth written in mixed case.
 */
import { SeededRandom } from '../../src/world/simulated/seeded-random.ts';
import type { Argument } from '../support/wire-client.ts';

/** How two replies to one command are held against each other. Errors always by exact text. */
export type Comparison =
  | 'exact'
  /** Arrays and sets as multisets, at every depth. */
  | 'unordered'
  /** Same kind of reply only: the value is the server's own affair. */
  | 'kind'
  /** Integers may differ by what passes between two servers' clocks. */
  | 'seconds'
  | 'milliseconds'
  /** `[cursor, keys]` of a scan that was asked to return everything at once. */
  | 'scan'
  /** `name=value` fields that name this client's state. */
  | 'clientInfo'
  /** HELLO's map without the facts of this very process. */
  | 'hello'
  /**
   * Both know the sections and fields of INFO that Redis has; counters that tests can know agree.
   */
  | 'info'
  /** COMMAND DOCS without what is prose: summaries, histories, and when an argument came. */
  | 'docs'
  /** Users without the rules of commands: those follow from all commands that a server has. */
  | 'rules'
  /** ACL LOG without times, and without what 7.2 adds. */
  | 'accessLog'
  /** Names of commands, of those that both have. */
  | 'names'
  /** What DUMP gives. */
  | 'payload';

export interface GrammarRow {
  readonly name: string;
  readonly weight: number;
  readonly comparison?: Comparison;
  /** Letter of the keys that its family mostly works on, so that it mostly meets its own type. */
  readonly home?: string;
  /** Never damaged: a few wrong bytes here stop or stall the server, as they should. */
  readonly isFragile?: boolean;
  make(generator: Generator, draft: Draft): void;
  readonly options?: readonly OptionRow[];
}

export interface OptionRow {
  readonly label: string;
  /** Options of one group exclude each other. */
  readonly group?: string;
  make?(generator: Generator): Argument[];
}

/** A command without arguments, answered exactly alike. */
export function plainRow(name: string, weight: number): GrammarRow {
  return { name, weight, make: () => {} };
}

/** One command on its way out. */
export class Draft {
  readonly args: Argument[];
  /** What the coverage table counts, such as `SET EX`. */
  readonly labels: string[];
  comparison: Comparison;
  /** CLIENT REPLY told the server to send no reply to this one. */
  isSilent = false;
  readonly name: string;

  constructor(name: string, comparison: Comparison = 'exact') {
    this.name = name;
    this.args = name.split(' ');
    this.labels = [name];
    this.comparison = comparison;
  }

  add(...args: Argument[]): this {
    for (const arg of args) this.args.push(arg);
    return this;
  }

  option(label: string, ...args: Argument[]): this {
    this.labels.push(`${this.name} ${label}`);
    return this.add(...label.split(' '), ...args);
  }

  /** Counts a form that has no word of its own. */
  label(text: string): this {
    this.labels.push(`${this.name} ${text}`);
    return this;
  }
}

export class Generator {
  private readonly random: SeededRandom;
  private readonly rows: readonly GrammarRow[];
  private readonly cumulative: number[] = [];
  private home = '';

  constructor(seed: number, rows: readonly GrammarRow[]) {
    this.random = new SeededRandom(seed);
    this.rows = rows.filter((row) => row.weight > 0);
    let sum = 0;
    for (const row of this.rows) {
      sum += row.weight;
      this.cumulative.push(sum);
    }
  }

  next(): Draft {
    const row = this.chooseRow();
    const draft = this.draft(row);
    if (!row.isFragile && this.chance(0.07)) this.damage(draft);
    if (this.chance(0.2)) draft.args[0] = this.mixCase(String(draft.args[0]));
    return draft;
  }

  /** A command as its row makes it, whole. */
  draft(row: GrammarRow): Draft {
    const draft = new Draft(row.name, row.comparison);
    this.home = row.home ?? '';
    row.make(this, draft);
    if (row.options) this.addOptions(row.options, draft);
    return draft;
  }

  chooseRow(): GrammarRow {
    const sum = this.cumulative[this.cumulative.length - 1];
    const at = (this.random.u32() / 4_294_967_296) * sum;
    let low = 0;
    let high = this.cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.cumulative[middle] > at) high = middle;
      else low = middle + 1;
    }
    return this.rows[low];
  }

  below(bound: number): number {
    return this.random.below(bound);
  }

  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  chance(probability: number): boolean {
    return this.random.u32() < probability * 4_294_967_296;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  times(min: number, max: number, make: () => Argument): Argument[] {
    return Array.from({ length: this.between(min, max) }, make);
  }

  /** Any key. Families of keys keep the replies from being errors most of the time. */
  key(): Argument {
    if (this.chance(0.06)) return this.pick(EDGE_KEYS);
    if (this.home !== '' && this.chance(0.75)) return this.home + this.below(10);
    return this.pick(COMMON_KEYS) + this.below(10);
  }

  /** A key that mostly holds an integer. */
  numberKey(): Argument {
    return this.chance(0.88) ? `n${this.below(10)}` : this.key();
  }

  bitKey(): Argument {
    return this.chance(0.85) ? `b${this.below(10)}` : this.key();
  }

  /** A key whose value stays short. */
  shortKey(): Argument {
    return this.chance(0.95) ? `s${this.below(10)}` : this.key();
  }

  value(): Argument {
    const kind = this.below(100);
    if (kind < 25) return this.integer();
    if (kind < 35) return this.pick(EDGE_VALUES);
    if (kind < 85) return this.letters(this.between(1, 60));
    if (kind < 93) return this.binary(this.between(1, 80));
    // Around the length up to which Redis embeds a string.
    if (kind < 98) return this.letters(this.between(43, 46));
    return this.letters(this.between(200, 3_000));
  }

  valueFor(key: Argument): Argument {
    const family = typeof key === 'string' && key.length === 2 ? key[0] : '';
    if (family === 'n' && this.chance(0.95)) return this.integer();
    if (family === 's') return this.letters(this.between(0, 40), 'abcd');
    if (family === 'b') return this.binary(this.between(0, 40));
    return this.value();
  }

  integer(): string {
    const kind = this.below(100);
    if (kind < 60) return String(this.between(-1_000, 12_000));
    if (kind < 80) return String(this.between(-2_147_483_648, 2_147_483_647));
    if (kind < 93) return String(this.between(-9, 9));
    return this.pick(EDGE_INTEGERS);
  }

  /** An index into a value: mostly near its ends. */
  index(): string {
    if (this.chance(0.04)) return this.pick(EDGE_INTEGERS);
    return String(this.between(-30, 60));
  }

  /** An offset that a write may create bytes up to: never so large that it fills the memory. */
  offset(): string {
    if (this.chance(0.03)) return this.pick(HOPELESS_OFFSETS);
    return String(this.chance(0.9) ? this.between(0, 80) : this.between(0, 4_000));
  }

  /** As `offset`, in bits: half a gigabyte of them is a value that Redis makes. */
  bitOffset(): string {
    const offset = this.offset();
    return offset === '536870912' ? '4294967296' : offset;
  }

  /** Seconds or milliseconds from now, far enough away that no run lasts so long. */
  relativeDeadline(): string {
    if (this.chance(0.05)) return this.pick(['0', '-1', ...EDGE_INTEGERS, ...NOT_INTEGERS]);
    return String(this.between(100_000_000, 4_000_000_000));
  }

  absoluteDeadlineS(): string {
    if (this.chance(0.05)) return this.pick(['0', '-1', ...EDGE_INTEGERS, ...NOT_INTEGERS]);
    // Few values, so that equal deadlines meet.
    return String(9_000_000_000 + this.below(40));
  }

  absoluteDeadlineMs(): string {
    if (this.chance(0.05)) return this.pick(['0', '-1', ...EDGE_INTEGERS, ...NOT_INTEGERS]);
    return String(9_000_000_000_000 + this.below(40) * 500);
  }

  /** For commands that remove a key at once whose deadline has passed. */
  orPast(deadline: string): string {
    return this.chance(0.02) ? '1' : deadline;
  }

  letters(length: number, alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'): string {
    let text = '';
    for (let i = 0; i < length; i++) text += alphabet[this.below(alphabet.length)];
    return text;
  }

  binary(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    this.random.fill(bytes);
    return bytes;
  }

  pattern(): string {
    return this.pick(PATTERNS);
  }

  mixCase(word: string): string {
    return [...word]
      .map((char) => (this.chance(0.5) ? char.toUpperCase() : char.toLowerCase()))
      .join('');
  }

  private addOptions(rows: readonly OptionRow[], draft: Draft): void {
    if (this.chance(0.4)) return;
    const isChaos = this.chance(0.12);
    const groups = new Set<string>();
    const count = this.between(1, isChaos ? 4 : 3);
    for (let i = 0; i < count; i++) {
      const row = this.pick(rows);
      const group = row.group ?? row.label;
      if (groups.has(group) && !isChaos) continue;
      groups.add(group);
      draft.option(row.label, ...(row.make?.(this) ?? []));
      if (this.chance(0.2)) {
        const at = draft.args.lastIndexOf(row.label);
        if (at > 0) draft.args[at] = this.mixCase(row.label);
      }
    }
  }

  /** Keeps the name: what is tested is how each command refuses. */
  private damage(draft: Draft): void {
    // A page of a scan holds what it holds; with TYPE, INFO tells how many keys that were.
    if (draft.labels.includes('SCAN TYPE')) return;
    draft.label('damaged');
    const { args } = draft;
    const nameCount = draft.name.split(' ').length;
    if (nameCount === 2 && this.chance(0.1)) args[1] = this.pick(['NOSUCH', '', 'GE']);
    // The names of settings are no C strings.
    const kind = this.below(nameCount === 2 ? 4 : 5);
    const at = this.between(nameCount, Math.max(nameCount, args.length - 1));
    if (kind === 0 || args.length === nameCount) args.push(this.pick(DAMAGE));
    else if (kind === 1) args.pop();
    else if (kind === 2) args.splice(this.between(1, nameCount));
    else if (kind === 3) args[at] = this.pick(DAMAGE);
    // Where Redis compares C strings, an option ends here.
    else args[at] = Buffer.concat([Buffer.from(args[at]), Buffer.from([0, 120])]);
    // A stray cursor starts anywhere, and a bare COMMAND tells of every command there is.
    const isOpen = draft.comparison === 'scan' || (args[0] === 'COMMAND' && args.length < 3);
    if (isOpen) draft.comparison = 'kind';
  }
}

export function commandText(draft: Draft): string {
  const texts = draft.args.map((arg) => {
    const text = typeof arg === 'string' ? arg : Buffer.from(arg).toString('latin1');
    return /^[\w.:*#+-]{1,60}$/.test(text) ? text : cut(JSON.stringify(text));
  });
  return cut(texts.join(' '), 400);
}

export function cut(text: string, length = 300): string {
  return text.length <= length ? text : `${text.slice(0, length)}...(${text.length})`;
}

/** First letters of keys, those of strings more often. */
const COMMON_KEYS = [...'knbsknbsknbslhmxzgp'];

const EDGE_KEYS: readonly Argument[] = [
  '',
  '__proto__',
  'constructor',
  '{tag}a',
  'käse',
  Buffer.from([0, 255, 13, 10, 128]),
  'x'.repeat(300),
  ' ',
  'never-set',
];

const EDGE_INTEGERS = [
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775806',
  '9223372036854775808',
  '-9223372036854775809',
  '9007199254740991',
  '9007199254740993',
  '-9007199254740993',
  '18446744073709551616',
];

const NOT_INTEGERS = ['', 'abc', '1.5', ' 1', '1 ', '+1', '01', '-0', '0x10', '1e3', '--1'];

const EDGE_VALUES: readonly Argument[] = [
  '',
  ...EDGE_INTEGERS,
  ...NOT_INTEGERS,
  '3.0e3',
  'nan',
  'inf',
  '-inf',
  '0.1',
  '-1.5e-7',
  '1e400',
  '10000',
  '9999',
  Buffer.from([0]),
  Buffer.from([255, 0, 13, 10]),
];

/** Past every limit: refused before a byte is reserved. */
const HOPELESS_OFFSETS = [
  '-1',
  '536870912',
  '4294967296',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  'abc',
  '',
];

const DAMAGE: readonly Argument[] = [
  '',
  'abc',
  '0',
  '-1',
  '9223372036854775807',
  '9223372036854775808',
  '1.5',
  'NX',
  'GET',
  'k1',
  Buffer.from([0, 255, 13, 10]),
];

const PATTERNS = [
  '*',
  'k*',
  'n?',
  '[kn]*',
  '[^k]*',
  '[a-m]?',
  'k[0-4]',
  '\\k1',
  '*1',
  '**a**',
  '',
  '[',
  'k[',
  '?',
  '{*}*',
  'nothing*',
  // Slow, open, reversed, empty and escaped in every way.
  '*a*a*a*a*a*a*b',
  'a*a*a*a*a*a*a*a*a*a*b',
  '[z-a]*',
  '[^]*',
  '[]*',
  '[k-]*',
  '[-k]?',
  '[\\]k]1',
  '[^\\]]1',
  'k[0',
  'k[0-',
  'k[^',
  '\\',
  'k1\\',
  '*\\*',
  '??',
  '?*?',
  '[kn][0-9]',
  '[[]',
  '***************************************k1',
  '\u0000*',
];
