/**
 * The house rules as pure functions over a set of files: path -> text. Each returns breaches
 * `{ rule, file, line, text }`; none reads the disk, so that planted breaches meet the same code.
 */
import path from 'node:path';
import { checkImports } from './import-rules.mjs';
import { findFunctions, findImports, scan } from './scan-source.mjs';

/** Word -> what to use instead. Looked for in code, not in comments or texts. */
const BANNED_WORDS = [
  [/(?<![.\w])console\./, 'the log of observability/logging, or world.host.writeOut'],
  [/\bDate\.now\b|\bnew Date\(\s*\)/, 'world.clock.wallMs or the turn clock'],
  [/(?<![\w])performance\.now\b/, 'world.clock.monotonicMs'],
  [/\bMath\.random\b/, 'world.random'],
  [/(?<![.\w])setTimeout\b/, 'world.timers.after'],
  [/(?<![.\w])setInterval\b/, 'world.timers.every'],
  [/(?<![.\w])setImmediate\b/, 'world.timers.atTurnEnd'],
  [/(?<![.\w])process\./, 'world.host'],
  [/(?<![.\w])eval\(|\bnew Function\(/, 'a parser'],
];
/** Tests of a room may measure and choose a seed; they may not sleep or print. */
const BANNED_IN_TESTS = /console|setTimeout|setInterval/;
const BANNED_EVERYWHERE = [
  [/\bas any\b|:\s*any\b(?!\w)|<any>/, 'a narrower type'],
  [/(?<![.\w])debugger\b/, 'nothing'],
];
const BANNED_TEXT = [
  ['suppression', /@ts-(?:ignore|expect-error|nocheck)\b/, 'mend the type'],
  ['unfinished', /\b(?:TODO|FIXME|XXX|HACK)\b/, 'do it, or open an issue'],
  ['machine-path', /(?<![\w.])\/(?:work|home|root|Users)\/\w/, 'a relative path'],
  [
    'commented-code',
    /^\s*\/\/\s*(?:(?:const|let|var|return|import|export|throw)\s.*;|(?:if|for|while) \(.*\{?)$/m,
    'delete it',
  ],
];

/**
 * @param files  Map of path (from the repository's top, with `/`) to text
 * @param map    the exports of rooms.mjs
 */
export function checkAll(files, map) {
  const sources = new Map();
  for (const [file, text] of files) sources.set(file, readSource(file, text));
  const breaches = [];
  for (const source of sources.values()) {
    checkShape(source, map.CEILINGS, breaches);
    checkWords(source, breaches);
  }
  checkFolders(sources, map.CEILINGS, breaches);
  checkImports(sources, map, breaches);
  checkCommandTable(sources, breaches);
  checkMetricTable(sources, breaches);
  return withoutExceptions(breaches, files, map.EXCEPTIONS);
}

function withoutExceptions(breaches, files, exceptions) {
  const isExcepted = (breach, row) => breach.rule === row.rule && breach.file === row.file;
  const left = breaches.filter((breach) => !exceptions.some((row) => isExcepted(breach, row)));
  for (const row of exceptions) {
    if (!files.has(row.file) || breaches.some((breach) => isExcepted(breach, row))) continue;
    const text = `${row.rule} is not broken any more: take it out of rooms.mjs`;
    left.push({ rule: 'exception-unused', file: row.file, line: 1, text });
  }
  return left;
}

function readSource(file, text) {
  const { code, uncommented } = scan(text);
  return {
    file,
    text,
    code,
    uncommented,
    lines: text.split('\n'),
    isTest: /\.test\.(ts|mjs)$/.test(file) || file.startsWith('src/testing/'),
    isSource: file.startsWith('src/'),
    imports: findImports(uncommented),
  };
}

function checkShape(source, ceilings, breaches) {
  const { file, lines } = source;
  const lineCount = source.text.endsWith('\n') ? lines.length - 1 : lines.length;
  if (lineCount > ceilings.fileLines) {
    breaches.push({ rule: 'file-lines', file, line: lineCount, text: `${lineCount} lines` });
  }
  for (let i = 0; i < lines.length; i++) {
    if (lines[i].length > ceilings.columns) {
      breaches.push({ rule: 'columns', file, line: i + 1, text: `${lines[i].length} columns` });
    }
  }
  if (!/\.test\.(ts|mjs)$/.test(file)) {
    for (const { line, lastLine } of findFunctions(source.code)) {
      const length = lastLine - line + 1;
      if (length > ceilings.functionLines) {
        breaches.push({
          rule: 'function-lines',
          file,
          line,
          text: `a function of ${length} lines`,
        });
      }
    }
  }
  const name = path.posix.basename(file);
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test|\.d)?\.(?:tsx?|mjs)$/.test(name)) {
    breaches.push({ rule: 'file-name', file, line: 1, text: 'not in kebab-case' });
  }
}

function checkWords(source, breaches) {
  const { file, code, text, isTest, isSource } = source;
  const isWorld = file.startsWith('src/world/');
  if (isSource && !isWorld) {
    for (const [word, instead] of BANNED_WORDS) {
      if (isTest && !BANNED_IN_TESTS.test(word.source)) continue;
      report('banned-word', code, word, instead);
    }
  }
  for (const [word, instead] of BANNED_EVERYWHERE) {
    if (file.endsWith('.ts')) report('banned-word', code, word, instead);
  }
  for (const [rule, word, instead] of BANNED_TEXT) {
    // These files name the words in order to ban them.
    if (!file.startsWith('scripts/tidy')) report(rule, text, word, instead);
  }
  function report(rule, where, word, instead) {
    const match = new RegExp(word.source, word.flags).exec(where);
    if (!match) return;
    const start = match.index + match[0].length - match[0].trimStart().length;
    const line = where.slice(0, start).split('\n').length;
    breaches.push({ rule, file, line, text: `${match[0].trim()} -> ${instead}` });
  }
}

function checkFolders(sources, ceilings, breaches) {
  const counts = new Map();
  for (const { file, isTest, isSource } of sources.values()) {
    if (!isSource || isTest) continue;
    const folder = path.posix.dirname(file);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  for (const [folder, count] of counts) {
    if (count > ceilings.folderFiles) {
      breaches.push({ rule: 'folder-files', file: folder, line: 0, text: `${count} files` });
    }
  }
}

const ROW_EXPORT =
  /export const (\w+)\s*(?::\s*(?:readonly\s+)?CommandRow\b|=[^;]*satisfies\s+CommandRow\b)/g;

/** A command nobody can call is dead; a row without help is half a command. */
function checkCommandTable(sources, breaches) {
  const table = sources.get('src/commands/command-table.ts');
  if (!table) return;
  const reached = reachableFrom('src/commands/command-table.ts', sources);
  for (const source of sources.values()) {
    const { file, isTest, uncommented } = source;
    if (isTest || !/^src\/commands\/[^/]+\/.*\.ts$/.test(file)) continue;
    const rows = [...uncommented.matchAll(ROW_EXPORT)].map((match) => match[1]);
    if (rows.length === 0) continue;
    if (!reached.has(file)) {
      breaches.push({ rule: 'command-table', file, line: 1, text: 'not in command-table.ts' });
    }
    const others = [...sources.values()].filter((other) => other !== source && !other.isTest);
    for (const row of rows) {
      const word = new RegExp(`\\b${row}\\b`);
      const isUsedHere = source.code.split(word).length > 2;
      if (!isUsedHere && !others.some((other) => word.test(other.code))) {
        breaches.push({ rule: 'command-table', file, line: 1, text: `row ${row} is in no table` });
      }
    }
    checkRowHelp(source, breaches);
  }
}

function checkRowHelp({ file, uncommented }, breaches) {
  for (const field of ['summary', 'complexity', 'since']) {
    const empty = new RegExp(`\\b${field}:\\s*(?:''|"")`).exec(uncommented);
    if (empty) {
      const line = uncommented.slice(0, empty.index).split('\n').length;
      breaches.push({ rule: 'command-help', file, line, text: `a row has an empty ${field}` });
    }
  }
}

function reachableFrom(start, sources) {
  const reached = new Set();
  const waiting = [start];
  while (waiting.length > 0) {
    const file = waiting.pop();
    if (reached.has(file) || !sources.has(file)) continue;
    reached.add(file);
    for (const { target } of sources.get(file).imports) {
      if (target.startsWith('.')) {
        waiting.push(path.posix.join(path.posix.dirname(file), target));
      }
    }
  }
  return reached;
}

const COUNTED_ROW = /^ {2}(\w+): (?:counted|level)\(/gm;

/** A metric that nothing counts shows a false zero for ever. */
function checkMetricTable(sources, breaches) {
  const file = 'src/observability/metrics/metric-table.ts';
  const table = sources.get(file);
  if (!table) return;
  const names = [...table.uncommented.matchAll(COUNTED_ROW)].map((match) => match[1]);
  const users = [...sources.values()].filter((source) => source !== table && !source.isTest);
  for (const name of names) {
    const use = new RegExp(`\\bMETRIC\\.${name}\\b`);
    if (!users.some((source) => use.test(source.code))) {
      breaches.push({ rule: 'metric-unused', file, line: 1, text: `nothing bumps METRIC.${name}` });
    }
  }
}
