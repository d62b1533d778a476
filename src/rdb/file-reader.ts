/**
 * Loads an RDB file into the databases of a store, in slices: strings many at a time, of a large
 * collection a few hundred elements. A key is there when all of it has been read; while one is
 * under way, its trees belong to nobody (`read/loaded-value.ts`).
 *
 * What the file says of its own size (RESIZE_DB) is told to whoever shows progress, and nothing is
 * allocated for it. Keys that have expired are left out. The checksum is of all bytes up to and
 * with EOF; 0 stands for none.
 */
import type { EncodingConfiguration } from '../base/configuration.ts';
import { Crc64 } from '../base/digest/crc64.ts';
import { Frame } from '../base/frame.ts';
import { LIMITS } from '../base/limits.ts';
import { type Database, NO_DEADLINE } from '../engine/database.ts';
import { setUse } from '../engine/entry-access.ts';
import { Slice } from '../engine/slice.ts';
import type { Store } from '../engine/store.ts';
import { markJson, placeString } from '../engine/values/string/string-value.ts';
import {
  CRC_BYTES,
  HEADER_BYTES,
  MAGIC,
  OPCODE,
  OWN_AUX,
  RDB_TYPE,
  READ_VERSION_MAX,
} from './format.ts';
import { moduleName, skipModuleParts } from './module-parts.ts';
import { RdbReader, type RdbSource } from './rdb-reader.ts';
import { checkFieldDeadlines, setFieldDeadlines } from './read/field-deadlines.ts';
import { ReadContext } from './read/read-context.ts';
import { readObject } from './read/read-object.ts';

/** Where a file is loaded into. */
export interface RdbSink {
  /** Its databases are filled without effects, events or counted changes. */
  readonly store: Store;
  /** Thresholds that decide what OBJECT ENCODING tells. */
  readonly limits: EncodingConfiguration;
  /** Keys whose deadline is not later are left out. */
  readonly nowMs: number;
  /** Skip what modules wrote, where redis-server without them would refuse the file. */
  readonly skipsModules?: boolean;
  /** A key that is there already is replaced; else that refuses the file. */
  readonly replacesKeys?: boolean;
  /** Source of a function library; its bytes are the sink's to keep. */
  onFunction(code: Uint8Array): void;
  /** A field of the file's, not of a key's; each char a byte. */
  onAux(name: string, value: string): void;
}

/** Keys of strings that are read between two looks at the clock. */
const STEP_KEY_COUNT = 64;
/** The first version with a checksum. */
const CHECKED_VERSION_MIN = 5;
/** A longer AUX field is not worth a string. */
const AUX_BYTES_MAX = 4096;
const KEY_BYTES_MIN = 256;
/** Keys up to here are copied in a loop. */
const SHORT_KEY_BYTES_MAX = 32;

export class RdbFileReader {
  /** Keys that were loaded. */
  keyCount = 0;
  expiredCount = 0;
  /** Collections without elements, which old versions have written; and what modules wrote. */
  skippedCount = 0;
  /** What the file says of its keys: a hint for who shows progress. */
  expectedKeyCount = 0;
  version = 0;
  private readonly sink: RdbSink;
  private readonly reader: RdbReader;
  private readonly context: ReadContext;
  private readonly crc = new Crc64();
  private readonly text = new Slice();
  private database: Database;
  /** The key is its only argument. */
  private readonly key = new Frame();
  private deadline: number | bigint = NO_DEADLINE;
  private isExpired = false;
  private idleS = -1;
  private frequency = -1;
  private isJson = false;
  private fieldDeadlines: Uint8Array[] = [];
  /** The collection that is being read. */
  private walk: Iterator<void, void> | null = null;
  private isAtEnd = false;

  constructor(source: RdbSource, sink: RdbSink) {
    this.sink = sink;
    this.reader = RdbReader.ofSource(source);
    this.reader.checkBy(this.crc);
    this.context = new ReadContext(this.reader, sink.limits);
    this.database = sink.store.databases[0];
    this.key.attach(new Uint8Array(KEY_BYTES_MIN));
  }

  /** Bytes read so far; after the end: where what is behind the RDB begins. */
  get offset(): number {
    return this.reader.offset;
  }

