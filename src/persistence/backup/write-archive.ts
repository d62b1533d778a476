import { Crc64 } from '../../base/digest/crc64.ts';
import { NodeError } from '../../base/errors.ts';
import type { Disk, World } from '../../base/world.ts';
import {
  ARCHIVE_FOLDER,
  ARCHIVE_INDEX,
  type ArchiveFile,
  type ArchiveIndex,
  encodeArchiveIndex,
} from './archive-format.ts';
import { encodeTarHeader, TAR_BLOCK_BYTES, tarPaddingBytes } from './tar.ts';

/** What is packed together, beside the loop. */
const PIECE_BYTES = 1024 * 1024;

export interface ArchiveSource {
  /** Below the archive's folder. */
  readonly path: string;
  readonly store: string;
  readonly keyCount: number;
  /** Where it lies, or what is in it. */
  readonly content: string | Uint8Array;
}

export interface ArchiveOptions {
  readonly world: World;
  readonly head: Omit<ArchiveIndex, 'files'>;
  readonly sources: readonly ArchiveSource[];
}

/** The bytes of the .tar.gz, in pieces; what lies on the disk is read while they are taken. */
export function writeArchive(options: ArchiveOptions): AsyncIterable<Uint8Array> {
  return packed(options.world, tarOf(options));
}

/** The index comes last: what is cut off has none. */
async function* tarOf({ head, sources, world }: ArchiveOptions): AsyncIterable<Uint8Array> {
  const files: ArchiveFile[] = [];
  for (const { content, keyCount, path, store } of sources) {
    const crc = new Crc64();
    const isBytes = typeof content !== 'string';
    const reader = isBytes ? readerOf(content) : requireFile(world.disk, content);
    try {
      const { byteCount } = reader;
      yield encodeTarHeader({ ...entryAt(path, head), byteCount });
      for (let at = 0; at < byteCount; ) {
        const piece = new Uint8Array(Math.min(PIECE_BYTES, byteCount - at));
        const came = reader.read(piece, 0, piece.length, at);
        if (came < piece.length) throw shorter(path);
        crc.update(piece, 0, piece.length);
        at += came;
        yield piece;
      }
      yield new Uint8Array(tarPaddingBytes(byteCount));
      files.push({ path, store, byteCount, keyCount, crc64: hexOf(crc) });
    } finally {
      reader.close();
    }
  }
  const index = encodeArchiveIndex({ ...head, files });
  yield encodeTarHeader({ ...entryAt(ARCHIVE_INDEX, head), byteCount: index.length });
  yield index;
  yield new Uint8Array(tarPaddingBytes(index.length) + 2 * TAR_BLOCK_BYTES);
}

/** Of a digest, as the index has it. */
export function hexOf(crc: Crc64): string {
  const bytes = Buffer.alloc(8);
  crc.writeTo(bytes, 0);
  return bytes.toString('hex');
}

async function* packed(
  { compression }: World,
  pieces: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  for await (const piece of pieces) {
    waiting.push(piece);
    waitingBytes += piece.length;
    if (waitingBytes < PIECE_BYTES) continue;
    yield await compression.gzip(Buffer.concat(waiting));
    waiting = [];
    waitingBytes = 0;
  }
  if (waitingBytes > 0) yield await compression.gzip(Buffer.concat(waiting));
}

function entryAt(path: string, { createdMs }: { createdMs: number }) {
  return { path: ARCHIVE_FOLDER + path, modifiedMs: createdMs };
}

function readerOf(bytes: Uint8Array) {
  return {
    byteCount: bytes.length,
    read(into: Uint8Array, start: number, end: number, position: number): number {
      into.set(bytes.subarray(position, position + end - start), start);
      return end - start;
    },
    close: () => {},
  };
}

function requireFile(disk: Disk, path: string) {
  const file = disk.openRead(path);
  if (file !== null) return file;
  throw new NodeError('DISK_REFUSED', `${path} is gone`, { path });
}

function shorter(path: string): NodeError {
  return new NodeError('DISK_REFUSED', `${path} became shorter while it was read`, { path });
}
