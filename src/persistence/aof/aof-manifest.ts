import { crc32 } from '../../base/digest/crc32.ts';
import { Frame } from '../../base/frame.ts';
import { splitInline } from '../../protocol/inline.ts';

/**
 * Which files make a log, as redis-server keeps it in `<appendfilename>.manifest`:
 *
 *     file appendonly.aof.2.base.rdb seq 2 type b
 *     file appendonly.aof.1.incr.aof seq 1 type h
 *     file appendonly.aof.2.incr.aof seq 2 type i
 *
 * At most one base; increments in the order in which they are applied; history may be removed.
 */
export type AofFileType = 'b' | 'i' | 'h';

export interface AofFile {
  readonly name: string;
  readonly sequence: number;
  readonly type: AofFileType;
}

/** A value: changes make a new one, so that it is kept only when it is on the disk. */
export interface AofManifest {
  readonly base: AofFile | null;
  /** Oldest first. */
  readonly increments: readonly AofFile[];
  readonly history: readonly AofFile[];
}

export const EMPTY_MANIFEST: AofManifest = { base: null, increments: [], history: [] };

/** @param appendFileName  setting `appendfilename` */
export function manifestName(appendFileName: string): string {
  return `${appendFileName}.manifest`;
}

/** With a further, empty increment, which is the one to be written from now on. */
export function withIncrement(manifest: AofManifest, appendFileName: string): AofManifest {
  const sequence = highest(manifest, (file) => file.type !== 'b' && isIncrement(file)) + 1;
  const name = `${appendFileName}.${sequence}.incr.aof`;
  return { ...manifest, increments: [...manifest.increments, { name, sequence, type: 'i' }] };
}

/** The name and sequence that the next base has. */
export function nextBase(
  manifest: AofManifest,
  appendFileName: string,
  format: 'rdb' | 'aof',
): AofFile {
  const sequence = highest(manifest, (file) => file.type === 'b' || !isIncrement(file)) + 1;
  return { name: `${appendFileName}.${sequence}.base.${format}`, sequence, type: 'b' };
}

/**
 * With a base that holds all but the last `keptCount` increments: what it replaces is history.
 */
export function withBase(manifest: AofManifest, base: AofFile, keptCount: number): AofManifest {
  const { increments, history } = manifest;
  const cut = increments.length - keptCount;
  const old = increments.slice(0, cut);
  const replaced = manifest.base === null ? old : [manifest.base, ...old];
  return {
    base,
    increments: increments.slice(cut),
    history: [...history, ...replaced.map((file): AofFile => ({ ...file, type: 'h' }))],
  };
}

export function withoutHistory(manifest: AofManifest): AofManifest {
  return { ...manifest, history: [] };
}

/** The file's text. Its first line, which redis-server skips, vouches for the others. */
export function encodeManifest(manifest: AofManifest): string {
  const { base, increments, history } = manifest;
  const files = [...(base === null ? [] : [base]), ...history, ...increments];
  const lines = files.map((file) => `${lineOf(file)}\n`).join('');
  return `${CHECK_MARK}${checkOf(lines)}\n${lines}`;
}

/**
 * Reads it by redis-server's rules.
 * @param text  each char a byte
 * @returns     the manifest, or what is wrong with which line
 */
export function parseManifest(text: string): AofManifest | { reason: string; line: number } {
  if (text === '') return { reason: 'the manifest is empty', line: 1 };
  if (text.startsWith(CHECK_MARK)) {
    const end = text.indexOf('\n');
    const isWhole = end >= 0 && text.slice(CHECK_MARK.length, end) === checkOf(text.slice(end + 1));
    if (!isWhole) return { reason: 'the checksum of the manifest is wrong', line: 1 };
  }
  const lines = text.split('\n');
  const isEnded = lines.pop() === '';
  const parts: Parts = { base: null, increments: [], history: [] };
  for (const [index, line] of lines.entries()) {
    const reason = line.startsWith('#') ? '' : takeLine(parts, line);
    if (reason !== '') return { reason, line: index + 1 };
  }
  if (!isEnded) return { reason: 'the last line has no end', line: lines.length + 1 };
  return parts;
}

const CHECK_MARK = '#hc crc=';

function checkOf(lines: string): string {
  const bytes = Buffer.from(lines, 'latin1');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return crc32(bytes, view, 0, bytes.length).toString(16).padStart(8, '0');
}

interface Parts {
  base: AofFile | null;
  readonly increments: AofFile[];
  readonly history: AofFile[];
}

/** @returns what is wrong with the line, or '' */
function takeLine(parts: Parts, line: string): string {
  if (line.length > LINE_BYTES_MAX) return 'the line is too long';
  const words = splitWords(line);
  if (words === null || words.length < 6 || words.length % 2 !== 0) return 'no line of a manifest';
  const file = { name: '', sequence: 0, type: '' };
  for (let i = 0; i < words.length; i += 2) {
    const [word, value] = [words[i].toLowerCase(), words[i + 1]];
    if (word === 'file') file.name = value;
    else if (word === 'seq') file.sequence = /^\d{1,15}$/.test(value) ? Number(value) : 0;
    else if (word === 'type') file.type = value;
  }
  const { name, sequence, type } = file;
  if (name === '' || sequence === 0 || type === '') return 'no line of a manifest';
  if (/[/\\]/.test(name) || name === '.' || name === '..') return 'a file is named by a path';
  if (type === 'b') {
    if (parts.base !== null) return 'there are two bases';
    parts.base = { name, sequence, type };
  } else if (type === 'h') {
    parts.history.push({ name, sequence, type });
  } else if (type === 'i') {
    const last = parts.increments.at(-1);
    if (last !== undefined && sequence <= last.sequence) return 'the sequence does not grow';
    parts.increments.push({ name, sequence, type });
  } else return 'the type of a file is unknown';
  return '';
}

function splitWords(line: string): string[] | null {
  const frame = new Frame();
  const bytes = new Uint8Array(Buffer.from(line, 'latin1'));
  frame.attach(bytes);
  if (!splitInline(frame, bytes, 0, bytes.length)) return null;
  return Array.from({ length: frame.count }, (_, i) => frame.latin1(i));
}

/** A name with blanks or quotes stands in quotes, as redis-server writes it. */
function quoted(name: string): string {
  if (/^[!#-&(-[\]-~]+$/.test(name)) return name;
  const escaped = name.replace(/["\\]/g, '\\$&').replace(/[^ -~]/g, (char) => {
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `"${escaped}"`;
}

const LINE_BYTES_MAX = 1024;

function lineOf({ name, sequence, type }: AofFile): string {
  return `file ${quoted(name)} seq ${sequence} type ${type}`;
}

function isIncrement(file: AofFile): boolean {
  return file.name.endsWith('.incr.aof');
}

function highest(manifest: AofManifest, accepts: (file: AofFile) => boolean): number {
  const { base, increments, history } = manifest;
  const files = [...(base === null ? [] : [base]), ...increments, ...history];
  return files.filter(accepts).reduce((most, file) => Math.max(most, file.sequence), 0);
}
