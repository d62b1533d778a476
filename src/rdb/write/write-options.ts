/** How values are written; settings are those of when the writing began. */
export interface RdbWriteOptions {
  /** rdbcompression. */
  readonly compresses: boolean;
  /** Longer strings are not compressed: that takes about 5 ms a MB, and is one step. */
  readonly compressedBytesMax: number;
  /** rdbchecksum; without it the checksum is 0. */
  readonly hasChecksum: boolean;
  /** What of a key's use is written, as its store's policy keeps it. */
  readonly use: 'none' | 'idle' | 'frequency';
  /** list-max-listpack-size: what a node of a list holds. */
  readonly listNodeSize: number;
  /** Fields whose deadline is not after it are left out. */
  readonly nowMs: number;
}
