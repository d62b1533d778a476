/**
 * Writes an RDB file of one store, as redis-server 7.0 reads it, entry by entry into a buffer that
 * its owner drains: after `begin`, after each step of the snapshot, after `end`.
 *
 *     REDIS0010  AUX ...  FUNCTION2 ...  [SELECT_DB n [RESIZE_DB ...]  entry ...] ...  EOF  CRC-64
 *
 * While a large entry is under way others may have to be written, since they are about to change.
 * They wait in a buffer of their own and follow behind it. Each database begins as often as entries
 * of another stood before; its sizes are told the first time.
 */
import { Crc64 } from '../base/digest/crc64.ts';
import { assert } from '../base/errors.ts';
import type { FrozenEntry, SnapshotTarget } from '../engine/snapshot/frozen-entry.ts';
import { CRC_BYTES, MAGIC, OPCODE, WRITTEN_VERSION } from './format.ts';
import { RdbBuffer } from './rdb-buffer.ts';
import { EntryWriter } from './write/entry-writer.ts';
import { writeEntry, writeLargeEntry } from './write/write-entry.ts';
import type { RdbWriteOptions } from './write/write-options.ts';

/** What redis-server 7.0 would call itself: whoever reads the file looks here for its dialect. */
const REDIS_VERSION = '7.0.15';
/** Memory that is kept from one piece to the next. */
const KEPT_BYTES_MAX = 1024 * 1024;
const NO_DATABASE = -1;

/** What stands at the head of a file. */
export interface RdbFileFacts {
  /** Seconds. */
  readonly createdS: number;
  readonly usedMemoryBytes: number;
  /** The file is the base of an append-only log. */
  readonly isLogBase: boolean;
  /** Sources of the function libraries. */
  readonly functionCodes: readonly Uint8Array[];
  /** More AUX fields, of ASCII; names begin with `hc-`. */
  readonly auxFields?: readonly { readonly name: string; readonly value: string }[];
}

export interface RdbDatabaseSize {
  readonly index: number;
  readonly keyCount: number;
  readonly deadlineCount: number;
}

export class RdbFileWriter implements SnapshotTarget {
  private readonly options: RdbWriteOptions;
  private readonly crc = new Crc64();
  private readonly main: EntryWriter;
  /** Entries that were written while a large one was under way. */
  private readonly early: EntryWriter;
  /** Sizes of databases that have not begun yet. */
  private readonly sizes = new Map<number, RdbDatabaseSize>();
  private mainDatabase = NO_DATABASE;
  private earlyDatabase = NO_DATABASE;
  private isWritingLarge = false;
  private takenBytes = 0;
  private hasEnded = false;

  constructor(options: RdbWriteOptions) {
    this.options = options;
    this.main = new EntryWriter(new RdbBuffer(options), options, true);
    this.early = new EntryWriter(new RdbBuffer(options), options, true);
  }

  /** Bytes that wait to be taken. */
  get pendingBytes(): number {
    return this.main.buffer.length;
  }

  /** Bytes that cannot be taken yet: they come behind the large entry that is under way. */
  get heldBytes(): number {
    return this.early.buffer.length;
  }

  /** Bytes of the file so far. */
  get byteCount(): number {
    return this.takenBytes + this.main.buffer.length + this.early.buffer.length;
  }

  /**
   * Writes header, AUX fields and functions.
   * @param databases  their sizes, as a StoreSnapshot tells
   */
  begin(facts: RdbFileFacts, databases: readonly RdbDatabaseSize[]): void {
    const { main } = this;
    const { buffer } = main;
    const header = Buffer.from(MAGIC + String(WRITTEN_VERSION).padStart(4, '0'), 'latin1');
    writeBytes(buffer, header);
    main.writeAux('redis-ver', REDIS_VERSION);
    this.writeIntegerAux('redis-bits', 64);
    this.writeIntegerAux('ctime', facts.createdS);
    this.writeIntegerAux('used-mem', facts.usedMemoryBytes);
    this.writeIntegerAux('aof-base', facts.isLogBase ? 1 : 0);
    for (const { name, value } of facts.auxFields ?? []) main.writeAux(name, value);
    for (const code of facts.functionCodes) {
      buffer.writeByte(OPCODE.FUNCTION2);
      buffer.writeString(code, viewOf(code), 0, code.length);
    }
    for (const size of databases) this.sizes.set(size.index, size);
  }

