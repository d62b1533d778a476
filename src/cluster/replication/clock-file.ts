import type { Disk, WriteFile } from '../../base/world.ts';
import type { ClockBound } from './hybrid-clock.ts';

/** Beyond that the file is begun anew. */
const FILE_BYTES_MAX = 4096;
const LINE = /^(\d{13})$/;

/**
 * How far the clock of stamps may have come, as lines of Unix ms: the greatest counts. A line is
 * handed to the system at once, which outlives the process, and synced beside the loop.
 */
export class ClockFile implements ClockBound {
  readonly startMs: number;
  private readonly disk: Disk;
  private readonly path: string;
  private file: WriteFile | null = null;
  private isSyncing = false;

  /** @throws NodeError when there is such a file and it cannot be read */
  constructor(disk: Disk, path: string) {
    this.disk = disk;
    this.path = path;
    const bytes = disk.readFile(path) ?? new Uint8Array(0);
    this.startMs = greatestLine(Buffer.from(bytes).toString('latin1'));
  }

  raise(untilMs: number): void {
    const line = new TextEncoder().encode(`${untilMs}\n`);
    const { file } = this;
    if (file !== null && file.failure === '' && file.byteCount < FILE_BYTES_MAX) {
      file.write(line, 0, line.length);
      this.sync(file);
      return;
    }
    if (this.isSyncing) return;
    this.begin(line);
  }

  /** @param reachedMs  of the last stamp that was made, whose counter goes beyond */
  close(reachedMs: number): void {
    this.file?.close();
    this.file = null;
    this.begin(new TextEncoder().encode(`${reachedMs + 1}\n`));
  }

  /** A file that holds that line alone. The disk may refuse: then the wall clock has to do. */
  private begin(line: Uint8Array): void {
    this.file?.close();
    this.file = null;
    try {
      this.disk.writeFileAtomic(this.path, line);
      this.file = this.disk.openWrite(this.path, 'append');
    } catch {
      this.file = null;
    }
  }

  private sync(file: WriteFile): void {
    if (this.isSyncing) return;
    this.isSyncing = true;
    const end = () => {
      this.isSyncing = false;
    };
    file.sync().then(end, end);
  }
}

function greatestLine(text: string): number {
  let greatest = 0;
  for (const line of text.split('\n')) {
    const match = LINE.exec(line);
    if (match !== null) greatest = Math.max(greatest, Number(match[1]));
  }
  return greatest;
}
