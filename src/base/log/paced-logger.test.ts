import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../limits.ts';
import type { LogFacts, Logger } from '../logger.ts';
import { PacedLogger } from './paced-logger.ts';

function open() {
  const lines: { component: string; action: string; facts: LogFacts | undefined }[] = [];
  const loggerOf = (component: string): Logger => {
    const write = (action: string, _message: string, facts?: LogFacts) => {
      lines.push({ component, action, facts });
    };
    return {
      debug: write,
      info: write,
      warn: write,
      error: write,
      isDebug: () => false,
      child: loggerOf,
    };
  };
  let nowMs = 0;
  let heldCount = 0;
  const paced = new PacedLogger({
    logger: loggerOf('main'),
    clock: { wallMs: () => 0, monotonicMs: () => nowMs },
    onHeld: () => heldCount++,
  });
  return {
    lines,
    paced,
    held: () => heldCount,
    advance: (ms: number) => {
      nowMs += ms;
    },
  };
}

test('a burst of lines is written, what comes after it is counted and told by the next', () => {
  const { lines, paced, held, advance } = open();
  for (let i = 0; i < LIMITS.pacedLineBurst + 7; i++) paced.warn('auth', 'login-failed', 'No', {});
  assert.equal(lines.length, LIMITS.pacedLineBurst);
  assert.equal(held(), 7);
  advance(LIMITS.pacedLineMs);
  paced.warn('auth', 'login-failed', 'No', { address: 'a' });
  assert.deepEqual(lines.at(-1), {
    component: 'auth',
    action: 'login-failed',
    facts: { address: 'a', heldCount: 7 },
  });
  paced.warn('auth', 'login-failed', 'No', {});
  assert.equal(held(), 8);
});

test('actions do not take lines from one another, and a quiet time gives a burst again', () => {
  const { lines, paced, advance } = open();
  for (let i = 0; i < 1000; i++) paced.warn('auth', 'login-failed', 'No', {});
  paced.error('resp', 'command-failed', 'No', {});
  assert.equal(lines.at(-1)?.action, 'command-failed');
  advance(LIMITS.pacedLineMs * 1000);
  lines.length = 0;
  for (let i = 0; i < 1000; i++) paced.warn('auth', 'login-failed', 'No', {});
  assert.equal(lines.length, LIMITS.pacedLineBurst);
});
