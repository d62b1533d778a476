import { clearDeadline } from '../../engine/entry-deadline.ts';
import { type CommandRow, type Execute, keysAt } from '../command-row.ts';
import { lookUp } from './look-up.ts';

const NO_KEY = -2;
const NO_DEADLINE = -1;
/** Deadlines beyond this are not exact as doubles. */
const EXACT_MS_MAX = 2 ** 52;

function executeTtl(unitMs: number, isAbsolute: boolean): Execute {
  return ({ database, node }, frame, reply) => {
    const entry = lookUp(database, frame, 1);
    if (entry === 0) return reply.integer(NO_KEY);
    const deadlineMs = database.deadlineOf(entry);
    if (deadlineMs === NO_DEADLINE) return reply.integer(NO_DEADLINE);
    const baseMs = isAbsolute ? 0 : node.clock.nowMs;
    if (deadlineMs < EXACT_MS_MAX) {
      const ttlMs = Math.max(0, deadlineMs - baseMs);
      return reply.integer(unitMs === 1 ? ttlMs : Math.floor((ttlMs + 500) / 1000));
    }
    const ttlMs = database.deadline64Of(entry) - BigInt(baseMs);
    reply.integer64(unitMs === 1 ? ttlMs : (ttlMs + 500n) / 1000n);
  };
}

function ttlRow(
  name: string,
  execute: Execute,
  facts: { since: string; summary: string; tips?: readonly string[] },
): CommandRow {
  return {
    name,
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: [keysAt(1, 0, 1, 'RO ACCESS')],
    group: 'generic',
    complexity: 'O(1)',
    syntax: 'key',
    execute,
    ...facts,
  };
}

const TIPS = ['nondeterministic_output'];

export const ttlCommand: CommandRow = ttlRow('ttl', executeTtl(1000, false), {
  since: '1.0.0',
  summary: 'Tell how many seconds a key has left',
  tips: TIPS,
});

export const pttlCommand: CommandRow = ttlRow('pttl', executeTtl(1, false), {
  since: '2.6.0',
  summary: 'Tell how many milliseconds a key has left',
  tips: TIPS,
});

export const expiretimeCommand: CommandRow = ttlRow('expiretime', executeTtl(1000, true), {
  since: '7.0.0',
  summary: 'Tell the Unix time in seconds at which a key expires',
});

export const pexpiretimeCommand: CommandRow = ttlRow('pexpiretime', executeTtl(1, true), {
  since: '7.0.0',
  summary: 'Tell the Unix time in milliseconds at which a key expires',
});

export const persistCommand: CommandRow = {
  name: 'persist',
  arity: 2,
  flags: ['write', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW UPDATE')],
  group: 'generic',
  since: '2.2.0',
  complexity: 'O(1)',
  summary: 'Let a key live on without a deadline',
  syntax: 'key',
  execute({ database }, frame, reply) {
    const entry = database.find(frame, 1);
    if (entry === 0 || database.deadlineOf(entry) === NO_DEADLINE) return reply.integer(0);
    clearDeadline(database, entry);
    reply.integer(1);
  },
};
