import type { Frame } from '../../base/frame.ts';
import { formatDouble, parseDouble } from '../../base/numbers.ts';
import type { Database } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { ENCODING, TYPE } from '../../engine/keyspace/entry.ts';
import { reserveForArguments } from '../../engine/values/packed/packed-room.ts';
import { createListpack } from '../../engine/values/packed/packed-value.ts';
import { PACKED_BYTES_MAX, ZSET_KIND } from '../../engine/values/zset/zset-form.ts';
import { addMissed, moveFound } from '../../engine/values/zset/zset-members.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import {
  findArgument,
  NOT_A_ZSET,
  recordBuilt,
  replyScore,
  requireZsetToChange,
} from './sorted-set.ts';

export const zaddCommand: CommandRow = {
  name: 'zadd',
  arity: -4,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW UPDATE')],
  group: 'sorted-set',
  since: '1.2.0',
  complexity: 'O(log(N)) for each item added, where N is the number of elements in the sorted set.',
  summary: 'Adds members with their scores, or gives members that are there other scores',
  syntax: 'key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]',
  execute: (session, frame, reply) => {
    options.isIncrement = false;
    executeAdd(session, frame, reply);
  },
};

export const zincrbyCommand: CommandRow = {
  name: 'zincrby',
  arity: 4,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS UPDATE')],
  group: 'sorted-set',
  since: '1.2.0',
  complexity: 'O(log(N)) where N is the number of elements in the sorted set.',
  summary: 'Adds a number to the score of a member, which begins at 0',
  syntax: 'key increment member',
  execute: (session, frame, reply) => {
    options.isIncrement = true;
    executeAdd(session, frame, reply);
  },
};

/** One command's wishes and what came of it; nothing outlives the command. */
const options = {
  isIncrement: false,
  isNx: false,
  isXx: false,
  isGt: false,
  isLt: false,
  isCh: false,
  /** First score among the arguments. */
  firstArg: 0,
};
const outcome = { added: 0, updated: 0, score: 0, isDone: false, isNaN: false };
/** The scores of the command, all read before any is used. */
let scores = new Float64Array(16);

function executeAdd(session: Session, frame: Frame, reply: ReplyWriter): void {
  if (!parseOptions(frame, reply) || !parseScores(frame, reply)) return;
  const { database } = session;
  const found = requireZsetToChange(database, frame, 1, reply);
  if (found === NOT_A_ZSET) return;
  outcome.added = 0;
  outcome.updated = 0;
  outcome.isDone = false;
  outcome.isNaN = false;
  if (found !== 0 || !options.isXx) addPairs(session, frame, found);
  if (outcome.added + outcome.updated > 0) record(database, frame);
  if (outcome.isNaN) return reply.error(ERRORS.scoreNotNumber);
  if (!options.isIncrement) {
    return reply.integer(options.isCh ? outcome.added + outcome.updated : outcome.added);
  }
  if (outcome.isDone) replyScore(reply, outcome.score);
  else reply.null();
}

function parseOptions(frame: Frame, reply: ReplyWriter): boolean {
  options.isNx = false;
  options.isXx = false;
  options.isGt = false;
  options.isLt = false;
  options.isCh = false;
  let arg = 2;
  // No number but `inf` begins with a letter, and most pairs begin with a number.
  while (arg < frame.count && isLetter(frame.bytes[frame.offsets[arg]])) {
    if (frame.equals(arg, 'NX')) options.isNx = true;
    else if (frame.equals(arg, 'XX')) options.isXx = true;
    else if (frame.equals(arg, 'GT')) options.isGt = true;
    else if (frame.equals(arg, 'LT')) options.isLt = true;
    else if (frame.equals(arg, 'CH')) options.isCh = true;
    else if (frame.equals(arg, 'INCR')) options.isIncrement = true;
    else break;
    arg++;
  }
  options.firstArg = arg;
  const pairArgCount = frame.count - arg;
  const { isNx, isXx, isGt, isLt, isIncrement } = options;
  if (pairArgCount === 0 || pairArgCount % 2 !== 0) {
    reply.error(ERRORS.syntax);
  } else if (isNx && isXx) {
    reply.error(ERRORS.zaddNxXx);
  } else if ((isGt && isNx) || (isLt && isNx) || (isGt && isLt)) {
    reply.error(ERRORS.zaddGtLtNx);
  } else if (isIncrement && pairArgCount > 2) {
    reply.error(ERRORS.zaddIncrPairs);
  } else {
    return true;
  }
  return false;
}

