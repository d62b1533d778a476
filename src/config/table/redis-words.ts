/**
 * The words of one line as redis-server splits them (sdssplitargs): blanks separate, "..." knows
 * \n \r \t \b \a \\ \" and \xHH, '...' knows \' only, and a closing quote must end its word.
 * @returns null when quotes do not balance
 */
export function splitRedisWords(line: string): string[] | null {
  const words: string[] = [];
  let at = skipBlanks(line, 0);
  while (at < line.length) {
    const word = readWord(line, at);
    if (word === null) return null;
    words.push(word.text);
    at = skipBlanks(line, word.end);
  }
  return words;
}

/** As sdscatrepr writes it, quotes in any case. */
export function quoteAlways(word: string): string {
  let quoted = '"';
  for (const character of word) {
    const named = ESCAPES_OUT[character];
    if (named !== undefined) quoted += named;
    else if (character < ' ' || character === '\x7f') quoted += hexEscape(character);
    else quoted += character;
  }
  return `${quoted}"`;
}

const ESCAPES_IN: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  a: '\x07',
};

const ESCAPES_OUT: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\x07': '\\a',
};

function hexEscape(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

function readWord(line: string, start: number): { text: string; end: number } | null {
  let text = '';
  let at = start;
  while (at < line.length && !isBlank(line, at)) {
    const quote = line[at]!;
    if (quote !== '"' && quote !== "'") {
      text += quote;
      at++;
      continue;
    }
    const quoted = quote === '"' ? readDoubleQuoted(line, at + 1) : readSingleQuoted(line, at + 1);
    if (quoted === null) return null;
    if (quoted.end < line.length && !isBlank(line, quoted.end)) return null;
    text += quoted.text;
    at = quoted.end;
  }
  return { text, end: at };
}

function readDoubleQuoted(line: string, start: number): { text: string; end: number } | null {
  let text = '';
  let at = start;
  while (at < line.length) {
    const character = line[at]!;
    if (character === '"') return { text, end: at + 1 };
    if (character !== '\\' || at + 1 === line.length) {
      text += character;
      at++;
      continue;
    }
    const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(at + 1, at + 4));
    if (hex !== null) {
      text += String.fromCharCode(Number.parseInt(hex[1]!, 16));
      at += 4;
    } else {
      text += ESCAPES_IN[line[at + 1]!] ?? line[at + 1]!;
      at += 2;
    }
  }
  return null;
}

function readSingleQuoted(line: string, start: number): { text: string; end: number } | null {
  let text = '';
  for (let at = start; at < line.length; at++) {
    if (line[at] === '\\' && line[at + 1] === "'") {
      text += "'";
      at++;
    } else if (line[at] === "'") {
      return { text, end: at + 1 };
    } else {
      text += line[at];
    }
  }
  return null;
}

function skipBlanks(line: string, start: number): number {
  let at = start;
  while (at < line.length && isBlank(line, at)) at++;
  return at;
}

function isBlank(line: string, at: number): boolean {
  const code = line.charCodeAt(at);
  return code === 32 || (code >= 9 && code <= 13) || code === 0;
}
