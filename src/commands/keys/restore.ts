import type { Frame } from '../../base/frame.ts';
import { type Database, NO_DEADLINE } from '../../engine/database.ts';
import { setUse } from '../../engine/entry-access.ts';
import { EVENT } from '../../engine/event-table.ts';
import { freezeNow } from '../../engine/snapshot/live-entry.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { checkPayload, RestoredValue } from '../../rdb/payload.ts';
import { dumpPayload } from '../../rdb/write/dump-payload.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';
import type { Session } from '../session.ts';

const TTL_ARG = 2;
const PAYLOAD_ARG = 3;
const OPTIONS_FROM = 4;
const FREQUENCY_MAX = 255n;
/** A longer idle time is as good as this one: access times wrap later. */
const IDLE_S_MAX = 2n ** 22n;

/** What the options of one call say; reused. */
const OPTIONS = { isReplacing: false, isAbsolute: false, idleS: -1, frequency: -1 };
const RESTORED = new RestoredValue();

export const restoreCommand: CommandRow = {
  name: 'restore',
  arity: -4,
  flags: ['write', 'denyoom'],
  categories: ['dangerous'],
  keys: [keysAt(1, 0, 1, 'OW UPDATE')],
  group: 'generic',
  since: '2.6.0',
  complexity:
    'O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, ' +
    'where N is the number of Redis objects composing the value and M their average size. For ' +
    'small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply ' +
    'O(1). However for sorted set values the complexity is O(N*M*log(N)) because inserting ' +
    'values into sorted sets is O(log(N)).',
  summary: 'Create a key from the bytes that DUMP gave',
  syntax: 'key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]',
  execute: executeRestore,
};

export const restoreAskingCommand: CommandRow = {
  ...restoreCommand,
  name: 'restore-asking',
  flags: ['write', 'denyoom', 'asking'],
  categories: ['keyspace', 'dangerous'],
  group: 'server',
  since: '3.0.0',
  summary: 'RESTORE as nodes of a cluster send it while a slot moves',
};

function executeRestore(session: Session, frame: Frame, reply: ReplyWriter): void {
  if (!parseOptions(frame, reply)) return;
  const { database, node } = session;
  if (!OPTIONS.isReplacing && database.find(frame, 1) !== 0) return reply.error(ERRORS.busyKey);
  const ttl = integer64Argument(frame, TTL_ARG);
  if (ttl === null) return reply.error(ERRORS.notInteger);
  if (ttl < 0n) return reply.error(ERRORS.restoreTtl);
  const start = frame.offsets[PAYLOAD_ARG];
  const end = checkPayload(frame.bytes, start, frame.lengths[PAYLOAD_ARG]);
  if (end < 0) return reply.error(ERRORS.restorePayload);
  const { encoding } = node.configuration;
  if (!RESTORED.read(database, encoding, frame.bytes, start, end)) {
    return reply.error(ERRORS.restoreFormat);
  }
  const deadline = deadlineOf(ttl, database);
  if (deadline !== NO_DEADLINE && deadline <= node.clock.nowMs) {
    RESTORED.release();
    const replaced = database.find(frame, 1);
    if (replaced !== 0) database.remove(replaced, EVENT.del);
    return reply.ok();
  }
  const entry = RESTORED.install(frame, 1, deadline);
  setUse(database, entry, OPTIONS.idleS, OPTIONS.frequency);
  database.store.stats[STORE_STAT.CHANGES]++;
  if (database.store.sink.isActive) recordRestore(session, frame, entry);
  reply.ok();
}

/** @returns false after an error reply */
function parseOptions(frame: Frame, reply: ReplyWriter): boolean {
  OPTIONS.isReplacing = false;
  OPTIONS.isAbsolute = false;
  OPTIONS.idleS = -1;
  OPTIONS.frequency = -1;
  for (let arg = OPTIONS_FROM; arg < frame.count; arg++) {
    const hasMore = arg + 1 < frame.count;
    if (frame.equals(arg, 'REPLACE')) {
      OPTIONS.isReplacing = true;
    } else if (frame.equals(arg, 'ABSTTL')) {
      OPTIONS.isAbsolute = true;
    } else if (frame.equals(arg, 'IDLETIME') && hasMore && OPTIONS.frequency === -1) {
      const idleS = numberArgument(frame, ++arg, reply);
      if (idleS === null) return false;
      if (idleS < 0n) return refuse(reply, ERRORS.restoreIdleTime);
      OPTIONS.idleS = Number(idleS > IDLE_S_MAX ? IDLE_S_MAX : idleS);
    } else if (frame.equals(arg, 'FREQ') && hasMore && OPTIONS.idleS === -1) {
      const frequency = numberArgument(frame, ++arg, reply);
      if (frequency === null) return false;
      if (frequency < 0n || frequency > FREQUENCY_MAX) {
        return refuse(reply, ERRORS.restoreFrequency);
      }
      OPTIONS.frequency = Number(frequency);
    } else {
      return refuse(reply, ERRORS.syntax);
    }
  }
  return true;
}

function numberArgument(frame: Frame, arg: number, reply: ReplyWriter): bigint | null {
  const value = integer64Argument(frame, arg);
  if (value === null) reply.error(ERRORS.notInteger);
  return value;
}

function refuse(reply: ReplyWriter, error: (typeof ERRORS)[keyof typeof ERRORS]): false {
  reply.error(error);
  return false;
}

/** Absolute, ms; a sum beyond int64 wraps as in redis-server, and lies in the past. */
function deadlineOf(ttl: bigint, { store }: Database): number | bigint {
  if (ttl === 0n) return store.newDeadline();
  const { nowMs } = store.clock;
  const deadline = OPTIONS.isAbsolute ? ttl : BigInt.asIntN(64, ttl + BigInt(nowMs));
  return deadline >= -MS_MAX && deadline <= MS_MAX ? Number(deadline) : deadline;
}

const MS_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** Records it with an absolute deadline, and in a form that redis-server 7.0 reads. */
function recordRestore({ database, node }: Session, frame: Frame, entry: number): void {
  const { store } = database;
  const deadline = database.deadline64Of(entry);
  const effect = store.effect.begin('RESTORE', database.index, 1);
  effect
    .bytes(frame.bytes, frame.offsets[1], frame.lengths[1])
    .number(deadline < 0n ? 0n : deadline);
  if (RESTORED.isOfWrittenVersion) {
    effect.bytes(frame.bytes, frame.offsets[PAYLOAD_ARG], frame.lengths[PAYLOAD_ARG]);
  } else {
    const { configuration, clock } = node;
    const payload = dumpPayload(freezeNow(database, entry), {
      compresses: configuration.persistence.compressSnapshots,
      listNodeSize: configuration.encoding.listMaxListpackSize,
      nowMs: clock.nowMs,
    });
    effect.bytes(payload.bytes, 0, payload.length);
  }
  effect.text('REPLACE').text('ABSTTL');
  store.recordEffect(EVENT.restore);
}
