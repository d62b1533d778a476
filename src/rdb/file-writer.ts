/**
 * Writes an RDB file of one store, as redis-server 7.0 reads it, entry by entry into a buffer that
 * its owner drains: after `begin`, after each step of the snapshot, after `end`.
 */
import { Crc64 } from '../base/digest/crc64.ts';
import type { FrozenEntry, SnapshotTarget } from '../engine/snapshot/frozen-entry.ts';
import type { RdbWriteOptions } from './write/write-options.ts';

/** What stands at the head of a file. */
export interface RdbFileFacts {
  /** Seconds. */
  readonly createdS: number;
  readonly usedMemoryBytes: number;
  /** The file is the base of an append-only log. */
  readonly isLogBase: boolean;
  /** Sources of the function libraries. */
  readonly functionCodes: readonly Uint8Array[];
  /** AUX fields more, names beginning with `hc-`. */
  readonly auxFields?: readonly { readonly name: string; readonly value: string }[];
}

export class RdbFileWriter implements SnapshotTarget {
  private readonly crc = new Crc64();

  constructor(options: RdbWriteOptions) {
    throw new Error('not built yet');
  }

  /** Bytes that wait to be taken. */
  get pendingBytes(): number {
    throw new Error('not built yet');
  }

  /** Bytes of the file so far, pending ones included. */
  get byteCount(): number {
    throw new Error('not built yet');
  }

  /**
   * Writes header, AUX fields and functions.
   * @param databases  for RESIZEDB, as a StoreSnapshot tells
   */
  begin(
    facts: RdbFileFacts,
    databases: readonly { index: number; keyCount: number; deadlineCount: number }[],
  ): void {
    throw new Error('not built yet');
  }

  writeSmall(entry: FrozenEntry): void {
    throw new Error('not built yet');
  }

  writeLarge(entry: FrozenEntry): Generator<void, void> {
    throw new Error('not built yet');
  }

  /** Writes EOF and the checksum of all before it. */
  end(): void {
    throw new Error('not built yet');
  }

  /** What was written since the last time; valid until anything is written. */
  takeBytes(): Uint8Array {
    throw new Error('not built yet');
  }
}
