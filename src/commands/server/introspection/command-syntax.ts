/**
 * The `syntax` text of a command row as the argument tree that COMMAND DOCS sends:
 *
 *     key value [NX | XX] [EX seconds | PX milliseconds]     bracket: may be left out; bar: one of them
 *     key [key ...]                                          repeated: the same words, then dots
 *     <ASYNC | SYNC>                                         one of them, not optional
 *     [LIMIT offset count]                                   capitals: sent as they stand
 *
 * Names and types of what the text does not name follow Redis' habits: a block or a choice is called
 * after its parts, `count` is an integer, `pattern` a pattern, keys are numbered by their key spec.
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

/** @param keySpecCount  of the row; keys beyond it share the last one */
export function parseSyntax(syntax: string, keySpecCount: number): ArgumentNode[] {
  const reader: Reader = { words: splitSyntax(syntax), at: 0 };
  const keys: KeyCounter = { next: 0, last: keySpecCount - 1 };
  return convertSequence(readSequence(reader), keys);
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

interface KeyCounter {
  next: number;
  readonly last: number;
}

const DOTS = '...';
/** The text is ours; the bound only guards the stack against a slip in a row. */
const DEPTH_MAX = 8;

function splitSyntax(syntax: string): string[] {
  return syntax.match(/\.\.\.|[[\]<>|]|[^[\]<>|\s]+/g) ?? [];
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

function convertSequence(parts: readonly Part[], keys: KeyCounter): ArgumentNode[] {
  const nodes: ArgumentNode[] = [];
  let at = 0;
  while (at < parts.length) {
    const part = parts[at];
    if (typeof part !== 'string') {
      nodes.push(convertGroup(part, keys));
      at++;
      continue;
    }
    const repeatedCount = repetitionAfter(parts, at);
    if (repeatedCount > 0) {
      const repeated = parts.slice(at, at + repeatedCount);
      const isTokenFirst = isToken(part) && repeatedCount > 1;
      const node = joined(convertSequence(repeated, keys));
      nodes.push({ ...node, isMultiple: true, repeatsToken: isTokenFirst });
      at += repeatedCount + 1;
    } else if (isToken(part)) {
      const end = operandsEnd(parts, at + 1);
      nodes.push(withToken(part, convertSequence(parts.slice(at + 1, end), keys)));
      at = end;
    } else {
      nodes.push(named(part, keys));
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
    end++;
  }
  return end;
}

function convertGroup(group: Group, keys: KeyCounter): ArgumentNode {
  const choices = group.alternatives.map((parts) => joined(convertSequence(parts, keys)));
  const node = choices.length === 1 ? choices[0] : choiceOf(choices);
  return { ...node, isOptional: group.isOptional };
}

function choiceOf(children: readonly ArgumentNode[]): ArgumentNode {
  const names = children.map((child) => child.name);
  const isCondition = names.every((name) => CONDITIONS.has(name));
  const name = isCondition ? 'condition' : names.join('_');
  return { ...plain(name, 'oneof'), children };
}

const CONDITIONS = new Set(['nx', 'xx', 'gt', 'lt']);

function withToken(token: string, operands: readonly ArgumentNode[]): ArgumentNode {
  if (operands.length === 0) return { ...plain(token.toLowerCase(), 'pure-token'), token };
  const node = joined(operands);
  if (node.type !== 'oneof') return { ...node, token };
  return { ...node, name: token.toLowerCase(), token };
}

function joined(nodes: readonly ArgumentNode[]): ArgumentNode {
  if (nodes.length === 1) return nodes[0];
  const name = nodes.map((node) => node.name).join('_');
  return { ...plain(name, 'block'), children: nodes };
}

function named(name: string, keys: KeyCounter): ArgumentNode {
  if (!KEY_NAMES.has(name) || keys.last < 0) return plain(name, typeOfName(name));
  const keySpecIndex = Math.min(keys.next++, keys.last);
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

function typeOfName(name: string): ArgumentType {
  if (name.includes('unix-time')) return 'unix-time';
  if (name === 'pattern') return 'pattern';
  if (INTEGER_NAMES.has(name)) return 'integer';
  return DOUBLE_NAMES.has(name) ? 'double' : 'string';
}

const KEY_NAMES = new Set([
  'key',
  'key1',
  'key2',
  'newkey',
  'source',
  'destination',
  'destkey',
  'shardchannel',
]);
const DOUBLE_NAMES = new Set(['increment-by-float', 'score', 'min-score', 'max-score', 'radius']);
const INTEGER_NAMES = new Set([
  'bit',
  'client-id',
  'clientid',
  'count',
  'cursor',
  'db',
  'decrement',
  'destination-db',
  'end',
  'frequency',
  'increment',
  'index',
  'index1',
  'index2',
  'len',
  'milliseconds',
  'numkeys',
  'numreplicas',
  'offset',
  'port',
  'protover',
  'seconds',
  'start',
  'stop',
  'timeout',
  'ttl',
  'value-bit',
  'version',
]);
