/** How values are written; settings are those of when the writing began. */
export interface RdbWriteOptions {
  /** rdbcompression. */
  readonly compresses: boolean;
  /** Longer strings are not compressed: that takes about 5 ms a MB, and is one step. */
  readonly compressedBytesMax: number;
  /** rdbchecksum; without it the checksum is 0. */
  readonly hasChecksum: boolean;
  /** What of a key's use is written, as its store's policy keeps it. */
  readonly use: KeyUse;
  /** list-max-listpack-size: what a node of a list holds. */
  readonly listNodeSize: number;
  /** Fields of hashes whose deadline is not after it are left out. */
  readonly nowMs: number;
}

export type KeyUse = 'none' | 'idle' | 'frequency';

/**
 * What redis-server would write of a key's use. It knows nothing of the policies that are ours
 * alone, and what they keep does not outlive the process.
 * @param policyName  Redis' name of the store's policy
 */
export function keyUseOf(policyName: string): KeyUse {
  if (policyName.endsWith('-lru')) return 'idle';
  return policyName.endsWith('-lfu') ? 'frequency' : 'none';
}
