import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const PAGE_BYTES = Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }));

/** Processor time of a process, all its threads, in seconds. Moves in steps of 10 ms. */
export function cpuS(pid: number): number {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces; fields are counted after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export function rssBytes(pid: number): number {
  return Number(fs.readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
}

/**
 * Time the main thread stood ready while others had its core: what a busy machine adds to any
 * measured slice. Moves in steps of 4 ms on most kernels.
 */
export function runQueueWaitMs(pid: number | 'self'): number {
  const task = pid === 'self' ? process.pid : pid;
  return (
    Number(fs.readFileSync(`/proc/${task}/task/${task}/schedstat`, 'utf8').split(' ')[1]) / 1e6
  );
}
