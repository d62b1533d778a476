import { NodeError } from '../../base/errors.ts';
import type { World } from '../../base/world.ts';
import { ARCHIVE_FOLDER } from './archive-format.ts';
import { decodeTarHeader, TAR_BLOCK_BYTES, tarPaddingBytes } from './tar.ts';

export interface ArchiveEntry {
  /** Below the archive's folder. */
  readonly path: string;
  readonly byteCount: number;
  /** Read to its end before the next entry is asked for. */
  readonly content: AsyncIterable<Uint8Array>;
}

const READ_BYTES = 256 * 1024;

/**
 * The entries of a .tar.gz, in order. Reading rejects with NodeError DATA_DAMAGED.
 * @param path  of the file
 */
export async function* readArchive(world: World, path: string): AsyncIterable<ArchiveEntry> {
  const bytes = new Bytes(world.compression.gunzip(piecesOf(world, path)));
  for (;;) {
    const header = decodeTarHeader(await bytes.require(TAR_BLOCK_BYTES));
    if (header === null) break;
    if (typeof header === 'string') throw damaged(header);
    if (!header.path.startsWith(ARCHIVE_FOLDER)) throw damaged(`it holds ${header.path}`);
    const { byteCount } = header;
    yield {
      path: header.path.slice(ARCHIVE_FOLDER.length),
      byteCount,
      content: bytes.pieces(byteCount),
    };
    await bytes.require(tarPaddingBytes(byteCount));
  }
  // The checksum behind the last member is read only when there is nothing more.
  while ((await bytes.next()) !== null);
}

/** A stream of which exact counts are taken. */
class Bytes {
  private readonly source: AsyncIterator<Uint8Array>;
  private rest: Uint8Array = new Uint8Array(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.source = source[Symbol.asyncIterator]();
  }

  /** What comes next, however much; null at the end. */
  async next(): Promise<Uint8Array | null> {
    while (this.rest.length === 0) {
      const { done, value } = await this.source.next();
      if (done === true) return null;
      this.rest = value;
    }
    const { rest } = this;
    this.rest = new Uint8Array(0);
    return rest;
  }

  async require(byteCount: number): Promise<Uint8Array> {
    const whole = new Uint8Array(byteCount);
    let at = 0;
    for await (const piece of this.pieces(byteCount)) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  async *pieces(byteCount: number): AsyncIterable<Uint8Array> {
    for (let left = byteCount; left > 0; ) {
      const piece = await this.next();
      if (piece === null) throw damaged('it is cut off');
      const taken = piece.subarray(0, left);
      this.rest = piece.subarray(taken.length);
      left -= taken.length;
      yield taken;
    }
  }
}

async function* piecesOf({ disk }: World, path: string): AsyncIterable<Uint8Array> {
  const file = disk.openRead(path);
  if (file === null) throw new NodeError('DISK_REFUSED', `There is no file ${path}`, { path });
  try {
    for (let at = 0; at < file.byteCount; ) {
      const piece = new Uint8Array(Math.min(READ_BYTES, file.byteCount - at));
      const came = file.read(piece, 0, piece.length, at);
      if (came === 0) throw damaged('it is cut off');
      at += came;
      yield piece.subarray(0, came);
    }
  } finally {
    file.close();
  }
}

function damaged(reason: string): NodeError {
  return new NodeError('DATA_DAMAGED', `This is no backup, or a damaged one: ${reason}`);
}
