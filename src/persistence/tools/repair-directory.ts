/**
 * What `hypercache repair` does to a data directory that no node runs over. A torn tail is cut, as
 * a start would. Only when salvage is asked for is damage in the middle left out: of a log the
 * records that cannot be read, of a snapshot all from there on. A copy of each file that is changed
 * is kept beside it.
 */
import { join } from 'node:path';
import type { Configuration } from '../../base/configuration.ts';
import { crc32 } from '../../base/digest/crc32.ts';
import type { World } from '../../base/world.ts';
import { beginSnapshot } from '../../engine/snapshot/store-snapshot.ts';
import { putHex, RECORD_MARK, RecordLine } from '../../journal/record-line.ts';
import { RdbFileWriter } from '../../rdb/file-writer.ts';
import type { StoreFiles } from '../store-files.ts';
import { storesIn } from './check-directory.ts';
import { checkLog, logPlaces, readManifest } from './check-log.ts';
import { checkSnapshot, type ReadingOptions, readSnapshot } from './check-snapshot.ts';
import { replaceFile } from './file-copies.ts';
import { type FileReport, isBad } from './findings.ts';

export interface RepairOptions {
  readonly world: World;
  readonly configuration: Configuration;
  readonly isSalvaged: boolean;
  readonly tell: (line: string) => void;
}

/** @returns whether all files are good now. Throws NodeError */
export function repairDirectory(options: RepairOptions): boolean {
  let isGood = true;
  for (const files of storesIn(options.world, options.configuration)) {
    const databaseCount = files.storeName === 'default' ? options.configuration.cache.databases : 1;
    if (!new StoreRepair(options, files, databaseCount).run()) isGood = false;
  }
  return isGood;
}

class StoreRepair {
  private readonly options: RepairOptions;
  private readonly files: StoreFiles;
  private readonly reading: ReadingOptions;
  private isGood = true;

  constructor(options: RepairOptions, files: StoreFiles, databaseCount: number) {
    const { configuration, world } = options;
    this.options = options;
    this.files = files;
    this.reading = { world, configuration, databaseCount };
  }

  run(): boolean {
    const { files } = this;
    this.repairSnapshot(files.snapshotPath);
    this.repairLog(files.oldLogPath, true, -1);
    const read = readManifest(this.options.world.disk, files.manifestPath);
    if (read === null) return this.isGood;
    if (!('manifest' in read)) {
      this.leave(read, 'which parts make the log cannot be told; put a manifest there by hand');
      return this.isGood;
    }
    const { base } = read.manifest;
    if (base?.name.endsWith('.rdb') === true) {
      this.repairSnapshot(join(files.logDirectory, base.name));
    }
    let previousBytes = -1;
    for (const { followsIncrement, isLast, path } of logPlaces(files, read.manifest)) {
      previousBytes = this.repairLog(path, isLast, followsIncrement ? previousBytes : -1);
    }
    return this.isGood;
  }

  private repairSnapshot(path: string): void {
    const report = checkSnapshot(path, this.reading);
    if (report === null || !isBad(report)) return;
    if (!this.options.isSalvaged) return this.leave(report, SALVAGE_HINT);
    const { world } = this.options;
    const file = world.disk.openRead(path);
    if (file === null) return;
    const reading = readSnapshot(file, this.reading);
    file.close();
    if (reading.keyCount === 0 && reading.functionCodes.length === 0) {
      return this.leave(report, 'nothing of it can be read');
    }
    const kept = replaceFile(world.disk, path, this.snapshotOf(reading));
    this.tell(`${path}: ${reading.keyCount} keys kept, lost is all from offset ${reading.offset}`);
    this.tell(`${path}: what it was is in ${kept}`);
  }

