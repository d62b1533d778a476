import type { Document, LineCounter, Node, ParsedNode, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { RawSetting, Source } from './raw-setting.ts';
import { emptySource } from './raw-setting.ts';

export type Yaml = typeof import('yaml');

/** Settings are two levels deep, stores four: what goes deeper is no configuration. */
const DEPTH_MAX = 6;
const SETTING_COUNT_MAX = 10_000;

/**
 * Reads a YAML (or JSON) file into settings named by their path. Scalars keep the text they are
 * written with, so that a password of digits stays what it is.
 * @param yaml      the library, loaded only where there is a file to read
 * @param fileName  for messages
 */
export function readYamlFile(yaml: Yaml, text: string, fileName: string): Source {
  const lineCounter = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { lineCounter, strict: true, uniqueKeys: true });
  const source = emptySource();
  const reading: Reading = { yaml, document, lineCounter, fileName, source };
  for (const error of document.errors) {
    const { line } = lineCounter.linePos(error.pos[0]);
    const reason = error.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
    source.problems.push({ where: `${fileName}:${line}`, reason });
  }
  if (source.problems.length > 0 || document.contents === null) return source;
  if (!yaml.isMap(document.contents)) {
    source.problems.push({ where: `${fileName}:1`, reason: 'must hold settings, as in `node:`' });
    return source;
  }
  readMap(document.contents, '', 0, reading);
  return source;
}

interface Reading {
  readonly yaml: Yaml;
  readonly document: Document;
  readonly lineCounter: LineCounter;
  readonly fileName: string;
  readonly source: Source;
}

function readMap(map: YAMLMap, prefix: string, depth: number, reading: Reading): void {
  for (const { key, value } of map.items) {
    const where = whereOf(key as Node, reading);
    const name = textOf(key as Node, reading);
    if (name === null) {
      reading.source.problems.push({ where, reason: 'a setting must have a plain name' });
      continue;
    }
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const node = resolve(value as Node | null, reading);
    if (path === 'stores' || path === 'cache.stores') readStores(node, where, reading);
    else readNode(node, path, { where, depth, reading });
  }
}

interface Place {
  readonly where: string;
  readonly depth: number;
  readonly reading: Reading;
}

function readNode(node: Node | null, path: string, { where, depth, reading }: Place): void {
  const { yaml, source } = reading;
  if (depth >= DEPTH_MAX || source.settings.length >= SETTING_COUNT_MAX) {
    source.problems.push({ where, reason: `'${path}' holds more than a configuration can` });
    return;
  }
  if (yaml.isMap(node)) {
    readMap(node, path, depth + 1, reading);
    return;
  }
  const words = yaml.isSeq(node) ? textsOf(node, reading) : [textOf(node, reading) ?? ''];
  if (words === null) {
    source.problems.push({ where, reason: `'${path}' must be a list of plain values` });
    return;
  }
  source.settings.push({
    name: path,
    form: 'path',
    words,
    isList: yaml.isSeq(node),
    source: 'file',
    where,
  });
}

/** `stores:` is a list of maps; a map inside (`persistence: {strategy: aof}`) adds a dot. */
function readStores(node: Node | null, where: string, reading: Reading): void {
  const { yaml, source } = reading;
  if (node === null || (yaml.isScalar(node) && node.value === null)) return;
  if (!yaml.isSeq(node)) {
    source.problems.push({ where, reason: "'stores' must be a list" });
    return;
  }
  for (const item of node.items) {
    const store = resolve(item as Node, reading);
    const itemWhere = whereOf(item as Node, reading);
    if (!yaml.isMap(store)) {
      source.problems.push({ where: itemWhere, reason: 'a store must have a name: and settings' });
      continue;
    }
    const inner: Reading = { ...reading, source: emptySource() };
    readMap(store, '', 2, inner);
    source.problems.push(...inner.source.problems);
    source.stores.push({ fields: inner.source.settings as RawSetting[], where: itemWhere });
  }
}

function resolve(node: Node | null, { yaml, document }: Reading): Node | null {
  return yaml.isAlias(node) ? (node.resolve(document) ?? null) : node;
}

function textsOf(sequence: YAMLSeq, reading: Reading): string[] | null {
  const texts: string[] = [];
  for (const item of sequence.items) {
    const text = textOf(resolve(item as Node, reading), reading);
    if (text === null) return null;
    texts.push(text);
  }
  return texts;
}

/** The text of a scalar as written; '' for null; null for anything else. */
function textOf(node: Node | null, { yaml }: Reading): string | null {
  if (!yaml.isScalar(node)) return null;
  const scalar = node as Scalar & Pick<ParsedNode, 'range'>;
  if (scalar.value === null) return '';
  if (typeof scalar.value === 'string') return scalar.value;
  return scalar.source ?? String(scalar.value);
}

function whereOf(node: Node, { fileName, lineCounter }: Reading): string {
  const offset = node.range?.[0];
  return offset === undefined ? fileName : `${fileName}:${lineCounter.linePos(offset).line}`;
}
