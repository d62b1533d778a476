/** What the commands about deadlines of fields share: `FIELDS numfields field [field ...]`. */
import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import type { Effect } from '../../engine/effect.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { ERRORS, type ErrorRow } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';

/** As Redis: milliseconds since 1970 that a field's deadline may be at most. */
const DEADLINE_MS_MAX = 2 ** 46 - 1;

/**
 * @param keywordArg  where FIELDS must stand
 * @param refusal     what is told of a count that is no positive integer
 * @returns           the first field's argument; the others follow up to the end. -1: an error was
 *                    the reply
 */
export function parseFieldList(
  frame: Frame,
  keywordArg: number,
  reply: ReplyWriter,
  refusal: ErrorRow,
): number {
  if (keywordArg >= frame.count || !frame.equals(keywordArg, 'FIELDS')) {
    reply.error(ERRORS.hashNoFields);
    return -1;
  }
  const count = keywordArg + 1 < frame.count ? roundedIntegerArgument(frame, keywordArg + 1) : 0;
  if (!(count >= 1)) {
    reply.error(refusal);
    return -1;
  }
  if (count !== frame.count - keywordArg - 2) {
    reply.error(ERRORS.hashCountMismatch);
    return -1;
  }
  return keywordArg + 2;
}

/**
 * A moment that fields are to expire at.
 * @param baseMs  0 for an absolute time
 * @returns       absolute milliseconds; -1: an error was the reply
 */
export function parseDeadline(
  frame: Frame,
  arg: number,
  form: { readonly name: string; readonly unitMs: number; readonly baseMs: number },
  reply: ReplyWriter,
): number {
  const value = roundedIntegerArgument(frame, arg);
  if (Number.isNaN(value)) {
    reply.error(ERRORS.notInteger);
    return -1;
  }
  if (value < 0) {
    reply.error(ERRORS.hashNegativeTime);
    return -1;
  }
  const deadlineMs = value * form.unitMs + form.baseMs;
  if (deadlineMs <= DEADLINE_MS_MAX) return deadlineMs;
  reply.errorText(`ERR invalid expire time in '${form.name}' command`);
  return -1;
}

/** Which of a command's arguments a change reached, until its effect is built. Reused. */
export class ReachedArguments {
  count = 0;
  private args = new Uint32Array(16);

  clear(): void {
    this.count = 0;
  }

  add(arg: number): void {
    if (this.count === this.args.length) {
      const grown = new Uint32Array(this.args.length * 2);
      grown.set(this.args);
      this.args = grown;
    }
    this.args[this.count++] = arg;
  }

  /** Adds the arguments to an effect. */
  appendTo(effect: Effect, frame: Frame): void {
    for (let i = 0; i < this.count; i++) {
      const arg = this.args[i];
      effect.bytes(frame.bytes, frame.offsets[arg], frame.lengths[arg]);
    }
  }
}

/** Records HPEXPIREAT, HPERSIST or HDEL of the fields; nothing when none was reached. */
export function recordFields(
  database: Database,
  frame: Frame,
  name: 'HPEXPIREAT' | 'HPERSIST' | 'HDEL',
  options: { event: number; deadlineMs?: number; reached: ReachedArguments },
): void {
  const { store } = database;
  const { event, deadlineMs, reached } = options;
  store.stats[STORE_STAT.CHANGES] += reached.count;
  if (reached.count === 0 || !store.sink.isActive) return;
  const effect = store.effect.begin(name, database.index, 1);
  effect.bytes(frame.bytes, frame.offsets[1], frame.lengths[1]);
  if (deadlineMs !== undefined) effect.number(deadlineMs);
  if (name !== 'HDEL') effect.text('FIELDS').number(reached.count);
  reached.appendTo(effect, frame);
  store.recordEffect(event);
}
