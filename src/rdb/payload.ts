/**
 * What RESTORE takes: type, object, AUX fields of ours, RDB version (u16), CRC-64 of all before it.
 */
import type { EncodingConfiguration } from '../base/configuration.ts';
import { crc64 } from '../base/digest/crc64.ts';
import type { Frame } from '../base/frame.ts';
import { LIMITS } from '../base/limits.ts';
import type { Database } from '../engine/database.ts';
import { TYPE } from '../engine/keyspace/entry.ts';
import { Slice } from '../engine/slice.ts';
import {
  CRC_BYTES,
  OPCODE,
  OWN_AUX,
  PAYLOAD_FOOTER_BYTES,
  RDB_TYPE,
  READ_VERSION_MAX,
  WRITTEN_VERSION,
} from './format.ts';
import { RdbError } from './rdb-error.ts';
import { RdbReader } from './rdb-reader.ts';
import { checkFieldDeadlines, setFieldDeadlines } from './read/field-deadlines.ts';
import { ReadContext } from './read/read-context.ts';
import { readObject } from './read/read-object.ts';

/**
 * Whether bytes[start, start + length) is a payload of a version that is known, and whole.
 * @returns where its object ends; -1 when it is not
 */
export function checkPayload(bytes: Uint8Array, start: number, length: number): number {
  const end = start + length - PAYLOAD_FOOTER_BYTES;
  if (end < start || versionAt(bytes, end) > READ_VERSION_MAX) return -1;
  const digest = crc64(bytes, start, length - CRC_BYTES);
  for (let i = 0; i < CRC_BYTES; i++) {
    if (digest[i] !== bytes[end + 2 + i]) return -1;
  }
  return end;
}

function versionAt(bytes: Uint8Array, end: number): number {
  return bytes[end] | (bytes[end + 1] << 8);
}

/** Buffers that a longer payload needed are not kept for the next. */
const KEPT_PAYLOAD_BYTES_MAX = 64 * 1024;

/** A payload's value, which has no key yet. Reused: one at a time. */
export class RestoredValue {
  /** redis-server 7.0 would read the payload too. */
  isOfWrittenVersion = false;
  private context: ReadContext | null = null;
  private isLarge = false;
  private fieldDeadlines: Uint8Array[] = [];
  private readonly text = new Slice();

  /**
   * Reads what `checkPayload` found, from `start` to `end`. Then `install` or `release`.
   * @returns false, and nothing is held, when it is no value
   */
  read(
    database: Database,
    limits: EncodingConfiguration,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const reader = RdbReader.ofBytes(bytes, start, end);
    this.isLarge = end - start > KEPT_PAYLOAD_BYTES_MAX;
    this.context ??= new ReadContext(reader, limits);
    const { context } = this;
    context.reader = reader;
    context.limits = limits;
    const { value } = context;
    const budgetBytes = budgetOf(database);
    reader.stringBytesMax = Math.min(budgetBytes, LIMITS.bulkBytesMax);
    value.begin(database, budgetBytes);
    this.fieldDeadlines = [];
    try {
      const type = reader.readByte();
      this.isOfWrittenVersion =
        versionAt(bytes, end) <= WRITTEN_VERSION && type < RDB_TYPE.SET_LISTPACK;
      const walk = readObject(context, type);
      while (walk.next().done !== true);
      this.readAuxFields(RdbReader.ofBytes(bytes, start + reader.offset, end));
    } catch (error) {
      this.release();
      if (!(error instanceof RdbError)) throw error;
      return false;
    }
    if (value.isEmpty) this.release();
    return !value.isEmpty;
  }

  /** Makes it the value of the key in `keyArg`. @returns the entry's address */
  install(frame: Frame, keyArg: number, deadline: number | bigint): number {
    const { value } = this.context as ReadContext;
    const entry = value.install(frame, keyArg, deadline);
    this.forget();
    if (this.fieldDeadlines.length === 0) return entry;
    setFieldDeadlines(value.database, entry, this.fieldDeadlines);
    return value.database.find(frame, keyArg);
  }

  release(): void {
    this.context?.value.release();
    this.forget();
  }

  /** Lets go of the payload's bytes, and of what was large because of it. */
  private forget(): void {
    if (this.isLarge) this.context = null;
    else this.context?.reader.close();
  }

  /**
   * What stands behind the object: fields of ours and nothing else.
   * @param reader  another one: what the first one has shown last is the value
   */
  private readAuxFields(reader: RdbReader): void {
    const { text } = this;
    const { value } = this.context as ReadContext;
    while (reader.left > 0) {
      if (reader.readByte() !== OPCODE.AUX) reader.fail('more than a value');
      reader.readString(text);
      const name = Buffer.from(text.copy()).toString('latin1');
      reader.readString(text);
      if (name === OWN_AUX.JSON && value.kind === TYPE.STRING) {
        value.isJson = true;
      } else if (name === OWN_AUX.FIELD_DEADLINES) {
        const deadlines = text.copy();
        checkFieldDeadlines(deadlines);
        this.fieldDeadlines.push(deadlines);
      } else {
        reader.fail('a field that is not known');
      }
    }
  }
}

/** A payload may stand for eighty times its bytes: not for more than the store may hold. */
function budgetOf({ store }: Database): number {
  return Math.min(store.limitBytes, LIMITS.addressableBytesMax);
}
