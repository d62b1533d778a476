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

/** The file's text. */
export function encodeManifest(manifest: AofManifest): string {
  const { base, increments, history } = manifest;
  const files = [...(base === null ? [] : [base]), ...history, ...increments];
  return files.map((file) => `${lineOf(file)}\n`).join('');
}

/**
 * Reads it as redis-server does.
 * @returns the manifest, or what is wrong with which line
 */
export function parseManifest(_text: string): AofManifest | { reason: string; line: number } {
  throw new Error('not built yet');
}

function lineOf({ name, sequence, type }: AofFile): string {
  return `file ${name} seq ${sequence} type ${type}`;
}

function isIncrement(file: AofFile): boolean {
  return file.name.endsWith('.incr.aof');
}

function highest(manifest: AofManifest, accepts: (file: AofFile) => boolean): number {
  const { base, increments, history } = manifest;
  const files = [...(base === null ? [] : [base]), ...increments, ...history];
  return files.filter(accepts).reduce((most, file) => Math.max(most, file.sequence), 0);
}