  private *snapshotOf({
    functionCodes,
    store,
  }: ReturnType<typeof readSnapshot>): Iterable<Uint8Array> {
    const { configuration, world } = this.options;
    const nowMs = world.clock.wallMs();
    const writer = new RdbFileWriter({
      compresses: configuration.persistence.compressSnapshots,
      compressedBytesMax: Number.MAX_SAFE_INTEGER,
      hasChecksum: true,
      use: 'none',
      listNodeSize: configuration.encoding.listMaxListpackSize,
      nowMs,
    });
    const snapshot = beginSnapshot(store, writer);
    const usedMemoryBytes = store.countedBytes();
    const createdS = Math.floor(nowMs / 1000);
    writer.begin(
      { createdS, usedMemoryBytes, isLogBase: false, functionCodes },
      snapshot.databases,
    );
    const isLate = () => writer.pendingBytes > PIECE_BYTES;
    while (!snapshot.step(isLate)) yield writer.takeBytes();
    writer.end();
    yield writer.takeBytes();
  }

  /**
   * @param previousBytes  how long the file before it is now; -1: there is none
   * @returns              how long it is now
   */
  private repairLog(path: string, isLast: boolean, previousBytes: number): number {
    const checked = checkLog({ path, isLast }, this.reading);
    if (checked === null) {
      const isNamed = path !== this.files.oldLogPath;
      if (isNamed) this.leave(lost(path), 'the manifest names it, and it is not there');
      return 0;
    }
    const { preambleBytes, report, walk } = checked;
    if (walk === null) {
      if (isBad(report)) this.leave(report, 'its beginning cannot be read');
      return report.byteCount;
    }
    const isShortened =
      walk.afterBytes >= 0 && previousBytes >= 0 && walk.afterBytes > previousBytes;
    if (!isBad(report) && !isShortened) return report.byteCount;
    const isTorn = !isShortened && report.findings.every(({ severity }) => severity === 'torn');
    if (!isTorn && !this.options.isSalvaged) {
      this.leave(report, SALVAGE_HINT);
      return report.byteCount;
    }
    const { disk } = this.options.world;
    const bytes = disk.readFile(path)!;
    const parts = [{ start: 0, end: preambleBytes }, ...walk.goodParts];
    const pieces: Uint8Array[] = parts.map(({ start, end }) => bytes.slice(start, end));
    if (isShortened) {
      const first = preambleBytes > 0 ? 0 : 1;
      pieces[first] = followAfter(pieces[first]!, previousBytes);
    }
    const kept = replaceFile(disk, path, pieces);
    for (const { end, reason, start } of walk.badParts) {
      this.tell(`${path}: ${end - start} bytes left out from offset ${start}: ${reason}`);
    }
    this.tell(`${path}: ${walk.commandCount} commands kept; what it was is in ${kept}`);
    return pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  private leave({ findings, path }: FileReport, why: string): void {
    this.isGood = false;
    for (const { offset, reason } of findings) {
      this.tell(`${path}: ${reason}${offset < 0 ? '' : ` at offset ${offset}`}`);
    }
    this.tell(`${path}: left as it is: ${why}`);
  }

  private tell(line: string): void {
    this.options.tell(`${line}\n`);
  }
}

/** The first record says again how long the file before it is, after that was cut. */
function followAfter(bytes: Uint8Array, previousBytes: number): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const start = text.indexOf(RECORD_MARK);
  const lineEnd = text.indexOf('\r\n', start);
  const line = new RecordLine();
  if (start < 0 || !line.parse(text.toString('latin1', start, lineEnd))) return bytes;
  const head = text
    .toString('latin1', start, lineEnd)
    .replace(/ after=\d+/, ` after=${previousBytes}`);
  const body = text.subarray(lineEnd, lineEnd + 2 + line.bodyBytes);
  const record = new Uint8Array(Buffer.concat([Buffer.from(head, 'latin1'), body]));
  const { coveredAt } = line;
  const crc = crc32(record, new DataView(record.buffer), coveredAt, record.length);
  putHex(record, coveredAt - CRC_DIGITS, crc);
  const rest = text.subarray(lineEnd + body.length);
  return Buffer.concat([text.subarray(0, start), record, rest]);
}

function lost(path: string): FileReport {
  return { path, kind: 'log', byteCount: 0, contents: '', findings: [] };
}

const CRC_DIGITS = 8;
const PIECE_BYTES = 1024 * 1024;
const SALVAGE_HINT = 'with --salvage what can be read of it is kept, and the rest left out';
