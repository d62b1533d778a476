import { spawn } from 'node:child_process';
import { cpuS } from './process-stats.ts';

export interface Load {
  readonly args: readonly string[];
  /** Commands that a client sends before it reads. */
  readonly depth: number;
  readonly commandCount: number;
  readonly clientCount: number;
  /** `__rand_int__` is drawn below it. */
  readonly keyCount: number;
}

/** One redis-benchmark; its processor time is what /proc said last before it ended. */
export function generateLoad(
  port: number,
  { args, depth, commandCount, clientCount, keyCount }: Load,
): Promise<{ perSecond: number; cpuS: number }> {
  const counts = ['-c', `${clientCount}`, '-P', `${depth}`, '-n', `${commandCount}`];
  const child = spawn(
    'redis-benchmark',
    ['-p', `${port}`, ...counts, '-r', `${keyCount}`, '--csv', ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  let usedS = 0;
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const poll = setInterval(() => {
    try {
      if (child.pid) usedS = cpuS(child.pid);
    } catch {
      // It ended between two looks; the last one stands.
    }
  }, 20);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(poll);
      const row = output.trim().split('\n').pop() ?? '';
      const perSecond = Number(/^".*?","([\d.]+)"/.exec(row)?.[1]);
      if (code === 0 && perSecond > 0) resolve({ perSecond, cpuS: usedS });
      else reject(new Error(`redis-benchmark ended with ${code}: ${output}`));
    });
  });
}
