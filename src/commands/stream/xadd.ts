import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import {
  appendEntry,
  ENTRY_BYTES_MAX,
  fieldBytes,
} from '../../engine/values/stream/stream-append.ts';
import { StreamId } from '../../engine/values/stream/stream-id.ts';
import { createStream } from '../../engine/values/stream/stream-record.ts';
import { cutStream } from '../../engine/values/stream/stream-remove.ts';
import { ERRORS, type ErrorRow } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, type KeySpec, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import { ID_FORM } from './id-argument.ts';
import { ID_MAX, NOT_A_STREAM, RECORD, replyId, requireStreamToChange } from './stream-argument.ts';
import { TrimOptions } from './trim-options.ts';

const KEYS: readonly KeySpec[] = [
  {
    ...keysAt(1, 0, 1, 'RW UPDATE'),
    notes: 'UPDATE instead of INSERT because of the optional trimming feature',
  },
];

export const xaddCommand: CommandRow = {
  name: 'xadd',
  arity: -5,
  flags: ['write', 'denyoom', 'fast'],
  keys: KEYS,
  group: 'stream',
  since: '5.0.0',
  complexity:
    'O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted.',
  summary: 'Adds an entry to a stream, making it when it is missing',
  syntax:
    'key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> ' +
    'field value [field value ...]',
  tips: ['nondeterministic_output'],
  execute: executeXadd,
};

export const xtrimCommand: CommandRow = {
  name: 'xtrim',
  arity: -4,
  flags: ['write'],
  keys: [keysAt(1, 0, 1, 'RW DELETE')],
  group: 'stream',
  since: '5.0.0',
  complexity:
    'O(N), with N being the number of evicted entries. Constant times are very small however, ' +
    'since entries are organized in macro nodes containing multiple entries that can be released ' +
    'with a single deallocation.',
  summary: 'Cuts entries off the beginning of a stream',
  syntax: 'key <<MAXLEN | MINID> [= | ~] threshold [LIMIT count]>',
  tips: ['nondeterministic_output'],
  execute: executeXtrim,
};

const OPTIONS = new TrimOptions();
const LAST_ID = new StreamId();

function executeXadd(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database } = session;
  const limits = session.node.configuration.encoding;
  if (!OPTIONS.parse(frame, true, limits.streamNodeMaxEntries, reply)) return;
  const fieldArg = OPTIONS.idArg + 1;
  const elementCount = frame.count - fieldArg;
  if (elementCount < 2 || elementCount % 2 === 1) return reply.error(ERRORS.streamArity);
  const { id } = OPTIONS;
  if (!OPTIONS.isAutomatic && OPTIONS.idForm === ID_FORM.WHOLE && id.isZero) {
    return reply.error(ERRORS.streamIdZeroGiven);
  }
  let entry = requireStreamToChange(database, frame, 1, reply);
  if (entry === NOT_A_STREAM) return;
  const isNew = entry === 0;
  const textBytes = fieldBytes(frame, fieldArg);
  if (isNew) {
    if (OPTIONS.needsKey) return reply.null();
    if (textBytes > ENTRY_BYTES_MAX) return reply.error(ERRORS.streamTooLarge);
    entry = createStream(database, frame, 1);
  }
  RECORD.open(database, entry);
  const refusal = chooseId(database.store.clock.nowMs);
  if (refusal !== null) return reply.error(refusal);
  if (textBytes > ENTRY_BYTES_MAX) return reply.error(ERRORS.streamTooLarge);
  appendEntry(database, RECORD, id, frame, fieldArg, textBytes, limits);
  replyId(reply, id);
  const cutCount = OPTIONS.cuts ? cutStream(database, RECORD, OPTIONS) : 0;
  record(database, frame, fieldArg, cutCount);
  if (isNew) database.recordNewDeadline(frame, 1);
}

/** Puts the entry's id into OPTIONS. @returns why there is none, or null */
function chooseId(nowMs: number): ErrorRow | null {
  const { id } = OPTIONS;
  if (OPTIONS.isAutomatic) {
    if (RECORD.readLastId(id).ms >= nowMs) return id.increment() ? null : ERRORS.streamExhausted;
    id.set(nowMs, 0);
    return null;
  }
  RECORD.readLastId(LAST_ID);
  const { words } = LAST_ID;
  if ((words[0] & words[1] & words[2] & words[3]) === -1) return ERRORS.streamExhausted;
  if (OPTIONS.idForm === ID_FORM.OPEN_SEQ && isSameMs(id, LAST_ID)) {
    if ((words[2] & words[3]) === -1) return ERRORS.streamIdTooSmall;
    id.copyFrom(LAST_ID).increment();
  }
  return id.compare(LAST_ID) > 0 ? null : ERRORS.streamIdTooSmall;
}

function isSameMs(left: StreamId, right: StreamId): boolean {
  return left.words[0] === right.words[0] && left.words[1] === right.words[1];
}

/** As Redis passes XADD on: with the id chosen, and with exactly what trimming left. */
function record(database: Database, frame: Frame, fieldArg: number, cutCount: number): void {
  const { store } = database;
  store.stats[STORE_STAT.CHANGES]++;
  if (!store.sink.isActive) return;
  const effect = store.effect.begin('XADD', database.index, 1);
  effect.bytes(frame.bytes, frame.offsets[1], frame.lengths[1]);
  if (OPTIONS.cuts) addThreshold(database, frame);
  effect.text(OPTIONS.id.toString());
  for (let arg = fieldArg; arg < frame.count; arg++) {
    effect.bytes(frame.bytes, frame.offsets[arg], frame.lengths[arg]);
  }
  store.recordEffect(EVENT.xadd);
  if (cutCount === 0) return;
  const { bytes, offsets, lengths } = frame;
  store.recordEvent(EVENT.xtrim, database.index, bytes, offsets[1], lengths[1]);
}

/**
 * The threshold as given, or, where it was not exact, what the trimmed stream holds: so the same
 * entries go wherever it is run.
 */
function addThreshold(database: Database, frame: Frame): void {
  const { effect } = database.store;
  effect.text(OPTIONS.byLength ? 'MAXLEN' : 'MINID').text('=');
  if (!OPTIONS.isApproximate) {
    const { thresholdArg } = OPTIONS;
    effect.bytes(frame.bytes, frame.offsets[thresholdArg], frame.lengths[thresholdArg]);
    return;
  }
  if (OPTIONS.byLength) {
    effect.number(RECORD.length);
    return;
  }
  const isEmpty = RECORD.length === 0;
  const least = isEmpty ? ID_MAX : RECORD.readFirstId(LAST_ID);
  effect.text(least.toString());
}

function executeXtrim(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database } = session;
  const { streamNodeMaxEntries } = session.node.configuration.encoding;
  if (!OPTIONS.parse(frame, false, streamNodeMaxEntries, reply)) return;
  const entry = requireStreamToChange(database, frame, 1, reply);
  if (entry === NOT_A_STREAM) return;
  if (entry === 0) return reply.integer(0);
  const count = cutStream(database, RECORD.open(database, entry), OPTIONS);
  reply.integer(count);
  if (count === 0) return;
  const { store } = database;
  store.stats[STORE_STAT.CHANGES] += count;
  if (!store.sink.isActive) return;
  const effect = store.effect.begin('XTRIM', database.index, 1);
  effect.bytes(frame.bytes, frame.offsets[1], frame.lengths[1]);
  addThreshold(database, frame);
  store.recordEffect(EVENT.xtrim);
}
