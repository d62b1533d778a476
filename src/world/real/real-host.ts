import * as fs from 'node:fs';
import * as os from 'node:os';
import { isatty } from 'node:tty';
import type { Host } from '../../base/world.ts';
import { findContainerLimitBytes } from './container-limit.ts';
import { watchGc } from './gc-watch.ts';
import { createRealProcesses } from './real-processes.ts';

const OUT = 1;
const ERROR = 2;
/** A reader of our output who sleeps may hold us up this long, then the text is dropped. */
const WRITE_PATIENCE_MS = 2000;

export function createRealHost(): Host {
  return {
    pid: process.pid,
    hostname: os.hostname(),
    osName: `${os.type()} ${os.release()} ${os.machine()}`,
    nodeVersion: process.version,
    executablePath: process.argv[1] ?? process.execPath,
    workingDirectory: process.cwd(),
    cpuCount: os.availableParallelism(),
    environment: process.env,
    memoryBytesTotal: Math.min(
      os.totalmem(),
      findContainerLimitBytes((path) => readTextIfThere(path)) ?? Number.POSITIVE_INFINITY,
    ),
    openFileCountMax: findOpenFileCountMax(),
    isOutTerminal: isatty(OUT),
    isErrorTerminal: isatty(ERROR),
    processMark,
    processes: createRealProcesses(),
    memoryUse() {
      const use = process.memoryUsage();
      return {
        rssBytes: use.rss,
        heapUsedBytes: use.heapUsed,
        heapTotalBytes: use.heapTotal,
        arrayBufferBytes: use.arrayBuffers,
      };
    },
    cpuUse() {
      const use = process.cpuUsage();
      return { userS: use.user / 1e6, systemS: use.system / 1e6 };
    },
    watchGc,
    writeOut: createLineWriter(OUT),
    writeError: createLineWriter(ERROR),
    onSignal(signal, callback) {
      process.on(signal, callback);
      return { cancel: () => process.off(signal, callback) };
    },
  };
}

/** Node has raised the soft limit to the hard one by now. */
function findOpenFileCountMax(): number {
  const limits = readTextIfThere('/proc/self/limits') ?? '';
  const count = /^Max open files +(\d+)/m.exec(limits)?.[1];
  return count === undefined ? Number.POSITIVE_INFINITY : Number(count);
}

/** On Linux the boot and its tick in which the process began; elsewhere only that it lives. */
function processMark(pid: number): string {
  try {
    process.kill(pid, 0);
  } catch (cause) {
    // One of another user lives as well.
    if ((cause as NodeJS.ErrnoException).code !== 'EPERM') return '';
  }
  const boot = readTextIfThere('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  // Behind the name, which may hold blanks and parentheses, the 20th word is the tick.
  const words = readTextIfThere(`/proc/${pid}/stat`)?.replace(/^.*\)/s, '').trim().split(' ');
  if (words === undefined) return 'alive';
  // One that has ended and was not asked for its exit code yet holds nothing any more.
  return words[0] === 'Z' || words[0] === 'X' ? '' : `${boot}/${words[19]}`;
}

function readTextIfThere(path: string): string | null {
  try {
    return fs.readFileSync(path, 'latin1');
  } catch {
    // Not Linux, no such controller, or not readable: then there is no limit to know of.
    return null;
  }
}

/**
 * Straight to the descriptor: `process.stdout` writes to pipes later, so lines would be lost at
 * exit and change places with those of standard error. A full pipe answers EAGAIN: wait for its
 * reader, within reason; one who has let us wait that long is not waited for again until it reads.
 * Text that nobody takes any more (EPIPE) is dropped.
 */
function createLineWriter(descriptor: number): (text: string) => boolean {
  let isStuck = false;
  /** The last line was written in part: its rest is dropped, and the next begins a new one. */
  let isTorn = false;
  return (text) => {
    const bytes = Buffer.from(isTorn ? `\n${text}` : text);
    const giveUpMs = performance.now() + (isStuck ? 0 : WRITE_PATIENCE_MS);
    let written = 0;
    while (written < bytes.length) {
      try {
        written += fs.writeSync(descriptor, bytes, written);
      } catch (cause) {
        const code = (cause as NodeJS.ErrnoException).code;
        if (code === 'EAGAIN' && performance.now() < giveUpMs) {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
          continue;
        }
        isStuck = code === 'EAGAIN';
        if (written > 0) isTorn = true;
        return false;
      }
    }
    isStuck = false;
    isTorn = false;
    return true;
  };
}
