import type { CommandRow } from '../../command-row.ts';

/**
 * The `syntax` text of a command row as the argument tree that COMMAND DOCS sends:
 *
 *     key value [NX | XX] [EX seconds | PX milliseconds]     bracket: may be left out; bar: one of
 *     key [key ...]                                          repeated: the same words, then dots
 *     <ASYNC | SYNC>                                         one of them, not optional
 *     [LIMIT offset count]                                   capitals: sent as they stand
 *
 * Names and types of what the text does not name follow Redis' habits: a block or a choice is
 * called after its parts, `count` is an integer, `pattern` a pattern, keys are numbered by their
 * key spec. Where Redis chose another name, REDIS_NAMES has it.
 */
export interface ArgumentNode {
  readonly name: string;
  readonly type: ArgumentType;
  readonly token?: string;
  readonly keySpecIndex?: number;
  readonly isOptional: boolean;
  readonly isMultiple: boolean;
  /** The token is sent again with each repetition. */
  readonly repeatsToken: boolean;
  readonly children: readonly ArgumentNode[];
}

export type ArgumentType =
  | 'string'
  | 'integer'
  | 'double'
  | 'key'
  | 'pattern'
  | 'unix-time'
  | 'pure-token'
  | 'oneof'
  | 'block';

/** The argument tree of a row; keys beyond its key specs share the last one. */
export function parseSyntax(row: Pick<CommandRow, 'name' | 'keys' | 'syntax'>): ArgumentNode[] {
  const reader: Reader = { words: splitSyntax(row.syntax), at: 0 };
  const context: Context = {
    nextKey: 0,
    lastKey: (row.keys?.length ?? 0) - 1,
    patternKey: row.keys?.findIndex(({ find }) => 'isUnknown' in find) ?? -1,
    valueType:
      row.name.startsWith('setbit') || row.name.startsWith('bitfield') ? 'integer' : 'string',
    incrementType: row.name.endsWith('float') ? 'double' : 'integer',
    timeoutType: row.name.startsWith('b') ? 'double' : 'integer',
    boundType: row.name === 'zcount' || row.name.endsWith('byscore') ? 'double' : 'string',
    placeType: row.name === 'zrange' || row.name.startsWith('x') ? 'string' : 'integer',
    idleType: row.name === 'xpending' ? 'integer' : 'string',
  };
  return convertSequence(readAll(reader), context);
}

/** A word, or a bracket with its alternatives. */
type Part = string | Group;

interface Group {
  readonly isOptional: boolean;
  readonly alternatives: Part[][];
}

interface Reader {
  readonly words: readonly string[];
  at: number;
}

interface Context {
  nextKey: number;
  readonly lastKey: number;
  /** The key spec of keys that patterns name; -1 for none. */
  readonly patternKey: number;
  /** Types of the names that mean different things to different commands. */
  readonly valueType: ArgumentType;
  readonly incrementType: ArgumentType;
  readonly timeoutType: ArgumentType;
  /** `min` and `max`. */
  readonly boundType: ArgumentType;
  /** `start`, `stop` and `end`. */
  readonly placeType: ArgumentType;
  readonly idleType: ArgumentType;
}

const DOTS = '...';
/** The text is ours; the bound only guards the stack against a slip in a row. */
const DEPTH_MAX = 8;

function splitSyntax(syntax: string): string[] {
  return syntax.match(/\.\.\.|[[\]<>|]|[^[\]<>|\s]+/g) ?? [];
}

/** Bars outside of brackets: `ON | OFF [X]` is a choice of the words, then what is in brackets. */
function readAll(reader: Reader): Part[] {
  const alternatives: Part[][] = [];
  do alternatives.push(readSequence(reader));
  while (reader.words[reader.at++] === '|');
  const last = alternatives[alternatives.length - 1];
  if (alternatives.length === 1) return last;
  const found = last.findIndex((part) => typeof part !== 'string' && part.isOptional);
  const cut = found <= 0 ? last.length : found;
  alternatives[alternatives.length - 1] = last.slice(0, cut);
  return [{ isOptional: false, alternatives }, ...last.slice(cut)];
}

/** Reads up to a bar, a closing bracket or the end. */
function readSequence(reader: Reader, depth = 0): Part[] {
  const parts: Part[] = [];
  while (reader.at < reader.words.length) {
    const word = reader.words[reader.at];
    if (word === '|' || word === ']' || word === '>') break;
    reader.at++;
    if (word !== '[' && word !== '<') {
      parts.push(word);
      continue;
    }
    const alternatives: Part[][] = [];
    do {
      if (depth < DEPTH_MAX) alternatives.push(readSequence(reader, depth + 1));
    } while (reader.words[reader.at++] === '|');
    parts.push({ isOptional: word === '[', alternatives });
  }
  return parts;
}

