import type { Frame } from '../../base/frame.ts';
import { formatDouble } from '../../base/numbers.ts';
import type { Database } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { addMissed, moveFound } from '../../engine/values/zset/zset-members.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import { createGeoSet, scoreOfArgument } from './geo-set.ts';
import { encodeScore, type Position } from './geohash.ts';
import { readPosition } from './search-options.ts';

export const geoaddCommand: CommandRow = {
  name: 'geoadd',
  arity: -5,
  flags: ['write', 'denyoom'],
  keys: [keysAt(1, 0, 1, 'RW UPDATE')],
  group: 'geo',
  since: '3.2.0',
  complexity: 'O(log(N)) for each item added, where N is the number of elements in the sorted set.',
  summary: 'Adds members with their positions to a sorted set, or moves members that are there',
  syntax: 'key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]',
  execute: executeGeoadd,
};

const ARGS_PER_MEMBER = 3;

interface AddOptions {
  isNx: boolean;
  isXx: boolean;
  isCh: boolean;
  firstArg: number;
}

function executeGeoadd(session: Session, frame: Frame, reply: ReplyWriter): void {
  const options = parseOptions(frame);
  const argCount = frame.count - options.firstArg;
  if (argCount % ARGS_PER_MEMBER !== 0 || (options.isNx && options.isXx)) {
    return reply.error(ERRORS.syntax);
  }
  const scores: number[] = [];
  const position: Position = { longitude: 0, latitude: 0 };
  for (let arg = options.firstArg; arg < frame.count; arg += ARGS_PER_MEMBER) {
    const refusal = readPosition(frame, arg, position);
    if (typeof refusal === 'string') return reply.errorLatin1(refusal);
    if (refusal !== null) return reply.error(refusal);
    scores.push(encodeScore(position.longitude, position.latitude));
  }
  if (scores.length === 0) return reply.error(ERRORS.syntax);
  const { database } = session;
  const entry = database.find(frame, 1);
  if (entry !== 0) {
    database.touchLocated();
    if (database.typeOf(entry) !== TYPE.ZSET) return reply.error(ERRORS.wrongType);
  } else if (options.isXx) return reply.integer(0);
  addMembers(session, frame, entry, options, scores, reply);
}

function parseOptions(frame: Frame): AddOptions {
  const options = { isNx: false, isXx: false, isCh: false, firstArg: 2 };
  for (; options.firstArg < frame.count; options.firstArg++) {
    if (frame.equals(options.firstArg, 'NX')) options.isNx = true;
    else if (frame.equals(options.firstArg, 'XX')) options.isXx = true;
    else if (frame.equals(options.firstArg, 'CH')) options.isCh = true;
    else break;
  }
  return options;
}

function addMembers(
  session: Session,
  frame: Frame,
  found: number,
  options: AddOptions,
  scores: readonly number[],
  reply: ReplyWriter,
): void {
  const { database } = session;
  const { encoding } = session.node.configuration;
  let entry = found;
  if (entry === 0) {
    entry = createGeoSet(database, frame, 1, frame.lengths[options.firstArg + 2], encoding);
  }
  let added = 0;
  let moved = 0;
  for (let i = 0; i < scores.length; i++) {
    const memberArg = options.firstArg + i * ARGS_PER_MEMBER + 2;
    const score = scores[i];
    const current = scoreOfArgument(database, entry, frame, memberArg);
    if (Number.isNaN(current)) {
      if (options.isXx) continue;
      entry = addMissed(database, entry, score, encoding);
      added++;
    } else {
      if (options.isNx || score === current) continue;
      entry = moveFound(database, entry, score);
      moved++;
    }
    noteMember(database, frame, memberArg, score, added + moved === 1);
  }
  if (added + moved > 0) recordNoted(database, frame);
  reply.integer(options.isCh ? added + moved : added);
}

/** What came of the command is recorded, as ZADD: conditions and degrees are done with. */
function noteMember(
  database: Database,
  frame: Frame,
  memberArg: number,
  score: number,
  isFirst: boolean,
): void {
  const { sink, effect } = database.store;
  if (!sink.isActive) return;
  if (isFirst) {
    effect.begin('ZADD', database.index, 1);
    effect.bytes(frame.bytes, frame.offsets[1], frame.lengths[1]);
  }
  effect.text(formatDouble(score));
  effect.bytes(frame.bytes, frame.offsets[memberArg], frame.lengths[memberArg]);
}

function recordNoted(database: Database, frame: Frame): void {
  const { store } = database;
  store.stats[STORE_STAT.CHANGES]++;
  if (store.sink.isActive) store.recordEffect(EVENT.zadd);
  database.recordNewDeadline(frame, 1);
}
