/** Redis stops telling codes apart when clients (scripts, mostly) make up too many of them. */
const ERROR_CODE_COUNT_MAX = 128;
const ERROR_CODE_BYTES_MAX = 32;
const SPACE = 32;

/** What INFO tells of the whole node and no other room keeps. */
export class NodeStatistics {
  /** Error replies by their first word, such as `ERR` or `WRONGTYPE`. */
  readonly errors = new Map<string, number>();
  memoryBytesPeak = 0;
  /** Unix seconds of the last good snapshot; at first the node's start. */
  lastSaveS: number;

  constructor(startedMs: number) {
    this.lastSaveS = Math.floor(startedMs / 1000);
  }

  /** Counts the error reply that stands at `start`: `-CODE text`. */
  recordError(bytes: Uint8Array, start: number, end: number): void {
    let stop = start + 1;
    const limit = Math.min(end, start + ERROR_CODE_BYTES_MAX);
    while (stop < limit && bytes[stop] !== SPACE) stop++;
    const code =
      stop === limit ? 'ERR' : Buffer.from(bytes.subarray(start + 1, stop)).toString('latin1');
    const count = this.errors.get(code);
    if (count === undefined && this.errors.size >= ERROR_CODE_COUNT_MAX) return;
    this.errors.set(code, (count ?? 0) + 1);
  }

  observeMemory(bytes: number): void {
    if (bytes > this.memoryBytesPeak) this.memoryBytesPeak = bytes;
  }

  reset(): void {
    this.errors.clear();
    this.memoryBytesPeak = 0;
  }
}
