/** The first line of a script or library: `#!lua flags=no-writes`, `#!lua name=mylib`. */
import { Frame } from '../base/frame.ts';
import { splitInline } from '../protocol/inline.ts';

export interface ScriptFlags {
  /** No such line: the rules of scripts before 7.0. */
  readonly isCompatible: boolean;
  readonly isNoWrites: boolean;
  readonly allowsOom: boolean;
}

const COMPATIBLE: ScriptFlags = { isCompatible: true, isNoWrites: false, allowsOom: false };

export const FLAG_NAMES = [
  'no-writes',
  'allow-oom',
  'allow-stale',
  'no-cluster',
  'allow-cross-slot-keys',
] as const;

export function flagsOf(names: readonly string[]): ScriptFlags {
  const isNoWrites = names.includes('no-writes');
  return { isCompatible: false, isNoWrites, allowsOom: names.includes('allow-oom') };
}

export interface ScriptHeader {
  readonly flags: ScriptFlags;
  /** What Lua sees: the line is taken away, its end is kept for the counting of lines. */
  readonly body: string;
}

/** @returns the header, or the error's text */
export function parseScriptHeader(source: string): ScriptHeader | string {
  if (!source.startsWith('#!')) return { flags: COMPATIBLE, body: source };
  const end = source.indexOf('\n');
  if (end < 0) return 'ERR Invalid script shebang';
  const words = splitWords(source.slice(0, end));
  if (words === null || words.length === 0) return 'ERR Invalid engine in script shebang';
  if (words[0] !== '#!lua') return `ERR Unexpected engine in script shebang: ${words[0]}`;
  const names: string[] = [];
  for (const word of words.slice(1)) {
    if (!word.startsWith('flags=')) return `ERR Unknown lua shebang option: ${word}`;
    const list = word.slice('flags='.length);
    for (const name of list === '' ? [] : list.split(',')) {
      if (!isFlag(name)) return `ERR Unexpected flag in script shebang: ${name}`;
      names.push(name);
    }
  }
  return { flags: flagsOf(names), body: source.slice(end) };
}

export function isFlag(name: string): boolean {
  return (FLAG_NAMES as readonly string[]).includes(name);
}

export interface LibraryHeader {
  readonly engine: string;
  readonly name: string;
  readonly body: string;
}

/** @returns the header, or the error's text */
export function parseLibraryHeader(code: string): LibraryHeader | string {
  if (!code.startsWith('#!')) return 'ERR Missing library metadata';
  const end = code.indexOf('\n');
  const words = end < 0 ? null : splitWords(code.slice(0, end));
  if (words === null || words.length === 0) return 'ERR Invalid library metadata';
  let name: string | null = null;
  for (const word of words.slice(1)) {
    if (word.slice(0, 5).toLowerCase() !== 'name=') {
      return `ERR Invalid metadata value given: ${word}`;
    }
    if (name !== null) {
      return 'ERR Invalid metadata value, name argument was given multiple times';
    }
    name = word.slice(5);
  }
  if (name === null) return 'ERR Library name was not given';
  return { engine: words[0].slice(2), name, body: code.slice(end) };
}

/** Of libraries and of functions; Redis says "Library" of both. */
export const NAME_ERROR =
  'ERR Library names can only contain letters, numbers, or underscores(_) and must be at least ' +
  'one character long';

export function isValidName(name: string): boolean {
  return /^[A-Za-z0-9_]+$/.test(name);
}

function splitWords(line: string): string[] | null {
  const frame = new Frame();
  const bytes = Buffer.from(line, 'latin1');
  frame.attach(bytes);
  if (!splitInline(frame, bytes, 0, bytes.length)) return null;
  return Array.from({ length: frame.count }, (_, i) => frame.latin1(i));
}
