import { join } from 'node:path';
import type { Disk } from '../../base/world.ts';
import { MAGIC } from '../../rdb/format.ts';
import { type AofManifest, parseManifest } from '../aof/aof-manifest.ts';
import type { StoreFiles } from '../store-files.ts';
import { type ReadingOptions, readSnapshot } from './check-snapshot.ts';
import type { FileReport, Finding } from './findings.ts';
import { type LogWalk, walkLog } from './walk-log.ts';

/** A larger file does not fit into one buffer. */
const FILE_BYTES_MAX = 2 ** 32 - 1;

/** A file of a log, and what was found out about it. */
export interface CheckedLog {
  readonly report: FileReport;
  /** Null: it cannot be looked through. */
  readonly walk: LogWalk | null;
  /** What it begins with: a snapshot of so many bytes. */
  readonly preambleBytes: number;
}

export interface LogPlace {
  readonly path: string;
  /** Nothing was written behind it: its end may be torn. */
  readonly isLast: boolean;
  /** The part before it is an increment as well, of which this one knows the length. */
  readonly followsIncrement: boolean;
}

/** Reads the manifest. @returns the report of what is wrong with it, if it cannot be used */
export function readManifest(
  disk: Disk,
  path: string,
): { manifest: AofManifest; byteCount: number } | FileReport | null {
  const bytes = disk.readFile(path);
  if (bytes === null) return null;
  const manifest = parseManifest(Buffer.from(bytes).toString('latin1'));
  if (!('reason' in manifest)) return { manifest, byteCount: bytes.length };
  const reason = `line ${manifest.line}: ${manifest.reason}`;
  const findings: Finding[] = [{ severity: 'damage', offset: -1, reason }];
  return { path, kind: 'manifest', byteCount: bytes.length, contents: '', findings };
}

/** The parts of a store's log that hold commands, in order, with where they lie. */
export function logPlaces(files: StoreFiles, { base, increments }: AofManifest): LogPlace[] {
  const commands = increments.map(({ name }) => name);
  if (base !== null && !base.name.endsWith('.rdb')) commands.unshift(base.name);
  return commands.map((name, i) => ({
    path: join(files.logDirectory, name),
    isLast: i === commands.length - 1,
    followsIncrement: i > commands.length - increments.length,
  }));
}

/** @returns null when there is no such file */
export function checkLog(
  place: Pick<LogPlace, 'path' | 'isLast'>,
  options: ReadingOptions,
): CheckedLog | null {
  const { isLast, path } = place;
  const { disk } = options.world;
  const file = disk.openRead(path);
  if (file === null) return null;
  const { byteCount } = file;
  try {
    if (byteCount > FILE_BYTES_MAX) return tooLarge(path, byteCount);
    const bytes = new Uint8Array(byteCount);
    for (let at = 0; at < byteCount; ) {
      const came = file.read(bytes, at, byteCount, at);
      if (came === 0) break;
      at += came;
    }
    return look(bytes, { path, isLast, options });
  } finally {
    file.close();
  }
}

interface Looked {
  readonly path: string;
  readonly isLast: boolean;
  readonly options: ReadingOptions;
}

function look(bytes: Uint8Array, { isLast, options, path }: Looked): CheckedLog {
  const findings: Finding[] = [];
  const counts: string[] = [];
  let preambleBytes = 0;
  let walk: LogWalk | null = null;
  if (Buffer.from(bytes.buffer, 0, Math.min(MAGIC.length, bytes.length)).equals(MAGIC_BYTES)) {
    const { keyCount, offset, problem } = readSnapshot(sourceOf(bytes), options);
    preambleBytes = offset;
    counts.push(`a snapshot of ${keyCount} keys`);
    if (problem !== null) findings.push({ severity: 'damage', offset, reason: problem });
  }
  if (findings.length === 0) {
    walk = walkLog(bytes, preambleBytes);
    if (walk.recordCount > 0) counts.push(`${walk.recordCount} records`);
    counts.push(`${walk.commandCount} commands`);
    for (const { end, reason, start } of walk.badParts) {
      const isTorn = isLast && end === bytes.length && start >= walk.syncedBytes;
      findings.push({ severity: isTorn ? 'torn' : 'damage', offset: start, reason });
    }
  }
  const { length: byteCount } = bytes;
  const report = { path, kind: 'log', byteCount, contents: counts.join(', '), findings };
  return { report, walk, preambleBytes };
}

const MAGIC_BYTES = Buffer.from(MAGIC, 'latin1');

function sourceOf(bytes: Uint8Array) {
  return {
    byteCount: bytes.length,
    read(into: Uint8Array, start: number, end: number, position: number): number {
      const piece = bytes.subarray(position, position + end - start);
      into.set(piece, start);
      return piece.length;
    },
  };
}

function tooLarge(path: string, byteCount: number): CheckedLog {
  const reason = 'it is too large to be looked through';
  const findings: Finding[] = [{ severity: 'note', offset: -1, reason }];
  return {
    report: { path, kind: 'log', byteCount, contents: '', findings },
    walk: null,
    preambleBytes: 0,
  };
}
