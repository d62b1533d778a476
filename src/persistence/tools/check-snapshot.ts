import type { Configuration } from '../../base/configuration.ts';
import type { ReadFile, World } from '../../base/world.ts';
import type { Store } from '../../engine/store.ts';
import { RdbFileReader } from '../../rdb/file-reader.ts';
import { RdbError } from '../../rdb/rdb-error.ts';
import type { RdbSource } from '../../rdb/rdb-reader.ts';
import type { FileReport, Finding } from './findings.ts';
import { createScratchStore } from './scratch-store.ts';

export interface SnapshotReading {
  readonly store: Store;
  readonly functionCodes: readonly Uint8Array[];
  readonly keyCount: number;
  readonly expiredCount: number;
  /** Where the RDB ends, or is bad. */
  readonly offset: number;
  /** Null: it is whole, and its checksum right. */
  readonly problem: string | null;
}

export interface ReadingOptions {
  readonly world: World;
  readonly configuration: Configuration;
  /** 1 of a named store. */
  readonly databaseCount: number;
}

/** Reads all of it into a store of its own, as a start would; expired keys are left out. */
export function readSnapshot(source: RdbSource, options: ReadingOptions): SnapshotReading {
  const { configuration, databaseCount, world } = options;
  const store = createScratchStore(world, databaseCount);
  const functionCodes: Uint8Array[] = [];
  const reader = new RdbFileReader(source, {
    store,
    limits: configuration.encoding,
    nowMs: world.clock.wallMs(),
    onFunction: (code) => void functionCodes.push(code),
    onAux: () => {},
  });
  let problem: string | null = null;
  let offset = 0;
  try {
    while (!reader.step(NEVER_LATE));
    offset = reader.offset;
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    problem = error.reason;
    offset = error.offset;
  }
  const { expiredCount, keyCount } = reader;
  return { store, functionCodes, keyCount, expiredCount, offset, problem };
}

/** @returns null when there is no such file */
export function checkSnapshot(path: string, options: ReadingOptions): FileReport | null {
  const file = options.world.disk.openRead(path);
  if (file === null) return null;
  try {
    return reportOf(path, file, options);
  } finally {
    file.close();
  }
}

function reportOf(path: string, file: ReadFile, options: ReadingOptions): FileReport {
  const { byteCount } = file;
  const { expiredCount, functionCodes, keyCount, offset, problem } = readSnapshot(file, options);
  const findings: Finding[] = [];
  if (problem !== null) findings.push({ severity: 'damage', offset, reason: problem });
  else if (offset < byteCount) {
    const reason = `${byteCount - offset} bytes behind its end`;
    findings.push({ severity: 'note', offset, reason });
  }
  const counts = [`${keyCount} keys`];
  if (expiredCount > 0) counts.push(`${expiredCount} expired`);
  if (functionCodes.length > 0) counts.push(`${functionCodes.length} function libraries`);
  return { path, kind: 'snapshot', byteCount, contents: counts.join(', '), findings };
}

const NEVER_LATE = () => false;
