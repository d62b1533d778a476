import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { KEEP_FIELD_DEADLINE, NO_FIELD_DEADLINE } from '../../engine/values/hash/open-hash.ts';
import { echoed } from '../../protocol/error-echo.ts';
import { ERRORS, type ErrorRow } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';
import { parseDeadline, ReachedArguments, recordFields } from './field-list.ts';
import {
  FIELD,
  findArgument,
  HASH,
  isHash,
  limitsOf,
  openForChange,
  settleShrunk,
  showArgument,
  VALUE,
} from './hash-argument.ts';
import { TIME_WORDS } from './time-words.ts';

export const hsetexCommand: CommandRow = {
  name: 'hsetex',
  arity: -6,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW UPDATE')],
  group: 'hash',
  since: '8.0.0',
  complexity: 'O(N) where N is the number of fields being set.',
  summary: 'Gives fields of a hash values and a deadline, if its conditions are met',
  syntax:
    'key [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | ' +
    'PXAT unix-time-milliseconds | KEEPTTL] FIELDS numfields field value [field value ...]',
  execute: executeHsetex,
};

const FIELD_COUNT_MAX = 2 ** 31 - 1;

/** What a call asks for; reused and rewritten by each parse. */
const OPTIONS = {
  condition: '' as '' | 'FNX' | 'FXX',
  deadlineMs: NO_FIELD_DEADLINE as number,
  hasTime: false,
  /** The first field's argument; its value and further pairs follow. */
  firstArg: 0,
};

function executeHsetex(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database, node } = session;
  if (!parseOptions(frame, node.clock.nowMs, reply)) return;
  const entry = database.find(frame, 1);
  if (entry !== 0 && !isHash(database, entry, reply)) return;
  const { firstArg, condition, deadlineMs } = OPTIONS;
  const isThere = entry !== 0 && openForChange(database, entry, frame, firstArg, 2);
  if (!meetsCondition(frame, isThere, condition)) return reply.integer(0);
  if (OPTIONS.hasTime && deadlineMs <= node.clock.nowMs) {
    if (isThere) removeFields(database, frame, firstArg);
    return reply.integer(1);
  }
  if (!isThere) HASH.create(database, frame, 1);
  const limits = limitsOf(session);
  for (let arg = firstArg; arg < frame.count; arg += 2) {
    showArgument(frame, arg, FIELD);
    HASH.set(FIELD, showArgument(frame, arg + 1, VALUE), deadlineMs, limits);
  }
  recordSet(database, frame);
  reply.integer(1);
}

function meetsCondition(frame: Frame, isThere: boolean, condition: string): boolean {
  if (condition === '') return true;
  const wanted = condition === 'FXX';
  for (let arg = OPTIONS.firstArg; arg < frame.count; arg += 2) {
    if ((isThere && findArgument(frame, arg)) !== wanted) return false;
  }
  return true;
}

const REMOVED = new ReachedArguments();

/** The deadline has passed: what the fields would be given is gone at once. */
function removeFields(database: Database, frame: Frame, firstArg: number): void {
  REMOVED.clear();
  for (let arg = firstArg; arg < frame.count; arg += 2) {
    if (!findArgument(frame, arg)) continue;
    HASH.removeFound();
    REMOVED.add(arg);
  }
  recordFields(database, frame, 'HDEL', { event: EVENT.hdel, reached: REMOVED });
  if (REMOVED.count > 0) settleShrunk(database);
}

/** As one effect, so that no field is ever seen with its value and without its deadline. */
function recordSet(database: Database, frame: Frame): void {
  const { store } = database;
  const { firstArg, deadlineMs, hasTime } = OPTIONS;
  store.stats[STORE_STAT.CHANGES] += (frame.count - firstArg) / 2;
  const { bytes, offsets, lengths } = frame;
  if (store.sink.isActive) {
    const effect = store.effect.begin('HSETEX', database.index, 1);
    effect.bytes(bytes, offsets[1], lengths[1]);
    if (hasTime) effect.text('PXAT').number(deadlineMs);
    else if (deadlineMs === KEEP_FIELD_DEADLINE) effect.text('KEEPTTL');
    effect.text('FIELDS').number((frame.count - firstArg) / 2);
    for (let arg = firstArg; arg < frame.count; arg++) {
      effect.bytes(bytes, offsets[arg], lengths[arg]);
    }
    store.recordEffect(EVENT.hset);
  }
  if (hasTime) store.recordEvent(EVENT.hexpire, database.index, bytes, offsets[1], lengths[1]);
  database.recordNewDeadline(frame, 1);
}

/** False after the error reply. */
function parseOptions(frame: Frame, nowMs: number, reply: ReplyWriter): boolean {
  OPTIONS.condition = '';
  OPTIONS.deadlineMs = NO_FIELD_DEADLINE;
  OPTIONS.hasTime = false;
  for (let arg = 2; arg < frame.count; arg++) {
    if (frame.equals(arg, 'FIELDS')) return parsePairs(frame, arg, reply);
    const time = TIME_WORDS.find(({ name }) => frame.equals(arg, name));
    if (time !== undefined || frame.equals(arg, 'KEEPTTL')) {
      if (OPTIONS.hasTime || OPTIONS.deadlineMs !== NO_FIELD_DEADLINE) {
        return refuse(reply, ERRORS.hashOneTime);
      }
      OPTIONS.deadlineMs = KEEP_FIELD_DEADLINE;
      if (time === undefined) continue;
      arg++;
      if (arg >= frame.count) return refuse(reply, ERRORS.hashNoTime);
      const form = { name: 'hsetex', unitMs: time.unitMs, baseMs: time.isRelative ? nowMs : 0 };
      OPTIONS.deadlineMs = parseDeadline(frame, arg, form, reply);
      OPTIONS.hasTime = true;
      if (OPTIONS.deadlineMs < 0) return false;
    } else if (frame.equals(arg, 'FNX') || frame.equals(arg, 'FXX')) {
      if (OPTIONS.condition !== '') return refuse(reply, ERRORS.hashOneCondition);
      OPTIONS.condition = frame.equals(arg, 'FNX') ? 'FNX' : 'FXX';
    } else {
      reply.errorLatin1(`ERR unknown argument: ${echoed(frame, arg)}`);
      return false;
    }
  }
  return refuse(reply, ERRORS.hashWrongNumber);
}

function parsePairs(frame: Frame, keywordArg: number, reply: ReplyWriter): boolean {
  if (keywordArg >= frame.count - 3) return refuse(reply, ERRORS.hashWrongNumber);
  const count = roundedIntegerArgument(frame, keywordArg + 1);
  if (!(count >= 1 && count <= FIELD_COUNT_MAX)) return refuse(reply, ERRORS.hashFieldCount);
  OPTIONS.firstArg = keywordArg + 2;
  if (count * 2 !== frame.count - OPTIONS.firstArg) return refuse(reply, ERRORS.hashWrongNumber);
  return true;
}

function refuse(reply: ReplyWriter, row: ErrorRow): false {
  reply.error(row);
  return false;
}
