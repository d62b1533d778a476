const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' };
const PARTS = /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\')*)'|([^\s"']+))(?=\s|$)/y;

/**
 * Words of a line as redis-cli parts them: in double quotes with escapes, in single ones as it is.
 * @returns null when a quote is not closed, or text follows one without a blank
 */
export function parseLine(line: string): string[] | null {
  const words: string[] = [];
  const trimmed = line.trim();
  PARTS.lastIndex = 0;
  while (PARTS.lastIndex < trimmed.length) {
    const found = PARTS.exec(trimmed);
    if (found === null) return null;
    const [, quoted, plain, bare] = found;
    if (quoted !== undefined) words.push(plainText(quoted));
    else words.push(plain?.replaceAll("\\'", "'") ?? bare!);
  }
  return words;
}

function plainText(quoted: string): string {
  return quoted.replace(/\\(?:x([0-9a-f]{2})|(.))/gi, (_, hex?: string, char = '') => {
    return hex === undefined
      ? (ESCAPES[char] ?? char)
      : String.fromCharCode(Number.parseInt(hex, 16));
  });
}