function parseScores(frame: Frame, reply: ReplyWriter): boolean {
  const count = (frame.count - options.firstArg) >>> 1;
  if (count > scores.length) scores = new Float64Array(count * 2);
  let arg = options.firstArg;
  for (let i = 0; i < count; i++) {
    scores[i] = parseDouble(frame.bytes, frame.offsets[arg], frame.lengths[arg]);
    if (Number.isNaN(scores[i])) {
      reply.error(ERRORS.notFloat);
      return false;
    }
    arg += 2;
  }
  return true;
}

function addPairs(session: Session, frame: Frame, found: number): void {
  const { database } = session;
  const { encoding } = session.node.configuration;
  let entry = found;
  if (entry === 0) {
    const isLong = frame.lengths[options.firstArg + 1] > encoding.zsetMaxListpackValueBytes;
    const isListpack = encoding.zsetMaxListpackEntries > 0 && !isLong;
    const kind = isListpack ? ZSET_KIND : TYPE.ZSET | (ENCODING.SKIPLIST << 4);
    entry = createListpack(database, frame, 1, kind);
    entry = reserveForArguments(database, entry, frame, options.firstArg, PACKED_BYTES_MAX);
  }
  const { firstArg, isNx, isXx, isGt, isLt, isIncrement } = options;
  const { isActive } = database.store.sink;
  const isPassedOn = isDeterministic();
  for (let arg = firstArg; arg < frame.count; arg += 2) {
    let score = scores[(arg - firstArg) >>> 1];
    const current = findArgument(database, entry, frame, arg + 1);
    if (Number.isNaN(current)) {
      if (isXx) continue;
      entry = addMissed(database, entry, score, encoding);
      outcome.added++;
    } else {
      if (isNx) continue;
      if (isIncrement) score += current;
      if (Number.isNaN(score)) {
        outcome.isNaN = true;
        return;
      }
      if ((isLt && score >= current) || (isGt && score <= current)) continue;
      outcome.isDone = true;
      outcome.score = score;
      if (score === current) continue;
      entry = moveFound(database, entry, score);
      outcome.updated++;
    }
    outcome.isDone = true;
    outcome.score = score;
    if (isActive && !isPassedOn) addToEffect(database, frame, arg + 1, score);
  }
}

/** Whether the command means the same wherever it is applied. */
function isDeterministic(): boolean {
  const { isNx, isXx, isGt, isLt, isIncrement } = options;
  return !(isNx || isXx || isGt || isLt || isIncrement);
}

/** Of a command with conditions, what came of it is recorded. */
function addToEffect(database: Database, frame: Frame, memberArg: number, score: number): void {
  const { effect } = database.store;
  if (outcome.added + outcome.updated === 1) {
    effect.begin('ZADD', database.index, 1);
    effect.bytes(frame.bytes, frame.offsets[1], frame.lengths[1]);
  }
  effect.text(formatDouble(score));
  effect.bytes(frame.bytes, frame.offsets[memberArg], frame.lengths[memberArg]);
}

function record(database: Database, frame: Frame): void {
  const event = options.isIncrement ? EVENT.zincr : EVENT.zadd;
  if (isDeterministic()) database.recordCommand(frame, event, 1);
  else recordBuilt(database, frame, event);
}

function isLetter(byte: number): boolean {
  const lower = byte | 32;
  return lower >= 97 && lower <= 122;
}
