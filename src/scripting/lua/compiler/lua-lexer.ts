/**
 * Lua 5.1 source into tokens, one at a time, with the texts of its errors (llex.c). A token is its
 * own spelling ("and", "==", "("), or "<name>", "<string>", "<number>", "<eof>" with its value
 * beside it.
 */
import { parseLuaNumber } from '../lua-number.ts';
import { LuaError } from '../lua-value.ts';

const KEYWORDS: ReadonlySet<string> = new Set(
  (
    'and break do else elseif end false for function if in local nil not or repeat return then' +
    ' true until while'
  ).split(' '),
);
const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const VALUED = new Set(['<name>', '<string>', '<number>']);

/** How a chunk is named in messages (luaO_chunkid). */
export function shownChunkName(chunkName: string): string {
  const kind = chunkName.charAt(0);
  if (kind === '=') return chunkName.slice(1, 60);
  if (kind === '@') {
    const name = chunkName.slice(1);
    return name.length > 52 ? `...${name.slice(name.length - 52)}` : name;
  }
  const firstLine = /^[^\n\r]*/.exec(chunkName)![0];
  const shown = firstLine.slice(0, 43);
  return shown.length < chunkName.length ? `[string "${shown}..."]` : `[string "${shown}"]`;
}

export class LuaLexer {
  token = '<eof>';
  text = '';
  number = 0;
  /** Line of the current token. */
  line = 1;
  /** Line of the last token that was consumed. */
  lastLine = 1;
  private readonly source: string;
  private readonly name: string;
  private position = 0;
  /** Spelling of the last token read, as messages quote it. */
  private spelling = '';
  private ahead: { token: string; text: string; number: number } | null = null;

  constructor(source: string, chunkName: string) {
    this.source = source;
    this.name = shownChunkName(chunkName);
    this.advance();
  }

  advance(): void {
    this.lastLine = this.line;
    if (this.ahead === null) {
      this.token = this.scan();
      return;
    }
    this.token = this.ahead.token;
    this.text = this.ahead.text;
    this.number = this.ahead.number;
    this.ahead = null;
  }

  /** The token after the current one, which stays current. */
  peek(): string {
    const { token, text, number } = this;
    this.ahead = { token: this.scan(), text: this.text, number: this.number };
    this.token = token;
    this.text = text;
    this.number = number;
    return this.ahead.token;
  }

  /** An error near the current token. */
  syntaxError(message: string): LuaError {
    return this.errorNear(message, VALUED.has(this.token) ? this.spelling : this.token);
  }

  /** @param near  what is quoted, or null for nothing */
  errorNear(message: string, near: string | null): LuaError {
    const where = `${this.name}:${this.line}: ${message}`;
    // Of a zero byte Lua's own code believes that it is no token.
    const isShown = near !== null && near !== '\0';
    return new LuaError(isShown ? `${where} near '${quotable(near)}'` : where, 0);
  }

  private scan(): string {
    const source = this.source;
    for (;;) {
      const start = this.position;
      const c = source.charAt(start);
      if (c === '') return '<eof>';
      switch (c) {
        case '\n':
        case '\r':
          this.skipNewline();
          continue;
        case ' ':
        case '\t':
        case '\v':
        case '\f':
          this.position++;
          continue;
        case '-':
          if (source.charAt(start + 1) !== '-') return this.take('-');
          this.skipComment();
          continue;
        case '[': {
          const level = this.longBracketLevel(start);
          if (level >= 0) return this.scanLong(level, 'string');
          if (level === -1) return this.take('[');
          this.position = start - level;
          throw this.errorNear('invalid long string delimiter', source.slice(start, start - level));
        }
        case '=':
        case '<':
        case '>':
        case '~':
          return this.take(source.charAt(start + 1) === '=' ? `${c}=` : c);
        case '"':
        case "'":
          return this.scanString(c);
        case '.':
          if (isDigit(source.charCodeAt(start + 1))) return this.scanNumber();
          if (source.startsWith('...', start)) return this.take('...');
          return this.take(source.charAt(start + 1) === '.' ? '..' : '.');
        default:
          return this.scanWord(c);
      }
    }
  }

  private take(token: string): string {
    this.position += token.length;
    return token;
  }

  private scanWord(c: string): string {
    const start = this.position;
    if (isDigit(c.charCodeAt(0))) return this.scanNumber();
    if (!isWordCode(c.charCodeAt(0))) return this.take(c);
    let end = start + 1;
    while (isWordCode(this.source.charCodeAt(end))) end++;
    this.position = end;
    const word = this.source.slice(start, end);
    if (KEYWORDS.has(word)) return word;
    this.text = word;
    this.spelling = word;
    return '<name>';
  }

