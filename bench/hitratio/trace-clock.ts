/**
 * The time of a process of ours, told by a file: so redis-server sees the time of the trace,
 * exactly as we do, and a trace of hours ends in seconds. Its LRU clock moves in seconds and its
 * LFU counters fall by the minute: at the pace of a benchmark neither would ever move.
 *
 * A few lines of C, loaded before the C library, answer for it; they are compiled when needed.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** The three calls by which redis-server asks. No allocation: its allocator asks too. */
const SOURCE = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static volatile const int64_t *clock_us;

static int64_t now_us(void) {
  if (clock_us == NULL) {
    int file = open(getenv("TRACE_CLOCK"), O_RDONLY);
    clock_us = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
  }
  return *clock_us;
}

int clock_gettime(clockid_t id, struct timespec *at) {
  int64_t us = now_us();
  at->tv_sec = us / 1000000;
  at->tv_nsec = us % 1000000 * 1000;
  return 0;
}

int gettimeofday(void *at, void *zone) {
  int64_t us = now_us();
  ((int64_t *)at)[0] = us / 1000000;
  ((int64_t *)at)[1] = us % 1000000;
  return 0;
}

time_t time(time_t *at) {
  time_t seconds = now_us() / 1000000;
  if (at != NULL) *at = seconds;
  return seconds;
}
`;

const START_MS = 1_767_225_600_000;
const COMPILER = 'cc';

export interface TraceClock {
  /** For the environment of the process. */
  readonly environment: Readonly<Record<string, string>>;
  advance(ms: number): void;
  close(): void;
}

export function hasCompiler(): boolean {
  return spawnSync(COMPILER, ['--version']).status === 0;
}

export function createTraceClock(): TraceClock {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'trace-clock-'));
  const library = path.join(folder, 'trace-clock.so');
  const args = ['-x', 'c', '-', '-O1', '-shared', '-fPIC', '-o', library];
  const compiled = spawnSync(COMPILER, args, { input: SOURCE, encoding: 'utf8' });
  if (compiled.status !== 0) throw new Error(`${COMPILER}: ${compiled.stderr}`);
  const clockFile = path.join(folder, 'time');
  const file = fs.openSync(clockFile, 'w+');
  const word = Buffer.alloc(8);
  let timeMs = START_MS;
  const advance = (ms: number): void => {
    timeMs += ms;
    word.writeBigInt64LE(BigInt(Math.round(timeMs * 1_000)));
    fs.writeSync(file, word, 0, 8, 0);
  };
  advance(0);
  return {
    environment: { LD_PRELOAD: library, TRACE_CLOCK: clockFile },
    advance,
    close() {
      fs.closeSync(file);
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
