/**
 * What `hypercache backup` makes: a .tar.gz of one directory.
 *
 *     hypercache-backup/backup.json            what is in it, with the checksum of each file
 *     hypercache-backup/stores.json            the named stores, as they lie in a data directory
 *     hypercache-backup/dump.rdb               the default store
 *     hypercache-backup/stores/<name>/dump.rdb one for each named store
 *
 * All snapshots show the same moment. Unpacked by `tar` it is a data directory: redis-server starts
 * from each `dump.rdb` in it.
 */
export const ARCHIVE_FOLDER = 'hypercache-backup/';
export const ARCHIVE_INDEX = 'backup.json';
const ARCHIVE_VERSION = 1;

export interface ArchiveIndex {
  /** Unix milliseconds of the moment that it shows. */
  readonly createdMs: number;
  readonly nodeId: string;
  readonly version: string;
  readonly files: readonly ArchiveFile[];
}

export interface ArchiveFile {
  /** Below the folder; as in a data directory. */
  readonly path: string;
  /** Whose snapshot it is; '' of other files. */
  readonly store: string;
  readonly byteCount: number;
  readonly keyCount: number;
  /** In hexadecimal. */
  readonly crc64: string;
}

export function encodeArchiveIndex(index: ArchiveIndex): Uint8Array {
  const { createdMs, files, nodeId, version } = index;
  const text = JSON.stringify(
    {
      version: ARCHIVE_VERSION,
      created: new Date(createdMs).toISOString(),
      node: nodeId,
      hypercache: version,
      files: files.map((file) => ({
        path: file.path,
        store: file.store,
        bytes: file.byteCount,
        keys: file.keyCount,
        crc64: file.crc64,
      })),
    },
    null,
    2,
  );
  return Buffer.from(`${text}\n`, 'utf8');
}

/** @returns what is wrong with it, as a text */
export function decodeArchiveIndex(bytes: Uint8Array): ArchiveIndex | string {
  let root: unknown;
  try {
    root = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return `${ARCHIVE_INDEX} is no JSON`;
  }
  if (!isRecord(root) || !Array.isArray(root['files'])) return `${ARCHIVE_INDEX} names no files`;
  if (root['version'] !== ARCHIVE_VERSION) return `its version is not ${ARCHIVE_VERSION}`;
  const files: ArchiveFile[] = [];
  for (const file of root['files']) {
    const decoded = decodeFile(file);
    if (decoded === null) return `${ARCHIVE_INDEX} names a file that cannot be in it`;
    files.push(decoded);
  }
  const createdMs = Date.parse(String(root['created']));
  if (Number.isNaN(createdMs)) return `${ARCHIVE_INDEX} has no time`;
  const [nodeId, version] = [String(root['node']), String(root['hypercache'])];
  return { createdMs, nodeId, version, files };
}

/** Paths of a data directory, and nothing that leads out of it. */
const PATH = /^(stores\.json|dump\.rdb|stores\/[A-Za-z0-9][A-Za-z0-9_-]{0,63}\/dump\.rdb)$/;

export function isArchivePath(path: string): boolean {
  return PATH.test(path);
}

function decodeFile(file: unknown): ArchiveFile | null {
  if (!isRecord(file)) return null;
  const { bytes, keys, path, crc64, store } = file;
  if (typeof path !== 'string' || !isArchivePath(path)) return null;
  if (typeof crc64 !== 'string' || !/^[0-9a-f]{16}$/.test(crc64)) return null;
  const [byteCount, keyCount] = [Number(bytes), Number(keys)];
  if (!Number.isSafeInteger(byteCount) || byteCount < 0) return null;
  return { path, store: String(store), byteCount, keyCount, crc64 };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