function convertSequence(parts: readonly Part[], context: Context): ArgumentNode[] {
  const nodes: ArgumentNode[] = [];
  let at = 0;
  while (at < parts.length) {
    const part = parts[at];
    if (typeof part !== 'string') {
      const node = convertGroup(part, context);
      const isRepeated = parts[at + 1] === DOTS;
      nodes.push(isRepeated ? { ...node, isMultiple: true } : node);
      at += isRepeated ? 2 : 1;
      continue;
    }
    const repeatedCount = repetitionAfter(parts, at);
    if (repeatedCount > 0) {
      const repeated = parts.slice(at, at + repeatedCount);
      const isTokenFirst = isToken(part) && repeatedCount > 1;
      const node = joined(convertSequence(repeated, context));
      nodes.push({ ...node, isMultiple: true, repeatsToken: isTokenFirst });
      at += repeatedCount + 1;
    } else if (isToken(part)) {
      const end = operandsEnd(parts, at + 1);
      nodes.push(withToken(part, convertSequence(parts.slice(at + 1, end), context)));
      at = end;
    } else {
      nodes.push(named(part, context));
      at++;
    }
  }
  return nodes;
}

/** How many parts from `at` on are repeated by the bracket behind them; 0 when none is. */
function repetitionAfter(parts: readonly Part[], at: number): number {
  for (let end = at + 1; end < parts.length; end++) {
    const group = parts[end];
    if (typeof group === 'string') continue;
    if (!group.isOptional || group.alternatives.length !== 1) return 0;
    const inner = group.alternatives[0];
    if (inner.at(-1) !== DOTS || inner.length - 1 !== end - at) return 0;
    return inner.slice(0, -1).every((part, i) => part === parts[at + i]) ? end - at : 0;
  }
  return 0;
}

/** What belongs to a token: the names behind it, or one required choice. */
function operandsEnd(parts: readonly Part[], start: number): number {
  const first = parts[start];
  if (first !== undefined && typeof first !== 'string' && !first.isOptional) return start + 1;
  let end = start;
  while (end < parts.length) {
    const part = parts[end];
    if (typeof part !== 'string' || isToken(part)) break;
    const repeatedCount = repetitionAfter(parts, end);
    end += repeatedCount > 0 ? repeatedCount + 1 : 1;
  }
  return end;
}

function convertGroup(group: Group, context: Context): ArgumentNode {
  if (isTokenBeforeChoice(group)) {
    const choices = group.alternatives.map((parts) => parts.slice(-1));
    const inner = choiceOf(choices.map((parts) => joined(convertSequence(parts, context))));
    return { ...inner, isOptional: group.isOptional, token: String(group.alternatives[0][0]) };
  }
  const choices = group.alternatives.map((parts) => joined(convertSequence(parts, context)));
  const node = choices.length === 1 ? choices[0] : choiceOf(choices);
  return { ...node, isOptional: group.isOptional };
}

/** `[TYPE NORMAL | MASTER]`: the first word belongs to all that follow. */
function isTokenBeforeChoice({ alternatives }: Group): boolean {
  if (alternatives.length < 2) return false;
  return alternatives.every((parts, i) => {
    const isTokens = parts.every((part) => typeof part === 'string' && isToken(part));
    return isTokens && parts.length === (i === 0 ? 2 : 1);
  });
}

function choiceOf(children: readonly ArgumentNode[]): ArgumentNode {
  return { ...plain(joinedName(children), 'oneof'), children };
}

function joinedName(nodes: readonly ArgumentNode[]): string {
  const names = nodes.map((node) => node.name);
  const name = names.join('_');
  if (Object.hasOwn(REDIS_NAMES, name)) return REDIS_NAMES[name];
  if (names.every((word) => CONDITIONS.has(word))) return 'condition';
  if (names.includes('milliseconds')) return 'expiration';
  return name;
}

const CONDITIONS = new Set(['nx', 'xx', 'gt', 'lt']);

