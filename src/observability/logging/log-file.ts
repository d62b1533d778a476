import { join } from 'node:path';
import type { LoggingConfiguration } from '../../base/configuration.ts';
import { NodeError } from '../../base/errors.ts';
import type { AppendFile, Disk } from '../../base/world.ts';
import type { LogSink } from './log-sinks.ts';

/**
 * One file without rotation. Whoever moves it away, as logrotate does, or removes it, finds the
 * next line in a new file of that name.
 */
export class SingleFile implements LogSink {
  failure = '';
  private readonly disk: Disk;
  private readonly path: string;
  private file: AppendFile | null;

  /** @throws NodeError */
  constructor(disk: Disk, path: string) {
    this.disk = disk;
    this.path = path;
    this.file = disk.openAppend(path);
  }

  write(line: string): boolean {
    this.failure = '';
    try {
      if (this.file === null || !staysInPlace(this.file, this)) this.reopen();
      this.file?.append(Buffer.from(line, 'utf8'));
      return true;
    } catch (error) {
      this.failure = reasonOf(error);
      return false;
    }
  }

  close(): void {
    this.file?.close();
    this.file = null;
  }

  private reopen(): void {
    const { file } = this;
    this.file = null;
    file?.close();
    this.file = this.disk.openAppend(this.path);
  }
}

const FILE_NAME = /^hypercache\.(\d{1,9})\.log$/;

/**
 * `hypercache.1.log`, `hypercache.2.log`, ...: the highest number is written to. A full file is
 * left as it is and the next number begun, so that no name ever moves to other content; before
 * that the lowest numbers go, so that with the new one there are as many files as may be.
 *
 * Several nodes may write to one directory, if only while one stops and the next starts: each line
 * is one append, the length is looked at anew before each, and who finds its file full goes on in a
 * higher number if there is one by now.
 *
 * When the disk refuses a new file the full one grows, up to twice its size; when it refuses to
 * remove old ones there may be twice as many. Beyond that lines are lost: the room that logs take
 * has an end.
 */
export class RotatingFile implements LogSink {
  failure = '';
  private readonly disk: Disk;
  private readonly directory: string;
  private readonly settings: LoggingConfiguration;
  private file: AppendFile;
  private number: number;

  /** @throws NodeError */
  constructor(disk: Disk, directory: string, settings: LoggingConfiguration) {
    this.disk = disk;
    this.directory = directory;
    this.settings = settings;
    disk.makeDirectory(directory);
    this.number = Math.max(1, ...this.listNumbers());
    this.file = this.open(this.number);
  }

  write(line: string): boolean {
    this.failure = '';
    try {
      const bytes = Buffer.from(line, 'utf8');
      if (!staysInPlace(this.file, this)) this.beginAnew();
      this.makeRoom(bytes.length);
      this.file.append(bytes);
      return true;
    } catch (error) {
      this.failure = reasonOf(error);
      return false;
    }
  }

  close(): void {
    this.file.close();
  }

  /** Somebody removed the file, or the whole directory, or moved it. */
  private beginAnew(): void {
    this.disk.makeDirectory(this.directory);
    this.switchTo(Math.max(1, ...this.listNumbers()));
  }

  private makeRoom(byteCount: number): void {
    const { maxFileSizeBytes } = this.settings;
    // The second time when the file that another node began is full as well.
    for (let attempt = 0; attempt < 2; attempt++) {
      const wanted = this.file.byteCount + byteCount;
      if (wanted <= maxFileSizeBytes || this.file.byteCount === 0) return;
      try {
        this.rotate();
      } catch (error) {
        this.failure = reasonOf(error);
        if (wanted > 2 * maxFileSizeBytes) throw error;
        return;
      }
    }
  }

  private rotate(): void {
    const numbers = this.listNumbers();
    const newest = numbers.at(-1) ?? 0;
    if (newest > this.number) return this.switchTo(newest);
    this.removeOldest(numbers);
    this.switchTo(this.number + 1);
  }

  /** Until there is room for one more. */
  private removeOldest(numbers: readonly number[]): void {
    const { maxFiles } = this.settings;
    const surplusCount = Math.max(0, numbers.length + 1 - maxFiles);
    let refusal: unknown = null;
    let leftCount = numbers.length;
    for (const number of numbers.slice(0, surplusCount)) {
      try {
        this.disk.remove(this.pathOf(number));
        leftCount--;
      } catch (error) {
        refusal = error;
        this.failure = reasonOf(error);
      }
    }
    if (refusal !== null && leftCount >= 2 * maxFiles) throw refusal;
  }

  /** The old file stays until there is the new one. */
  private switchTo(number: number): void {
    const next = this.open(number);
    const old = this.file;
    this.file = next;
    this.number = number;
    old.close();
  }

  private open(number: number): AppendFile {
    return this.disk.openAppend(this.pathOf(number));
  }

  private pathOf(number: number): string {
    return join(this.directory, `hypercache.${number}.log`);
  }

  /** In order. */
  private listNumbers(): number[] {
    const numbers: number[] = [];
    for (const name of this.disk.listDirectory(this.directory)) {
      const match = FILE_NAME.exec(name);
      if (match !== null) numbers.push(Number(match[1]));
    }
    return numbers.sort((left, right) => left - right);
  }
}

/** Where one may not even look, what is open is still good to write to. */
function staysInPlace(file: AppendFile, sink: { failure: string }): boolean {
  try {
    return file.isInPlace();
  } catch (error) {
    sink.failure = reasonOf(error);
    return true;
  }
}

/** @throws what the disk did not refuse: that is a mistake of ours */
function reasonOf(error: unknown): string {
  if (!(error instanceof NodeError)) throw error;
  return error.message;
}
