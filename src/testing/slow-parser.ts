import type { ParserLimits } from '../protocol/frame-parser.ts';

/**
 * The request grammar once more, written from Redis' description for clearness only: one whole
 * stream, strings and regular expressions. What the quick parser is held against.
 */
export interface Outcome {
  /** Arguments, one char per byte. */
  commands: string[][];
  /** `waits`, the error's text, or the refusal. */
  end: string;
}

export function parseSlowly(stream: Uint8Array, limits: ParserLimits): Outcome {
  const text = Buffer.from(stream).toString('latin1');
  const commands: string[][] = [];
  let position = 0;
  for (;;) {
    if (position >= text.length) return { commands, end: 'waits' };
    const isMultibulk = text[position] === '*';
    const found = isMultibulk ? multibulk(text, position, limits) : inline(text, position);
    if (found.end !== '') return { commands, end: found.end };
    const [name = ''] = found.args;
    if (/^(post|host:)$/i.test(name)) return { commands, end: 'crossProtocol' };
    if (found.args.length > 0) commands.push(found.args);
    position = found.position;
  }
}

interface Found {
  args: string[];
  position: number;
  /** '' when a command (or nothing to do) was found. */
  end: string;
}

const LINE_MAX = 65_536;

function ended(end: string): Found {
  return { args: [], position: 0, end };
}

function multibulk(text: string, start: number, limits: ParserLimits): Found {
  const count = header(text, start, 'mbulk');
  if (typeof count === 'string') return ended(count);
  const value = integer(count.digits);
  const error = (what: string): Found => ended(`ERR Protocol error: ${what}`);
  if (value === null || value > 2n ** 31n - 1n) return error('invalid multibulk length');
  const isLoggedIn = limits.argumentCountMax > 10;
  if (!isLoggedIn && value > 10n) return error('unauthenticated multibulk length');
  const args: string[] = [];
  let position = count.next;
  while (args.length < Number(value)) {
    const bulk = header(text, position, 'bulk');
    if (typeof bulk === 'string') return ended(bulk);
    const got = text[position].replace(/[\r\n]/, ' ');
    if (got !== '$') return error(`expected '$', got '${got}'`);
    const length = integer(bulk.digits);
    if (length === null || length < 0n || length > 536_870_912n)
      return error('invalid bulk length');
    if (!isLoggedIn && length > 16_384n) return error('unauthenticated bulk length');
    const end = bulk.next + Number(length);
    if (text.length < end + 2) return ended('waits');
    args.push(text.slice(bulk.next, end));
    position = end + 2;
  }
  return { args, position, end: '' };
}

function header(
  text: string,
  start: number,
  kind: string,
): { digits: string; next: number } | string {
  const nul = text.indexOf('\0', start);
  const end = text.indexOf('\r', start);
  if (end < 0 || (nul >= 0 && nul < end)) {
    if (text.length - start <= LINE_MAX) return 'waits';
    return `ERR Protocol error: too big ${kind} count string`;
  }
  if (end + 1 >= text.length) return 'waits';
  return { digits: text.slice(start + 1, end), next: end + 2 };
}

function integer(digits: string): bigint | null {
  if (!/^(0|-?[1-9]\d*)$/.test(digits)) return null;
  const value = BigInt(digits);
  return value < -(2n ** 63n) || value >= 2n ** 63n ? null : value;
}

function inline(text: string, start: number): Found {
  const nul = text.indexOf('\0', start);
  const end = text.indexOf('\n', start);
  const isHidden = end < 0 || (nul >= 0 && nul < end);
  if ((isHidden ? text.length : end) - start > LINE_MAX) {
    return ended('ERR Protocol error: too big inline request');
  }
  if (isHidden) return ended('waits');
  const line = text.slice(start, end).replace(/\r$/, '');
  if (/ HTTP\/1\.\d$/.test(line)) return ended('crossProtocol');
  const args = words(line);
  if (args === null) return ended('ERR Protocol error: unbalanced quotes in request');
  return { args, position: end + 1, end: '' };
}

const DOUBLE_QUOTED = String.raw`"(?:[^"\\]|\\[\s\S])*"(?![^ \t-\r])`;
const SINGLE_QUOTED = String.raw`'(?:[^'\\]|\\'|\\(?!'))*'(?![^ \t-\r])`;
const WORD = new RegExp(
  String.raw`([^ \t\n\r"'\v\f][^ \t\n\r"']*)?(${DOUBLE_QUOTED}|${SINGLE_QUOTED})|` +
    String.raw`([^ \t\n\r"'\v\f][^ \t\n\r"']*)(?!["'])(?=[ \t\n\r]|$)|[ \t-\r]+`,
  'y',
);

function words(line: string): string[] | null {
  const args: string[] = [];
  WORD.lastIndex = 0;
  while (WORD.lastIndex < line.length) {
    const match = WORD.exec(line);
    if (match === null) return null;
    const [, head = '', quoted, plain] = match;
    if (quoted !== undefined) args.push(head + unquoted(quoted));
    else if (plain !== undefined) args.push(plain);
  }
  return args;
}

function unquoted(quoted: string): string {
  const inner = quoted.slice(1, -1);
  if (quoted[0] === "'") return inner.replaceAll("\\'", "'");
  const named: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' };
  return inner.replace(/\\(?:x([\da-fA-F]{2})|([\s\S]))/g, (_, hex: string, one: string) => {
    return hex === undefined ? (named[one] ?? one) : String.fromCharCode(parseInt(hex, 16));
  });
}
