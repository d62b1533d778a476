/**
 * Just enough reading of TypeScript for the house rules: which characters are code, comment or
 * text, where functions begin and end, what is imported. TypeScript 7 has no JavaScript API to
 * borrow a parser from, and a whole parser would cost tidy its two seconds.
 */

/** A `/` after one of these starts a regular expression, not a division. */
const REGEX_MAY_FOLLOW =
  /(?:[=(,:;!&|?{}[+\-*%~^<>]|\b(?:return|typeof|case|in|of|yield|await))\s*$/;

/**
 * Blanks out comments and the contents of strings, templates and regular expressions, keeping every
 * offset and line break. Code inside `${}` stays.
 * @returns `code` without comments and texts; `uncommented` without comments only
 */
export function scan(text) {
  const code = text.split('');
  const uncommented = text.split('');
  const templates = [];
  let depth = 0;
  let i = 0;
  const blank = (list, from, to) => {
    for (let k = from; k < to; k++) if (text[k] !== '\n') list[k] = ' ';
  };
  while (i < text.length) {
    const two = text.slice(i, i + 2);
    const char = text[i];
    if (two === '//' || two === '/*' || (i === 0 && two === '#!')) {
      const end = two === '/*' ? indexAfter(text, '*/', i + 2) : indexOfLineEnd(text, i);
      blank(code, i, end);
      blank(uncommented, i, end);
      i = end;
    } else if (char === "'" || char === '"') {
      const end = quotedEnd(text, i, char);
      blank(code, i + 1, end - 1);
      i = end;
    } else if (char === '`' || (char === '}' && templates.at(-1) === depth)) {
      if (char === '}') templates.pop();
      const end = templateEnd(text, i + 1);
      if (text[end - 1] === '{') templates.push(depth);
      blank(code, i + 1, end - 1);
      // The braces of `${}` are no blocks.
      if (char === '}') code[i] = ' ';
      if (text[end - 1] === '{') code[end - 1] = ' ';
      i = end;
    } else if (char === '/' && REGEX_MAY_FOLLOW.test(code.slice(Math.max(0, i - 40), i).join(''))) {
      const end = regexEnd(text, i);
      blank(code, i + 1, end - 1);
      i = end;
    } else {
      if (char === '{') depth++;
      if (char === '}') depth--;
      i++;
    }
  }
  return { code: code.join(''), uncommented: uncommented.join('') };
}

function indexAfter(text, mark, from) {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at + mark.length;
}

function indexOfLineEnd(text, from) {
  const at = text.indexOf('\n', from);
  return at < 0 ? text.length : at;
}

function quotedEnd(text, from, quote) {
  let i = from + 1;
  while (i < text.length && text[i] !== quote && text[i] !== '\n') i += text[i] === '\\' ? 2 : 1;
  return Math.min(i + 1, text.length);
}

/** @returns index after the closing backtick, or after the `{` of the next `${` */
function templateEnd(text, from) {
  let i = from;
  while (i < text.length) {
    if (text[i] === '`') return i + 1;
    if (text[i] === '$' && text[i + 1] === '{') return i + 2;
    i += text[i] === '\\' ? 2 : 1;
  }
  return text.length;
}

function regexEnd(text, from) {
  let isClass = false;
  let i = from + 1;
  while (i < text.length && text[i] !== '\n') {
    if (text[i] === '[') isClass = true;
    else if (text[i] === ']') isClass = false;
    else if (text[i] === '/' && !isClass) return i + 1;
    i += text[i] === '\\' ? 2 : 1;
  }
  return i;
}

const CONTROL = 'if|for|while|switch|catch|do|try|finally|with';
const DECLARATION = 'class|interface|enum|namespace|declare|type';
const NOT_A_FUNCTION = new RegExp(
  `^(?:\\}?\\s*(?:else\\s+)?(?:${CONTROL})\\b|` +
    `(?:export\\s+)?(?:default\\s+)?(?:abstract\\s+)?(?:${DECLARATION})\\b|import\\b)`,
);

/**
 * @param code  as `scan` returns it
 * @returns for each function, method or arrow with a body: its first and last line, from 1
 */
export function findFunctions(code) {
  const functions = [];
  const open = [];
  let headStart = 0;
  let parens = 0;
  for (let i = 0; i < code.length; i++) {
    const char = code[i];
    if (char === '(' || char === '[') parens++;
    else if (char === ')' || char === ']') parens--;
    else if (char === '{') {
      const head = code.slice(headStart, i).trim();
      const start = i - code.slice(headStart, i).trimStart().length;
      open.push({ isFunction: isFunctionHead(head, parens > 0), start, parens, headStart });
      headStart = i + 1;
      parens = 0;
    } else if (char === '}') {
      const block = open.pop();
      if (!block) continue;
      if (block.isFunction) {
        functions.push({ line: lineOf(code, block.start), lastLine: lineOf(code, i) });
      }
      parens = block.parens;
      // A braced type or default inside a head, `f(o: { a: 1 }) {`, leaves the head going on.
      headStart = parens > 0 && !block.isFunction ? block.headStart : i + 1;
    } else if ((char === ';' || char === ',') && parens === 0) headStart = i + 1;
  }
  return functions;
}

function isFunctionHead(head, isInsideParentheses) {
  if (/=>$/.test(head)) return true;
  if (isInsideParentheses) return /\bfunction\b[^()]*\([^()]*\)\s*$/.test(head);
  if (NOT_A_FUNCTION.test(head)) return false;
  if (/\bfunction\b/.test(head)) return true;
  return /\)\s*$/.test(head) || /\)\s*:[^=;]*$/.test(head);
}

function lineOf(text, offset) {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

const IMPORT = new RegExp(
  `(?:^|[;\\n])\\s*(import|export)\\s+(type\\s+)?(?:([\\w*{}\\s,$]+?)\\s+from\\s+)?` +
    `['"]([^'"]+)['"]|\\bimport\\(\\s*['"]([^'"]+)['"]\\s*\\)`,
  'g',
);

/** @returns every module named: `{ target, isType, isExport, isAll, isLazy }` */
export function findImports(uncommented) {
  const found = [];
  for (const match of uncommented.matchAll(IMPORT)) {
    const names = match[3] ?? '';
    const isBraced = /^\{[^}]*\}$/.test(names.trim());
    const listed = isBraced ? names.replace(/[{}]/g, '').split(',') : [];
    const isTypesOnly = listed.length > 0 && listed.every((name) => /^\s*(type\s|$)/.test(name));
    found.push({
      target: match[4] ?? match[5],
      isType: Boolean(match[2]) || isTypesOnly,
      isExport: match[1] === 'export',
      isAll: match[1] === 'export' && names.trim().startsWith('*'),
      isLazy: match[5] !== undefined,
    });
  }
  return found;
}
