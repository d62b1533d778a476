import type { Disk } from '../../base/world.ts';

/**
 * When this node was equal to others last, by its own clock: after an hour without, they may have
 * forgotten what they removed meanwhile. Kept over a restart where there is a data directory.
 */
export class TogetherFile {
  /** Unix ms; 0: never, as far as is known. */
  lastMs = 0;
  private readonly disk: Disk;
  private readonly path: string;
  private writtenMs = 0;

  /** @param path  '' keeps nothing */
  constructor(disk: Disk, path: string) {
    this.disk = disk;
    this.path = path;
    const bytes = path === '' ? null : disk.readFile(path);
    if (bytes === null) return;
    const read = Number(Buffer.from(bytes).toString('latin1').trim());
    this.lastMs = Number.isSafeInteger(read) ? read : 0;
    this.writtenMs = this.lastMs;
  }

  /** The disk may refuse: then the last time that was kept has to do. */
  note(nowMs: number): void {
    this.lastMs = nowMs;
    if (this.path === '' || Math.abs(nowMs - this.writtenMs) < WRITE_MS) return;
    this.writtenMs = nowMs;
    try {
      this.disk.writeFileAtomic(this.path, new TextEncoder().encode(`${nowMs}\n`));
    } catch {
      this.writtenMs = nowMs - WRITE_MS / 2;
    }
  }
}

const WRITE_MS = 60_000;
