/**
 * Compiled scripts, found by the bytes of their source or of their SHA-1 without a string being
 * made. Scripts that came by SCRIPT LOAD stay until SCRIPT FLUSH; of those that came by EVAL the
 * ones not used for longest go when they are too many. Scripts that other nodes tell of are not
 * compiled before they are used.
 */

import { sha1 } from '../base/digest/sha1.ts';
import type { Frame } from '../base/frame.ts';
import { hashBytes } from '../base/hash.ts';
import type { CompiledScript } from './compile-script.ts';
import { latin1Text } from './latin1-text.ts';
import type { LuaFunction } from './lua/lua-value.ts';
import { parseScriptHeader, type ScriptFlags } from './script-header.ts';

const COUNT_MAX = 5_000;
/** Sources and their code, roughly. */
const BYTES_MAX = 256 * 1024 * 1024;
/** So many are dropped at once, so that looking for the oldest is rare. */
const DROPPED_SHARE = 10;
const DIGEST_LENGTH = 40;
/** What a script holds beside its source and code. */
const SCRIPT_BYTES = 1_000;

export interface CachedScript {
  /** 40 hexadecimal digits in lower case. */
  readonly digest: string;
  readonly source: Uint8Array;
  /** Null: it is not compiled. */
  main: LuaFunction | null;
  readonly flags: ScriptFlags;
  heldBytes: number;
  readonly digestBytes: Uint8Array;
  isKept: boolean;
  lastUse: number;
  nextBySource: CachedScript | null;
  nextByDigest: CachedScript | null;
}

export class ScriptCache {
  heldBytes = 0;
  private readonly seed0: number;
  private readonly seed1: number;
  private bySource = new Map<number, CachedScript>();
  private byDigest = new Map<number, CachedScript>();
  private all = new Set<CachedScript>();
  private useCount = 0;

  /** @param random  two secret words: scripts are made by clients */
  constructor(random: { u32(): number }) {
    this.seed0 = random.u32();
    this.seed1 = random.u32();
  }

  get count(): number {
    return this.all.size;
  }

  findBySource({ bytes, view, offsets, lengths }: Frame, arg: number): CachedScript | null {
    const offset = offsets[arg];
    const length = lengths[arg];
    const hash = hashBytes(view, offset, length, this.seed0, this.seed1);
    let script = this.bySource.get(hash) ?? null;
    while (script !== null && !equalBytes(script.source, bytes, offset, length)) {
      script = script.nextBySource;
    }
    if (script !== null) script.lastUse = ++this.useCount;
    return script;
  }

  /** A digest in capital letters is found as well, a little later. */
  findByDigest(frame: Frame, arg: number): CachedScript | null {
    if (frame.lengths[arg] !== DIGEST_LENGTH) return null;
    const { bytes, view, offsets } = frame;
    const script = this.lookUp(bytes, view, offsets[arg]);
    return script ?? this.findDigest(frame.latin1(arg));
  }

  findDigest(digest: string): CachedScript | null {
    const bytes = Buffer.from(digest.toLowerCase(), 'latin1');
    if (bytes.length !== DIGEST_LENGTH) return null;
    return this.lookUp(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0);
  }

  add(script: {
    source: Uint8Array;
    digest: string;
    main: LuaFunction | null;
    flags: ScriptFlags;
    codeBytes: number;
  }): CachedScript {
    const { source, digest } = script;
    const cached: CachedScript = {
      digest,
      source,
      main: script.main,
      flags: script.flags,
      heldBytes: source.length + script.codeBytes + SCRIPT_BYTES,
      digestBytes: Buffer.from(digest, 'latin1'),
      isKept: false,
      lastUse: ++this.useCount,
      nextBySource: null,
      nextByDigest: null,
    };
    if (this.all.size >= COUNT_MAX || this.heldBytes + cached.heldBytes > BYTES_MAX) this.drop();
    this.link(cached);
    return cached;
  }

  /** A script that another node has compiled. */
  keepTold(source: Uint8Array, isLoaded: boolean): void {
    const header = parseScriptHeader(latin1Text(source, 0, source.length));
    if (typeof header === 'string') return;
    const digest = digestOf(source);
    const told = { source, digest, main: null, flags: header.flags, codeBytes: 0 };
    const script = this.findDigest(digest) ?? this.add(told);
    script.isKept ||= isLoaded;
  }

  noteCompiled(script: CachedScript, { codeBytes, main }: CompiledScript): LuaFunction {
    script.main = main;
    script.heldBytes += codeBytes;
    this.heldBytes += codeBytes;
    return main;
  }

  clear(): void {
    this.bySource = new Map();
    this.byDigest = new Map();
    this.all = new Set();
    this.heldBytes = 0;
  }

  private lookUp(bytes: Uint8Array, view: DataView, offset: number): CachedScript | null {
    const hash = hashBytes(view, offset, DIGEST_LENGTH, this.seed0, this.seed1);
    let script = this.byDigest.get(hash) ?? null;
    while (script !== null && !equalBytes(script.digestBytes, bytes, offset, DIGEST_LENGTH)) {
      script = script.nextByDigest;
    }
    if (script !== null) script.lastUse = ++this.useCount;
    return script;
  }

  private link(script: CachedScript): void {
    const sourceHash = this.hashOf(script.source);
    const digestHash = this.hashOf(script.digestBytes);
    script.nextBySource = this.bySource.get(sourceHash) ?? null;
    script.nextByDigest = this.byDigest.get(digestHash) ?? null;
    this.bySource.set(sourceHash, script);
    this.byDigest.set(digestHash, script);
    this.all.add(script);
    this.heldBytes += script.heldBytes;
  }

  /** Drops the least used of those that may go. */
  private drop(): void {
    const scripts = [...this.all].sort((a, b) => a.lastUse - b.lastUse);
    let left = Math.ceil(scripts.length / DROPPED_SHARE);
    this.clear();
    for (const script of scripts) {
      if (!script.isKept && left > 0) left--;
      else this.link(script);
    }
  }

  private hashOf(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return hashBytes(view, 0, bytes.length, this.seed0, this.seed1);
  }
}

export function digestOf(source: Uint8Array): string {
  return Buffer.from(sha1(source)).toString('hex');
}

function equalBytes(known: Uint8Array, bytes: Uint8Array, offset: number, length: number): boolean {
  if (known.length !== length) return false;
  if (length > LOOPED_LENGTH) {
    return Buffer.compare(known, bytes.subarray(offset, offset + length)) === 0;
  }
  for (let i = 0; i < length; i++) if (known[i] !== bytes[offset + i]) return false;
  return true;
}

const LOOPED_LENGTH = 128;