  private scanNumber(): string {
    const source = this.source;
    const start = this.position;
    let end = start;
    while (isDigit(source.charCodeAt(end)) || source.charAt(end) === '.') end++;
    if (source.charAt(end) === 'e' || source.charAt(end) === 'E') {
      end++;
      if (source.charAt(end) === '+' || source.charAt(end) === '-') end++;
    }
    while (isWordCode(source.charCodeAt(end))) end++;
    this.position = end;
    this.spelling = source.slice(start, end);
    const number = parseLuaNumber(this.spelling);
    if (number === undefined) throw this.errorNear('malformed number', this.spelling);
    this.number = number;
    return '<number>';
  }

  private scanString(quote: string): string {
    const source = this.source;
    let text = '';
    let at = this.position + 1;
    let runStart = at;
    for (;;) {
      const c = source.charAt(at);
      if (c === quote) break;
      if (c === '') throw this.errorNear('unfinished string', '<eof>');
      if (c === '\n' || c === '\r') {
        throw this.errorNear('unfinished string', quote + text + source.slice(runStart, at));
      }
      if (c !== '\\') {
        at++;
        continue;
      }
      text += source.slice(runStart, at);
      this.position = at + 1;
      text += this.scanEscape(quote + text);
      at = this.position;
      runStart = at;
    }
    text += source.slice(runStart, at);
    this.position = at + 1;
    this.text = text;
    this.spelling = quote + text + quote;
    return '<string>';
  }

  /** After the backslash. @param before  what the message quotes */
  private scanEscape(before: string): string {
    const c = this.source.charAt(this.position);
    if (c === '') return '';
    if (c === '\n' || c === '\r') {
      this.skipNewline();
      return '\n';
    }
    if (!isDigit(c.charCodeAt(0))) {
      this.position++;
      return ESCAPES[c] ?? c;
    }
    const digits = /^\d{1,3}/.exec(this.source.slice(this.position, this.position + 3))![0];
    this.position += digits.length;
    if (Number(digits) > 255) throw this.errorNear('escape sequence too large', before);
    return String.fromCharCode(Number(digits));
  }

  private skipComment(): void {
    this.position += 2;
    if (this.source.charAt(this.position) === '[') {
      const level = this.longBracketLevel(this.position);
      if (level >= 0) {
        this.scanLong(level, 'comment');
        return;
      }
    }
    const source = this.source;
    let at = this.position;
    while (at < source.length && source.charAt(at) !== '\n' && source.charAt(at) !== '\r') at++;
    this.position = at;
  }

  /** Of "[", some "=", "[": how many "="; else -1 less the number of "=". */
  private longBracketLevel(start: number): number {
    let at = start + 1;
    while (this.source.charAt(at) === '=') at++;
    const count = at - start - 1;
    return this.source.charAt(at) === '[' ? count : -count - 1;
  }

  private scanLong(level: number, kind: string): string {
    const source = this.source;
    const open = `[${'='.repeat(level)}[`;
    const close = `]${'='.repeat(level)}]`;
    let text = '';
    this.position += open.length;
    if (isNewline(source.charCodeAt(this.position))) this.skipNewline();
    let at = this.position;
    for (;;) {
      const c = source.charCodeAt(at);
      if (at >= source.length) {
        this.position = at;
        throw this.errorNear(`unfinished long ${kind}`, '<eof>');
      }
      if (c === 0x5d && source.startsWith(close, at)) break;
      if (!isNewline(c)) {
        at++;
        continue;
      }
      text += `${source.slice(this.position, at)}\n`;
      this.position = at;
      this.skipNewline();
      at = this.position;
    }
    text += source.slice(this.position, at);
    this.position = at + close.length;
    if (kind === 'comment') return '';
    this.text = text;
    this.spelling = open + text + close;
    return '<string>';
  }

  /** "\n", "\r", "\r\n" and "\n\r" are one line end. */
  private skipNewline(): void {
    const first = this.source.charCodeAt(this.position++);
    const second = this.source.charCodeAt(this.position);
    if (isNewline(second) && second !== first) this.position++;
    this.line++;
  }
}

/** As C prints it: up to a zero byte, a control character by its code. */
function quotable(near: string): string {
  const end = near.indexOf('\0');
  const text = end > 0 ? near.slice(0, end) : near;
  const code = text.charCodeAt(0);
  return text.length === 1 && (code < 32 || code === 127) ? `char(${code})` : text;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isNewline(code: number): boolean {
  return code === 0x0a || code === 0x0d;
}

function isWordCode(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    code === 0x5f ||
    isDigit(code)
  );
}