  writeSmall(entry: FrozenEntry): void {
    if (this.isWritingLarge) {
      if (entry.databaseIndex !== this.earlyDatabase) {
        this.earlyDatabase = entry.databaseIndex;
        this.selectDatabase(this.early.buffer, entry.databaseIndex);
      }
      writeEntry(this.early, entry);
      return;
    }
    this.goToDatabase(entry.databaseIndex);
    writeEntry(this.main, entry);
  }

  *writeLarge(entry: FrozenEntry): Generator<void, void> {
    assert(!this.isWritingLarge, 'large entries are written one at a time');
    this.isWritingLarge = true;
    this.goToDatabase(entry.databaseIndex);
    yield* writeLargeEntry(this.main, entry);
    this.isWritingLarge = false;
    this.appendEarly();
  }

  /** Writes EOF and the checksum of all before it. */
  end(): void {
    assert(!this.isWritingLarge && !this.hasEnded, 'a file ends once, behind its last entry');
    this.hasEnded = true;
    const { buffer } = this.main;
    buffer.writeByte(OPCODE.EOF);
    this.digest();
    buffer.reserve(CRC_BYTES);
    buffer.bytes.fill(0, buffer.length, buffer.length + CRC_BYTES);
    if (this.options.hasChecksum) this.crc.writeTo(buffer.bytes, buffer.length);
    buffer.length += CRC_BYTES;
  }

  /** What was written since the last time; valid until anything is written. */
  takeBytes(): Uint8Array {
    const { buffer } = this.main;
    if (!this.hasEnded) this.digest();
    const taken = buffer.bytes.subarray(0, buffer.length);
    this.takenBytes += buffer.length;
    buffer.clear(KEPT_BYTES_MAX);
    return taken;
  }

  /** What is in the buffer counts for the checksum; it is taken as it is. */
  private digest(): void {
    const { buffer } = this.main;
    if (this.options.hasChecksum) this.crc.update(buffer.bytes, 0, buffer.length);
  }

  private goToDatabase(index: number): void {
    if (index === this.mainDatabase) return;
    this.mainDatabase = index;
    this.selectDatabase(this.main.buffer, index);
  }

  private selectDatabase(buffer: RdbBuffer, index: number): void {
    buffer.writeByte(OPCODE.SELECT_DB);
    buffer.writeLength(index);
    const size = this.sizes.get(index);
    if (size === undefined) return;
    this.sizes.delete(index);
    buffer.writeByte(OPCODE.RESIZE_DB);
    buffer.writeLength(size.keyCount);
    buffer.writeLength(size.deadlineCount);
  }

  private appendEarly(): void {
    const { buffer } = this.early;
    if (buffer.length === 0) return;
    this.main.buffer.writeRaw(buffer.bytes, buffer.view, 0, buffer.length);
    buffer.clear(KEPT_BYTES_MAX);
    this.mainDatabase = this.earlyDatabase;
    this.earlyDatabase = NO_DATABASE;
  }

  private writeIntegerAux(name: string, value: number): void {
    const { buffer } = this.main;
    buffer.writeByte(OPCODE.AUX);
    buffer.writeText(name);
    buffer.writeIntegerString(value);
  }
}

function writeBytes(buffer: RdbBuffer, bytes: Uint8Array): void {
  buffer.writeRaw(bytes, viewOf(bytes), 0, bytes.length);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