  /**
   * Reads on until it is late, but something at least.
   * @returns whether the file is read to its end, and whole
   * @throws  RdbError: what was loaded before stays
   */
  step(isLate: () => boolean): boolean {
    try {
      return this.run(isLate);
    } catch (error) {
      if (this.walk !== null) this.context.value.release();
      this.walk = null;
      throw error;
    }
  }

  private run(isLate: () => boolean): boolean {
    if (this.isAtEnd) return true;
    if (this.version === 0) this.readHeader();
    for (;;) {
      for (let left = STEP_KEY_COUNT; left > 0; left--) {
        if (this.walk === null && !this.readNext()) return this.finish();
        if (this.walk !== null && !this.stepWalk(this.walk)) break;
      }
      if (this.database.memory.isNearlyUnaddressable) this.reader.fail('no more room for keys');
      if (isLate()) return false;
    }
  }

  /** @returns whether the collection has come to its end, and is installed */
  private stepWalk(walk: Iterator<void, void>): boolean {
    if (walk.next().done !== true) return false;
    this.walk = null;
    this.installValue();
    return true;
  }

  private readHeader(): void {
    const { reader } = this;
    reader.need(HEADER_BYTES);
    let text = '';
    for (let i = 0; i < HEADER_BYTES; i++) text += String.fromCharCode(reader.bytes[reader.at + i]);
    if (!text.startsWith(MAGIC)) reader.fail('no RDB file');
    const digits = text.slice(MAGIC.length);
    const version = /^\d+$/.test(digits) ? Number(digits) : 0;
    if (version < 1 || version > READ_VERSION_MAX) {
      reader.fail(`RDB version ${JSON.stringify(digits)}, which is not known`);
    }
    reader.at += HEADER_BYTES;
    this.version = version;
  }

  /** Reads what begins with the next byte. @returns false at the end */
  private readNext(): boolean {
    const opcode = this.reader.readByte();
    if (opcode < OPCODE.SLOT_INFO) {
      this.readKey(opcode);
      return true;
    }
    return this.readOpcode(opcode);
  }

  private readOpcode(opcode: number): boolean {
    const { reader } = this;
    switch (opcode) {
      case OPCODE.EXPIRE_MS:
        this.setDeadline(reader.readMs());
        return true;
      case OPCODE.EXPIRE_S:
        this.setDeadline((reader.readUint32() | 0) * 1000);
        return true;
      case OPCODE.IDLE:
        this.idleS = reader.readLength();
        return true;
      case OPCODE.FREQUENCY:
        this.frequency = reader.readByte();
        return true;
      case OPCODE.AUX:
        this.readAux();
        return true;
      case OPCODE.SELECT_DB:
        this.selectDatabase(reader.readLength());
        return true;
      case OPCODE.RESIZE_DB:
        this.expectedKeyCount += reader.readLength();
        reader.readLength();
        return true;
      case OPCODE.FUNCTION2:
        reader.readString(this.text);
        this.sink.onFunction(this.text.copy());
        return true;
      case OPCODE.MODULE_AUX:
        this.readModuleAux();
        return true;
      case OPCODE.EOF:
        return false;
      case OPCODE.FUNCTION_PRE_GA:
        return reader.fail('functions of a release candidate of redis-server 7.0');
      default:
        return reader.fail(`unknown opcode ${opcode}`);
    }
  }

  private setDeadline(deadline: number | bigint): void {
    // As in redis-server, where -1 stands for none.
    this.deadline = deadline === -1 ? NO_DEADLINE : deadline;
    this.isExpired = deadline !== -1 && deadline <= this.sink.nowMs;
  }

  private selectDatabase(index: number): void {
    const { databases } = this.sink.store;
    if (index >= databases.length) {
      this.reader.fail(`database ${index}, of which there are ${databases.length} only`);
    }
    this.database = databases[index];
  }

  private readKey(type: number): void {
    const { reader, key, text } = this;
    reader.readString(text);
    this.keepKey(text);
    const { database } = this;
    if (type === RDB_TYPE.STRING) {
      this.missKey();
      reader.readString(text);
      if (this.isExpired) return this.leaveOut();
      const placed = placeString(database, 0, key, 0, text, this.deadline);
      if (this.isJson) markJson(database, placed);
      return this.finishKey(placed);
    }
    if (type === RDB_TYPE.MODULE_2 && this.sink.skipsModules === true) {
      reader.readWords();
      skipModuleParts(reader);
      this.skippedCount++;
      return this.forgetKey();
    }
    this.context.value.begin(database, LIMITS.addressableBytesMax);
    this.walk = readObject(this.context, type);
  }

