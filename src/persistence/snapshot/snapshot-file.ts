/**
 * One RDB file of a store, written by slices beside the commands that go on changing it. What it
 * holds is the store as it was when the writing began.
 *
 *     begin    the snapshot of the store begins, the head of the file is written
 *     step     entries -> buffer -> file, until it is late
 *     sync     beside the loop; then the file is whole and may be renamed
 *
 * Every 32 MiB what was written is synced already, so that the last sync is short.
 */
import { NodeError } from '../../base/errors.ts';
import { NEVER_LATE } from '../../base/pace/sliced-work.ts';
import type { Disk, WriteFile } from '../../base/world.ts';
import { beginSnapshot, type StoreSnapshot } from '../../engine/snapshot/store-snapshot.ts';
import type { Store } from '../../engine/store.ts';
import { type RdbFileFacts, RdbFileWriter } from '../../rdb/file-writer.ts';
import type { RdbWriteOptions } from '../../rdb/write/write-options.ts';

const SYNC_EVERY_BYTES = 32 * 1024 * 1024;
const HELD_BYTES_HIGH = 16 * 1024 * 1024;

/** What is put into memory before it is written: checksum and write of it are part of the slice. */
const PENDING_BYTES_MAX = 128 * 1024;

export interface SnapshotFileOptions {
  readonly disk: Disk;
  readonly store: Store;
  readonly path: string;
  readonly facts: RdbFileFacts;
  readonly write: RdbWriteOptions;
}

export class SnapshotFile {
  readonly path: string;
  /** The most memory that the snapshot held beside the store. */
  extraBytesMax = 0;
  private readonly disk: Disk;
  private readonly snapshot: StoreSnapshot;
  private readonly writer: RdbFileWriter;
  private readonly file: WriteFile;
  private hasEnded = false;
  private isClosed = false;
  private unsyncedBytes = 0;
  private syncing: Promise<void> | null = null;
  private failure: unknown = null;

  /** @throws NodeError when the file cannot be made */
  constructor(options: SnapshotFileOptions) {
    const { disk, facts, path, store, write } = options;
    this.disk = disk;
    this.path = path;
    this.file = disk.openWrite(path, 'create');
    this.writer = new RdbFileWriter(write);
    this.snapshot = beginSnapshot(store, this.writer);
    this.writer.begin(facts, this.snapshot.databases);
  }

  /** The store was emptied meanwhile: what is in the file is of no use. */
  get isAborted(): boolean {
    return this.snapshot.isAborted;
  }

  get keysWritten(): number {
    return this.snapshot.writtenCount;
  }

  get keysTotal(): number {
    return this.snapshot.keyCount;
  }

  get extraBytes(): number {
    const { heldBytes, pendingBytes } = this.writer;
    return this.isClosed ? 0 : this.snapshot.extraBytes + pendingBytes + heldBytes;
  }

  /** What was changed beside a large entry waits in memory for its end, which must come soon. */
  get isPressed(): boolean {
    return this.writer.heldBytes > HELD_BYTES_HIGH;
  }

  get byteCount(): number {
    return this.writer.byteCount;
  }

  /**
   * @returns whether all is handed to the system
   * @throws NodeError when the disk refuses
   */
  step(isLate: () => boolean): boolean {
    if (this.failure !== null) throw this.failure;
    if (this.hasEnded) return true;
    const isHurried = isLate === NEVER_LATE;
    // A write to a file that is being synced may wait for that, and so would everybody.
    if (this.syncing !== null && !isHurried) return false;
    this.extraBytesMax = Math.max(this.extraBytesMax, this.extraBytes);
    do {
      if (this.snapshot.step(() => isLate() || this.writer.pendingBytes >= PENDING_BYTES_MAX)) {
        this.writer.end();
        this.hasEnded = true;
      }
      this.drain(isHurried);
    } while (!this.hasEnded && this.syncing === null && !isLate());
    return this.hasEnded;
  }

  /** Rejects with NodeError. The file is closed when it resolves. */
  async sync(): Promise<void> {
    if (this.syncing !== null) await this.syncing;
    if (this.failure !== null) throw this.failure;
    await this.file.sync();
    this.close();
  }

  /** The same at once. Throws NodeError. */
  syncNow(): void {
    if (this.failure !== null) throw this.failure;
    this.file.syncNow();
    this.close();
  }

  /** Ends it in whatever state, and removes the file. May be called more than once. */
  discard(): void {
    if (!this.hasEnded) this.snapshot.abort();
    this.hasEnded = true;
    this.close();
    try {
      this.disk.remove(this.path);
    } catch (error) {
      // A disk that refuses: what is left there is removed at the next start.
      if (!(error instanceof NodeError)) throw error;
    }
  }

  private close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.file.close();
  }

  private drain(isHurried: boolean): void {
    const bytes = this.writer.takeBytes();
    if (bytes.length === 0) return;
    const taken = this.file.write(bytes, 0, bytes.length);
    if (taken < bytes.length) {
      const { failure } = this.file;
      throw new NodeError('DISK_REFUSED', `Cannot write ${this.path}: ${failure}`, {
        path: this.path,
        cause: failure,
      });
    }
    this.unsyncedBytes += bytes.length;
    if (this.unsyncedBytes >= SYNC_EVERY_BYTES && !isHurried) this.syncSome();
  }

  private syncSome(): void {
    this.unsyncedBytes = 0;
    this.syncing = this.file
      .sync()
      .catch((error: unknown) => {
        this.failure = error;
      })
      .finally(() => {
        this.syncing = null;
      });
  }
}
