/**
 * A tape archive as POSIX.1-1988 (ustar) lays it out: for each file a header of 512 bytes and its
 * content, padded to 512; two empty blocks at the end. `tar` reads it.
 *
 * @source IEEE Std 1003.1, pax, "ustar Interchange Format"; sizes from 8 GiB on as GNU tar has them
 */
export const TAR_BLOCK_BYTES = 512;

export interface TarEntry {
  /** With `/` between its parts; 100 bytes at most. */
  readonly path: string;
  readonly byteCount: number;
  readonly modifiedMs: number;
}

const NAME_BYTES = 100;
const SIZE_AT = 124;
const CHECKSUM_AT = 148;
const TYPE_AT = 156;
const MAGIC_AT = 257;
const OCTAL_SIZE_MAX = 0o77777777777;
const FILE_TYPE = 0x30;
const OLD_FILE_TYPE = 0;

export function encodeTarHeader({ byteCount, modifiedMs, path }: TarEntry): Uint8Array {
  const header = Buffer.alloc(TAR_BLOCK_BYTES);
  header.write(path, 0, NAME_BYTES, 'utf8');
  header.write('0000600\0', 100, 'latin1');
  header.write('0000000\0', 108, 'latin1');
  header.write('0000000\0', 116, 'latin1');
  if (byteCount <= OCTAL_SIZE_MAX) writeOctal(header, SIZE_AT, 11, byteCount);
  else writeLargeSize(header, byteCount);
  writeOctal(header, 136, 11, Math.floor(modifiedMs / 1000));
  header[TYPE_AT] = FILE_TYPE;
  header.write('ustar\u000000', MAGIC_AT, 'latin1');
  writeOctal(header, CHECKSUM_AT, 6, checksumOf(header));
  header[CHECKSUM_AT + 7] = SPACE;
  return header;
}

/** @returns null of an empty block, which is the end; a text says what is wrong */
export function decodeTarHeader(block: Uint8Array): TarEntry | null | string {
  if (block.every((byte) => byte === 0)) return null;
  const header = Buffer.from(block.buffer, block.byteOffset, TAR_BLOCK_BYTES);
  if (readOctal(header, CHECKSUM_AT, 8) !== checksumOf(header)) return 'a header is damaged';
  const type = header[TYPE_AT];
  if (type !== FILE_TYPE && type !== OLD_FILE_TYPE) return 'it holds what is not a plain file';
  const end = header.subarray(0, NAME_BYTES).indexOf(0);
  const path = header.toString('utf8', 0, end < 0 ? NAME_BYTES : end);
  const isLarge = (header[SIZE_AT] & 0x80) !== 0;
  const byteCount = isLarge ? header.readUIntBE(SIZE_AT + 6, 6) : readOctal(header, SIZE_AT, 12);
  if (!Number.isSafeInteger(byteCount)) return 'a size cannot be read';
  return { path, byteCount, modifiedMs: readOctal(header, 136, 12) * 1000 };
}

/** Zeros behind a content, up to the next block. */
export function tarPaddingBytes(byteCount: number): number {
  return (TAR_BLOCK_BYTES - (byteCount % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
}

function writeOctal(header: Buffer, at: number, digits: number, value: number): void {
  header.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
}

function writeLargeSize(header: Buffer, byteCount: number): void {
  header.fill(0, SIZE_AT, SIZE_AT + 12);
  header[SIZE_AT] = 0x80;
  header.writeUIntBE(byteCount, SIZE_AT + 6, 6);
}

/** NaN when it is no number. */
function readOctal(header: Buffer, at: number, length: number): number {
  const match = /^ *([0-7]+)[\0 ]*$/.exec(header.toString('latin1', at, at + length));
  return match === null ? Number.NaN : Number.parseInt(match[1]!, 8);
}

/** As if the checksum's own place were spaces. */
function checksumOf(header: Buffer): number {
  let sum = 8 * SPACE;
  for (let i = 0; i < TAR_BLOCK_BYTES; i++) {
    if (i < CHECKSUM_AT || i >= CHECKSUM_AT + 8) sum += header[i]!;
  }
  return sum;
}

const SPACE = 0x20;