  /** Looks for the key, which must not be there, or goes. */
  private missKey(): void {
    const { database, key } = this;
    const entry = database.find(key, 0);
    if (entry === 0) return;
    if (this.sink.replacesKeys !== true) this.reader.fail('key twice');
    database.dropFound(entry);
    database.find(key, 0);
  }

  /** Copies the key: reading on moves what it was read into. */
  private keepKey(text: Slice): void {
    const { key } = this;
    const { length, offset } = text;
    if (length > key.bytes.length) key.attach(new Uint8Array(length * 2));
    const { bytes } = key;
    if (length <= SHORT_KEY_BYTES_MAX) {
      const from = text.bytes;
      for (let i = 0; i < length; i++) bytes[i] = from[offset + i];
    } else {
      bytes.set(text.bytes.subarray(offset, offset + length));
    }
    key.count = 0;
    key.append(0, length);
  }

  /** The collection has been read. */
  private installValue(): void {
    const { value } = this.context;
    if (this.isExpired || value.isEmpty) {
      value.release();
      if (this.isExpired) return this.leaveOut();
      this.skippedCount++;
      return this.forgetKey();
    }
    this.missKey();
    this.finishKey(value.installMissed(this.key, 0, this.deadline));
  }

  private finishKey(entry: number): void {
    const { database } = this;
    if (this.fieldDeadlines.length > 0) {
      setFieldDeadlines(database, entry, this.fieldDeadlines);
    }
    if (this.idleS >= 0 || this.frequency >= 0) {
      // Deadlines of fields have moved it, or its own has passed since the file was opened.
      const placed = database.find(this.key, 0);
      if (placed !== 0) setUse(database, placed, this.idleS, this.frequency);
    }
    this.keyCount++;
    this.forgetKey();
  }

  private leaveOut(): void {
    this.expiredCount++;
    this.forgetKey();
  }

  /** What stood before a key is of that key alone. */
  private forgetKey(): void {
    this.deadline = NO_DEADLINE;
    this.isExpired = false;
    this.idleS = -1;
    this.frequency = -1;
    this.isJson = false;
    if (this.fieldDeadlines.length > 0) this.fieldDeadlines = [];
  }

  private readAux(): void {
    const { reader, text } = this;
    reader.readString(text);
    const name = text.length > AUX_BYTES_MAX ? '' : latin1(text);
    reader.readString(text);
    if (name === OWN_AUX.JSON) {
      this.isJson = true;
    } else if (name === OWN_AUX.FIELD_DEADLINES) {
      const deadlines = text.copy();
      checkFieldDeadlines(deadlines);
      this.fieldDeadlines.push(deadlines);
    } else if (name !== '' && text.length <= AUX_BYTES_MAX) {
      this.sink.onAux(name, latin1(text));
    }
  }

  private readModuleAux(): void {
    const { reader } = this;
    reader.readWords();
    if (this.sink.skipsModules !== true) {
      reader.fail(`data of the module ${moduleName(reader)}, which is not here`);
    }
    // When it is to be loaded, as a number.
    reader.readLength();
    reader.readLength();
    skipModuleParts(reader);
    this.skippedCount++;
  }

  private finish(): boolean {
    const { reader, crc } = this;
    reader.checkBy(null);
    if (this.version >= CHECKED_VERSION_MIN) {
      reader.need(CRC_BYTES);
      const { bytes, view, at } = reader;
      const isThere = view.getInt32(at, true) !== 0 || view.getInt32(at + 4, true) !== 0;
      if (isThere && !crc.isEqual(bytes, at)) reader.fail('wrong checksum');
      reader.at += CRC_BYTES;
    }
    this.isAtEnd = true;
    return true;
  }
}

function latin1({ bytes, offset, length }: Slice): string {
  let text = '';
  for (let i = 0; i < length; i++) text += String.fromCharCode(bytes[offset + i]);
  return text;
}
