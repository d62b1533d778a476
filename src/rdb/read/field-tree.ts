import { bytesEqual, copyBytes } from '../../base/bytes.ts';
import { hashBytes } from '../../base/hash.ts';
import type { Slice } from '../../engine/slice.ts';
import { FORMAT } from '../../engine/tree/page-layout.ts';
import { TreeCursor } from '../../engine/tree/tree-cursor.ts';
import {
  FieldPayload,
  fieldBytes,
  NO_FIELD_DEADLINE,
  writeField,
} from '../../engine/values/hash/field-payload.ts';
import type { ReadContext } from './read-context.ts';

/** What a tree takes for an element beside its payload, about. */
const ELEMENT_EXTRA_BYTES = 16;

/** The tree of a large hash or set, while it has no key: texts ordered by their hash. */
export class FieldTree {
  id = 0;
  count = 0;
  /** Longest text so far. */
  longest = 0;
  private readonly context: ReadContext;
  private readonly cursor: TreeCursor;
  private readonly payload = new FieldPayload();
  private hash = 0;

  constructor(context: ReadContext) {
    this.context = context;
    this.cursor = new TreeCursor(context.value.database.trees.table);
    this.id = context.value.createTree(FORMAT.SLOTTED32);
  }

  /** Adds a field of a hash, whose bytes lie outside of the database. */
  addField(field: Slice, value: Slice): void {
    const length = fieldBytes(field.length, value.length, NO_FIELD_DEADLINE);
    this.note(field.length, length);
    if (value.length > this.longest) this.longest = value.length;
    if (this.seek(field, true)) this.context.fail('hash with a field twice');
    this.cursor.insertHere(this.hash, length);
    writeField(this.cursor, field, value, NO_FIELD_DEADLINE);
  }

  /** Adds a member of a set. */
  addMember(member: Slice): void {
    const { view, bytes, offset, length } = member;
    this.note(length, length);
    if (this.seek(member, false)) this.context.fail('set with a member twice');
    const { cursor } = this;
    cursor.insertHere(this.hash, length);
    copyBytes(cursor.view, cursor.bytes, cursor.payloadOffset, view, bytes, offset, length);
  }

  private note(textLength: number, byteCount: number): void {
    this.context.spend(byteCount + ELEMENT_EXTRA_BYTES);
    this.count++;
    if (textLength > this.longest) this.longest = textLength;
  }

  private seek(text: Slice, isField: boolean): boolean {
    const { cursor, payload } = this;
    const { view, offset, length } = text;
    const { seed0, seed1 } = this.context.value.database.store;
    const hash = hashBytes(view, offset, length, seed0, seed1) >>> 0;
    this.hash = hash;
    for (let isThere = cursor.seek(this.id, hash); isThere; isThere = cursor.next()) {
      if (cursor.key !== hash) return false;
      let at = cursor.payloadOffset;
      let textLength = cursor.payloadLength;
      if (isField) {
        payload.read(cursor);
        at = payload.fieldAt;
        textLength = payload.fieldLength;
      }
      if (textLength === length && bytesEqual(cursor.view, at, view, offset, length)) return true;
    }
    return false;
  }
}
