import { join } from 'node:path';
import type { Configuration } from '../../base/configuration.ts';
import { NodeError } from '../../base/errors.ts';
import type { AppendFile, Disk, World } from '../../base/world.ts';

/** Where lines go: the terminal, one file, or numbered files of limited size and count. */
export interface LogSinks {
  readonly droppedLineCount: number;
  write(line: string): void;
  close(): void;
}

/**
 * A file that cannot be written loses its lines, each counted, and is opened anew for the next
 * one: logging never stops the node. Files that cannot be opened at start do: NodeError.
 */
export function openLogSinks(world: World, configuration: Configuration): LogSinks {
  const { logging, node } = configuration;
  const files: LogFile[] = [];
  if (logging.logFile !== '') files.push(openSingleFile(world.disk, logging.logFile));
  if (logging.enableFile) {
    const directory = logging.logDir === '' ? join(node.dataDir, 'logs') : logging.logDir;
    files.push(new RotatingFile(world.disk, directory, logging));
  }
  let droppedLineCount = 0;
  return {
    get droppedLineCount() {
      return droppedLineCount;
    },
    write: (line) => {
      // As with redis-server, a log file takes the place of the terminal.
      if (logging.enableConsole && logging.logFile === '') writeToTerminal(world, logging, line);
      for (const file of files) if (!file.write(line)) droppedLineCount++;
    },
    close: () => {
      for (const file of files.splice(0)) file.close();
    },
  };
}

interface LogFile {
  /** @returns false when the line is lost */
  write(line: string): boolean;
  close(): void;
}

function writeToTerminal(
  { host }: World,
  { output }: Configuration['logging'],
  line: string,
): void {
  if (output === 'stderr') host.writeError(line);
  else host.writeOut(line);
}

function openSingleFile(disk: Disk, path: string): LogFile {
  let file: AppendFile | null = disk.openAppend(path);
  return {
    write: (line) =>
      attemptWrite(() => {
        file ??= disk.openAppend(path);
        file.append(Buffer.from(line, 'utf8'));
      }),
    close: () => {
      file?.close();
      file = null;
    },
  };
}

const FILE_NAME = /^hypercache\.(\d{1,9})\.log$/;

/**
 * `hypercache.1.log`, `hypercache.2.log`, ...: the highest number is written to. A full file is
 * left as it is and the next number begun, so that no name ever moves to other content; then the
 * lowest numbers go, until as many files are left as may be.
 */
class RotatingFile implements LogFile {
  private readonly disk: Disk;
  private readonly directory: string;
  private readonly settings: Configuration['logging'];
  private file: AppendFile;
  private number: number;

  constructor(disk: Disk, directory: string, settings: Configuration['logging']) {
    this.disk = disk;
    this.directory = directory;
    this.settings = settings;
    disk.makeDirectory(directory);
    this.number = Math.max(1, ...this.listNumbers());
    this.file = this.open();
  }

  write(line: string): boolean {
    return attemptWrite(() => {
      const bytes = Buffer.from(line, 'utf8');
      const isFull = this.file.byteCount + bytes.length > this.settings.maxFileSizeBytes;
      if (isFull && this.file.byteCount > 0) this.rotate();
      this.file.append(bytes);
    });
  }

  close(): void {
    this.file.close();
  }

  private rotate(): void {
    this.number++;
    const full = this.file;
    this.file = this.open();
    full.close();
    const numbers = this.listNumbers();
    for (const number of numbers.slice(0, Math.max(0, numbers.length - this.settings.maxFiles))) {
      this.disk.remove(this.pathOf(number));
    }
  }

  private open(): AppendFile {
    return this.disk.openAppend(this.pathOf(this.number));
  }

  private pathOf(number: number): string {
    return join(this.directory, `hypercache.${number}.log`);
  }

  private listNumbers(): number[] {
    const numbers: number[] = [];
    for (const name of this.disk.listDirectory(this.directory)) {
      const match = FILE_NAME.exec(name);
      if (match !== null) numbers.push(Number(match[1]));
    }
    return numbers.sort((left, right) => left - right);
  }
}

function attemptWrite(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (error instanceof NodeError) return false;
    throw error;
  }
}
