import type { Frame } from '../../base/frame.ts';
import { setDeadline } from '../../engine/entry-deadline.ts';
import { EVENT } from '../../engine/event-table.ts';
import { echoed } from '../../protocol/error-echo.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, type Execute, keysAt } from '../command-row.ts';
import { integer64Argument, integerArgument } from '../integer-argument.ts';
import type { Session } from '../session.ts';

/** Conditions of the EXPIRE family. */
const NX = 1;
const XX = 2;
const GT = 4;
const LT = 8;
const REFUSED = -1;

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
/** Times up to here, in either unit and relative or not, stay exact as doubles. */
const EXACT_MAX = 2 ** 42;

/** What tells the four commands apart. */
interface ExpireForm {
  readonly name: string;
  /** 1000 for seconds. */
  readonly unitMs: number;
  readonly isRelative: boolean;
}

function executeExpire(form: ExpireForm): Execute {
  return (session, frame, reply) => {
    const conditions = parseConditions(frame, reply);
    if (conditions === REFUSED) return;
    const time = integerArgument(frame, 2);
    if (time >= -EXACT_MAX && time <= EXACT_MAX) {
      const baseMs = form.isRelative ? session.node.clock.nowMs : 0;
      applyDeadline(session, frame, reply, time * form.unitMs + baseMs, conditions);
    } else {
      applyLargeTime(form, session, frame, reply, conditions);
    }
  };
}

/** Times near the bounds of int64, where Redis checks each step for overflow. */
function applyLargeTime(
  form: ExpireForm,
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  conditions: number,
): void {
  const time = integer64Argument(frame, 2);
  if (time === null) {
    reply.error(ERRORS.notInteger);
    return;
  }
  const unitMs = BigInt(form.unitMs);
  const baseMs = form.isRelative ? BigInt(session.node.clock.nowMs) : 0n;
  const isOver = time > INT64_MAX / unitMs || time < INT64_MIN / unitMs;
  if (isOver || time * unitMs > INT64_MAX - baseMs) {
    reply.errorText(`ERR invalid expire time in '${form.name}' command`);
    return;
  }
  const deadlineMs = time * unitMs + baseMs;
  const isExact = deadlineMs >= Number.MIN_SAFE_INTEGER && deadlineMs <= Number.MAX_SAFE_INTEGER;
  applyDeadline(session, frame, reply, isExact ? Number(deadlineMs) : deadlineMs, conditions);
}

function applyDeadline(
  { database, node }: Session,
  frame: Frame,
  reply: ReplyWriter,
  deadlineMs: number | bigint,
  conditions: number,
): void {
  const entry = database.find(frame, 1);
  const isRefused =
    entry === 0 ||
    (conditions !== 0 && !isAllowed(conditions, deadlineMs, database.deadline64Of(entry)));
  if (isRefused) {
    reply.integer(0);
    return;
  }
  if (deadlineMs <= node.clock.nowMs) database.remove(entry, EVENT.del);
  else setDeadline(database, entry, deadlineMs);
  reply.integer(1);
}

/** @param currentMs  -1n when the key has no deadline, which counts as later than any */
function isAllowed(conditions: number, deadlineMs: number | bigint, currentMs: bigint): boolean {
  const hasCurrent = currentMs !== -1n;
  if ((conditions & NX) !== 0 && hasCurrent) return false;
  if ((conditions & XX) !== 0 && !hasCurrent) return false;
  if ((conditions & GT) !== 0 && (!hasCurrent || deadlineMs <= currentMs)) return false;
  return (conditions & LT) === 0 || !hasCurrent || deadlineMs < currentMs;
}

function parseConditions(frame: Frame, reply: ReplyWriter): number {
  let conditions = 0;
  for (let arg = 3; arg < frame.count; arg++) {
    if (frame.equals(arg, 'NX')) conditions |= NX;
    else if (frame.equals(arg, 'XX')) conditions |= XX;
    else if (frame.equals(arg, 'GT')) conditions |= GT;
    else if (frame.equals(arg, 'LT')) conditions |= LT;
    else {
      reply.errorLatin1(`ERR Unsupported option ${echoed(frame, arg)}`);
      return REFUSED;
    }
  }
  if ((conditions & NX) !== 0 && (conditions & (XX | GT | LT)) !== 0) {
    reply.error(ERRORS.expireNxConflict);
    return REFUSED;
  }
  if ((conditions & GT) !== 0 && (conditions & LT) !== 0) {
    reply.error(ERRORS.expireGtLtConflict);
    return REFUSED;
  }
  return conditions;
}

function expireRow(
  form: ExpireForm,
  facts: { since: string; summary: string; time: string },
): CommandRow {
  return {
    name: form.name,
    arity: -3,
    flags: ['write', 'fast'],
    keys: [keysAt(1, 0, 1, 'RW UPDATE')],
    group: 'generic',
    since: facts.since,
    complexity: 'O(1)',
    summary: facts.summary,
    syntax: `key ${facts.time} [NX | XX | GT | LT]`,
    execute: executeExpire(form),
  };
}

export const expireCommand: CommandRow = expireRow(
  { name: 'expire', unitMs: 1000, isRelative: true },
  { since: '1.0.0', summary: 'Let a key expire after some seconds', time: 'seconds' },
);

export const pexpireCommand: CommandRow = expireRow(
  { name: 'pexpire', unitMs: 1, isRelative: true },
  { since: '2.6.0', summary: 'Let a key expire after some milliseconds', time: 'milliseconds' },
);

export const expireatCommand: CommandRow = expireRow(
  { name: 'expireat', unitMs: 1000, isRelative: false },
  {
    since: '1.2.0',
    summary: 'Let a key expire at a Unix time given in seconds',
    time: 'unix-time-seconds',
  },
);

export const pexpireatCommand: CommandRow = expireRow(
  { name: 'pexpireat', unitMs: 1, isRelative: false },
  {
    since: '2.6.0',
    summary: 'Let a key expire at a Unix time given in milliseconds',
    time: 'unix-time-milliseconds',
  },
);
