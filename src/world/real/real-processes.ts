import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { NodeError } from '../../base/errors.ts';
import type { Processes } from '../../base/world.ts';

export function createRealProcesses(): Processes {
  return {
    start({ args, directory, outputPath }) {
      const output = openOutput(outputPath);
      try {
        // A session of its own: neither Ctrl-C in this terminal nor its end reaches it.
        const child = spawn(
          process.execPath,
          [...process.execArgv, process.argv[1] ?? '', ...args],
          { cwd: directory, detached: true, stdio: ['ignore', output, output] },
        );
        // Why there is none is told below; nobody else listens.
        child.on('error', () => {});
        if (child.pid === undefined) {
          throw new NodeError('PROCESS_REFUSED', 'The system starts no further process');
        }
        child.unref();
        return child.pid;
      } finally {
        fs.closeSync(output);
      }
    },
    signal(pid, signal) {
      try {
        process.kill(pid, signal);
        return true;
      } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException;
        if (code === 'ESRCH') return false;
        throw new NodeError('PROCESS_REFUSED', `Cannot signal process ${pid}: ${code}`, { pid });
      }
    },
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}

function openOutput(path: string): number {
  try {
    return fs.openSync(path, 'a', 0o640);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new NodeError('DISK_REFUSED', `Cannot write ${path}: ${code}`, { path }, cause);
  }
}