const REDIS_NAMES: Readonly<Record<string, string>> = {
  asc_desc: 'order',
  async_sync: 'async',
  auto_id_id: 'id_or_auto',
  before_after: 'where',
  byscore_bylex: 'sortby',
  byte_bit: 'index_unit',
  circle_box: 'by',
  count_any: 'count',
  count_reset: 'operation',
  count_withscores: 'options',
  count_withvalues: 'options',
  encoding_offset_value_encoding_offset_increment: 'write_operation',
  encoding_offset_write: 'operation',
  end_index_unit: 'end_index',
  equal_approximately: 'operator',
  gt_lt: 'comparison',
  host_port: 'host-port',
  'host-port_no-one': 'args',
  id_new_id: 'id',
  key_id: 'streams',
  left_right: 'where',
  m_km_ft_mi: 'unit',
  maxlen_minid: 'strategy',
  'min-idle-time_start_end_count_consumer': 'filters',
  member_longitude_latitude: 'from',
  min_max: 'where',
  no_one: 'no-one',
  on_off: 'status',
  protover_username_password_clientname: 'arguments',
  radius_unit: 'circle',
  start_end_index: 'index',
  start_end_index_unit: 'index',
  strategy_operator_threshold_count: 'trim',
  width_height_unit: 'box',
  wrap_sat_fail_write_operation: 'write',
  write_all: 'mode',
  yes_no: 'mode',
};

/** Tokens that Redis calls by another name. */
const TOKEN_NAMES: Readonly<Record<string, string>> = {
  $: 'new_id',
  '*': 'auto_id',
  '=': 'equal',
  '~': 'approximately',
  alpha: 'sorting',
  ch: 'change',
  incr: 'increment',
};

function withToken(token: string, operands: readonly ArgumentNode[]): ArgumentNode {
  if (operands.length === 0) {
    const name = token.toLowerCase();
    return { ...plain(TOKEN_NAMES[name] ?? name, 'pure-token'), token };
  }
  const node = joined(operands);
  if (node.type !== 'oneof') return { ...node, token };
  return { ...node, name: token.toLowerCase(), token };
}

function joined(nodes: readonly ArgumentNode[]): ArgumentNode {
  if (nodes.length === 1) return nodes[0];
  const [{ name, type, token }, ...rest] = nodes;
  // `[FULL [COUNT count]]`: the word is the block's own.
  if (type === 'pure-token' && token !== undefined && rest.every((node) => node.isOptional)) {
    return { ...plain(name, 'block'), token, children: rest };
  }
  return { ...plain(joinedName(nodes), 'block'), children: nodes };
}

function named(name: string, context: Context): ArgumentNode {
  const { patternKey } = context;
  if (name === 'pattern' && patternKey >= 0) {
    return { ...plain(name, 'pattern'), keySpecIndex: patternKey };
  }
  if (!KEY_NAMES.has(name) || context.lastKey < 0) return plain(name, typeOfName(name, context));
  if (context.nextKey === patternKey) context.nextKey++;
  const keySpecIndex = Math.min(context.nextKey++, context.lastKey);
  return { ...plain(name, 'key'), keySpecIndex };
}

function plain(name: string, type: ArgumentType): ArgumentNode {
  return {
    name,
    type,
    isOptional: false,
    isMultiple: false,
    repeatsToken: false,
    children: [],
  };
}

function isToken(word: string): boolean {
  return word === word.toUpperCase() && word !== DOTS;
}

function typeOfName(name: string, context: Context): ArgumentType {
  if (name === 'value') return context.valueType;
  if (name === 'increment') return context.incrementType;
  if (name === 'timeout') return context.timeoutType;
  if (name === 'min' || name === 'max') return context.boundType;
  if (name === 'start' || name === 'stop' || name === 'end') return context.placeType;
  if (name === 'min-idle-time') return context.idleType;
  if (name.includes('unix-time')) return 'unix-time';
  if (name === 'pattern') return 'pattern';
  if (INTEGER_NAMES.has(name)) return 'integer';
  return DOUBLE_NAMES.has(name) ? 'double' : 'string';
}

const KEY_NAMES = new Set([
  ...['key', 'key1', 'key2', 'newkey', 'source', 'destination', 'destkey', 'src', 'dst'],
]);
const DOUBLE_NAMES = new Set(
  'score min-score max-score radius longitude latitude width height'.split(' '),
);
const INTEGER_NAMES = new Set([
  'bit',
  'client-id',
  'clientid',
  'count',
  'cursor',
  'db',
  'decrement',
  'destination-db',
  'entries_added',
  'entries_read',
  'frequency',
  'index',
  'index1',
  'index2',
  'len',
  'limit',
  'milliseconds',
  'num-matches',
  'ms',
  'numkeys',
  'numreplicas',
  'offset',
  'port',
  'protover',
  'rank',
  'seconds',
  'ttl',
  'version',
  'weight',
]);
