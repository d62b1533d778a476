import type { Frame } from '../../base/frame.ts';
import { StreamId } from '../../engine/values/stream/stream-id.ts';
import type { StreamCut } from '../../engine/values/stream/stream-remove.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import { ID_FORM, parseIdArgument, readIdArgument } from './id-argument.ts';

const STAR = 42;
const TILDE = 126;
const EQUALS = 61;
/** Without LIMIT, trimming with `~` takes as many entries as this number of full nodes has. */
const NODE_COUNT_MAX = 100;
const COUNT_MAX = 1_000_000;
const COUNT_MAX_WITHOUT_NODES = 10_000;

/** Options of XADD up to its id, and of XTRIM. Reused by each. */
export class TrimOptions implements StreamCut {
  /** MAXLEN or MINID was given. */
  cuts = false;
  isApproximate = false;
  countMax = 0;
  lengthMax = 0;
  readonly idMin = new StreamId();
  byLength = false;
  /** The argument of MAXLEN or MINID. */
  thresholdArg = 0;
  /** XADD: the argument of the id, and what it was. */
  idArg = 0;
  readonly id = new StreamId();
  /** `*`: the whole id is to be chosen; else a row of ID_FORM. */
  isAutomatic = false;
  idForm: number = ID_FORM.WHOLE;
  needsKey = false;
  private hasLimit = false;

  /**
   * Reads the options from argument 2 on.
   * @param nodeEntriesMax  the setting stream-node-max-entries
   * @returns  false after the error reply
   */
  parse(frame: Frame, isAdd: boolean, nodeEntriesMax: number, reply: ReplyWriter): boolean {
    this.cuts = false;
    this.needsKey = false;
    this.isAutomatic = isAdd && isChar(frame, 2, STAR);
    this.idArg = 2;
    if (this.isAutomatic) return true;
    this.isApproximate = false;
    this.countMax = 0;
    this.idForm = ID_FORM.WHOLE;
    this.hasLimit = false;
    this.idArg = frame.count;
    let arg = 2;
    while (arg < frame.count) {
      if (isAdd && isChar(frame, arg, STAR)) {
        this.isAutomatic = true;
        this.idArg = arg;
        break;
      }
      const next = this.parseOne(frame, arg, isAdd, reply);
      if (next === 0) return false;
      if (next === arg) break;
      arg = next;
    }
    return this.settleLimit(isAdd, nodeEntriesMax, reply);
  }

  /** @returns  the argument behind the option, the same one for an id, 0 after the error reply */
  private parseOne(frame: Frame, arg: number, isAdd: boolean, reply: ReplyWriter): number {
    const hasValue = arg + 1 < frame.count;
    if (hasValue && frame.equals(arg, 'MAXLEN')) return this.parseStrategy(frame, arg, true, reply);
    if (hasValue && frame.equals(arg, 'MINID')) return this.parseStrategy(frame, arg, false, reply);
    if (hasValue && frame.equals(arg, 'LIMIT')) {
      const limit = roundedIntegerArgument(frame, arg + 1);
      if (!(limit >= 0)) {
        reply.error(Number.isNaN(limit) ? ERRORS.notInteger : ERRORS.streamLimitNegative);
        return 0;
      }
      this.countMax = limit;
      this.hasLimit = true;
      return arg + 2;
    }
    if (isAdd && frame.equals(arg, 'NOMKSTREAM')) {
      this.needsKey = true;
      return arg + 1;
    }
    if (!isAdd) {
      reply.error(ERRORS.syntax);
      return 0;
    }
    this.idForm = readIdArgument(frame, arg, this.id, true);
    this.idArg = arg;
    if (this.idForm !== ID_FORM.REFUSED) return arg;
    reply.error(ERRORS.streamInvalidId);
    return 0;
  }

  private parseStrategy(frame: Frame, arg: number, byLength: boolean, reply: ReplyWriter): number {
    if (this.cuts) {
      reply.error(ERRORS.streamTwoStrategies);
      return 0;
    }
    let valueArg = arg + 1;
    this.isApproximate = false;
    if (arg + 2 < frame.count) {
      this.isApproximate = isChar(frame, valueArg, TILDE);
      if (this.isApproximate || isChar(frame, valueArg, EQUALS)) valueArg++;
    }
    if (byLength) {
      const length = roundedIntegerArgument(frame, valueArg);
      if (!(length >= 0)) {
        reply.error(Number.isNaN(length) ? ERRORS.notInteger : ERRORS.streamMaxlenNegative);
        return 0;
      }
      this.lengthMax = length;
    } else if (!parseIdArgument(frame, valueArg, this.idMin, reply)) {
      return 0;
    }
    this.cuts = true;
    this.thresholdArg = valueArg;
    this.byLength = byLength;
    return valueArg + 1;
  }

  private settleLimit(isAdd: boolean, nodeEntriesMax: number, reply: ReplyWriter): boolean {
    if (!this.cuts) {
      if (this.countMax === 0 && isAdd) {
        if (!this.hasLimit) return true;
        reply.error(ERRORS.streamLimitWithoutTilde);
        return false;
      }
      reply.error(this.countMax > 0 ? ERRORS.streamLimitWithoutStrategy : ERRORS.streamNoStrategy);
      return false;
    }
    if (this.hasLimit) {
      if (this.isApproximate) return true;
      reply.error(ERRORS.streamLimitWithoutTilde);
      return false;
    }
    if (this.isApproximate) {
      const count = NODE_COUNT_MAX * nodeEntriesMax;
      this.countMax = count <= 0 ? COUNT_MAX_WITHOUT_NODES : Math.min(count, COUNT_MAX);
    }
    return true;
  }
}

/** Whether the argument is that character, up to a zero byte as in C. */
function isChar(frame: Frame, arg: number, char: number): boolean {
  const at = frame.offsets[arg];
  if (frame.bytes[at] !== char || frame.lengths[arg] === 0) return false;
  return frame.lengths[arg] === 1 || frame.bytes[at + 1] === 0;
}
