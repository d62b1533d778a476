/** Payloads too long for a page, each in a block of its own. */
import { TYPE } from '../keyspace/entry.ts';
import { BLOB_HEADER_BYTES, BLOB_MARK } from './page-layout.ts';
import type { TreeTable } from './tree-table.ts';

/** @returns the blob's address; its owner and its bytes are still to be written */
export function createBlob(table: TreeTable, length: number): number {
  const address = table.allocate(BLOB_HEADER_BYTES + length);
  const { view, base } = table.memory;
  view.setUint32(base, TYPE.TREE_BLOB, true);
  view.setUint32(base + 4, 0, true);
  view.setUint32(base + 8, length, true);
  return address;
}

export function freeBlob(table: TreeTable, address: number): void {
  const { memory } = table;
  memory.beforeRemoval(address);
  memory.free(address, BLOB_HEADER_BYTES + table.word(address, 2));
}

/**
 * Gives the blob another length, in place or in a new block; its bytes stay, up to the shorter of
 * both. @returns its address
 */
export function resizeBlob(table: TreeTable, address: number, length: number): number {
  const { memory } = table;
  const oldLength = table.word(address, 2);
  const oldBytes = memory.classBytes(BLOB_HEADER_BYTES + oldLength);
  memory.beforeChange(address);
  if (memory.classBytes(BLOB_HEADER_BYTES + length) === oldBytes) {
    table.setWord(address, 2, length);
    return address;
  }
  const resized = createBlob(table, length);
  table.setWord(resized, 1, table.word(address, 1));
  copyBlob(table, address, table, resized, Math.min(oldLength, length));
  memory.free(address, BLOB_HEADER_BYTES + oldLength);
  return resized;
}

/** Copies the first `length` bytes of one blob into another. */
export function copyBlob(
  from: TreeTable,
  source: number,
  to: TreeTable,
  target: number,
  length: number,
): void {
  from.memory.locate(source);
  const { bytes } = from.memory;
  const at = from.memory.base + BLOB_HEADER_BYTES;
  to.memory.locate(target);
  to.memory.bytes.set(bytes.subarray(at, at + length), to.memory.base + BLOB_HEADER_BYTES);
}

export function writeBlobMark(view: DataView, at: number, address: number): void {
  view.setUint8(at, BLOB_MARK);
  view.setUint32(at + 1, address, true);
}

/** The address of the blob whose mark is at `at`, or 0 when the payload there is none. */
export function blobAt(view: DataView, at: number): number {
  return view.getUint8(at) === BLOB_MARK ? view.getUint32(at + 1, true) : 0;
}
