/** ZUNION, ZINTER and ZDIFF, their STORE forms and ZINTERCARD: what they have in common. */
import type { Frame } from '../../base/frame.ts';
import { parseDouble } from '../../base/numbers.ts';
import { type MemberSource, openSource } from '../../engine/values/zset/member-source.ts';
import {
  type Aggregate,
  aggregateScores,
  ZsetBuilder,
} from '../../engine/values/zset/zset-builder.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';

export type Operation = 'union' | 'inter' | 'diff';
/** What is done with the members: told, kept under a key, or counted. */
export type Purpose = 'reply' | 'store' | 'count';

export interface Combination {
  readonly operation: Operation;
  readonly inputs: Input[];
  readonly aggregate: Aggregate;
  readonly withScores: boolean;
  /** Of ZINTERCARD; 0: none. */
  readonly limit: number;
}

interface Input {
  /** Null for a key that is missing. */
  readonly source: MemberSource | null;
  weight: number;
}

/** Reads the arguments from the number of keys on. @returns null after an error reply */
export function parseCombination(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  facts: { name: string; operation: Operation; purpose: Purpose },
): Combination | null {
  const countArg = facts.purpose === 'store' ? 2 : 1;
  const keyCount = roundedIntegerArgument(frame, countArg);
  if (Number.isNaN(keyCount)) {
    reply.error(ERRORS.notInteger);
    return null;
  }
  if (keyCount < 1) {
    reply.errorText(`ERR at least 1 input key is needed for '${facts.name}' command`);
    return null;
  }
  if (keyCount > frame.count - countArg - 1) {
    reply.error(ERRORS.syntax);
    return null;
  }
  const inputs = openInputs(session, frame, countArg + 1, keyCount, reply);
  if (inputs === null) return null;
  const options = { aggregate: 'sum' as Aggregate, withScores: false, limit: 0 };
  let arg = countArg + 1 + keyCount;
  while (arg < frame.count) {
    const taken = parseOption(frame, arg, { ...facts, inputs, options }, reply);
    if (taken === 0) return null;
    arg += taken;
  }
  return { operation: facts.operation, inputs, ...options };
}

/** Makes the members; the caller releases or stores what it gets. */
export function combine(session: Session, combination: Combination): ZsetBuilder {
  const builder = new ZsetBuilder(session.database);
  const { operation, inputs, aggregate } = combination;
  if (operation === 'diff') {
    eachDifference(inputs, (source) => builder.add(source.showMember(), source.score(), 'sum'));
    return builder;
  }
  // As in Redis, the smallest first: sums of doubles depend on the order.
  const sorted = inputs.toSorted((left, right) => countOf(left) - countOf(right));
  if (operation === 'union') unite(sorted, aggregate, builder);
  else {
    eachCommon(sorted, aggregate, (source, score) => {
      builder.add(source.showMember(), score, 'sum');
      return true;
    });
  }
  return builder;
}

/** Members that all inputs have. @param limit  counting stops there; 0: never */
export function countCommon({ inputs, limit }: Combination): number {
  const sorted = inputs.toSorted((left, right) => countOf(left) - countOf(right));
  let count = 0;
  eachCommon(sorted, 'sum', () => ++count !== limit);
  return count;
}

function openInputs(
  session: Session,
  frame: Frame,
  firstKeyArg: number,
  keyCount: number,
  reply: ReplyWriter,
): Input[] | null {
  const { database } = session;
  const inputs: Input[] = [];
  for (let arg = firstKeyArg; arg < firstKeyArg + keyCount; arg++) {
    const entry = database.read(frame, arg);
    const source = entry === 0 ? null : openSource(database, entry);
    if (entry !== 0 && source === null) {
      reply.error(ERRORS.wrongType);
      return null;
    }
    inputs.push({ source, weight: 1 });
  }
  return inputs;
}

interface OptionPlace {
  readonly operation: Operation;
  readonly purpose: Purpose;
  readonly inputs: Input[];
  readonly options: { aggregate: Aggregate; withScores: boolean; limit: number };
}

/** @returns arguments taken; 0 after an error reply */
function parseOption(
  frame: Frame,
  arg: number,
  { operation, purpose, inputs, options }: OptionPlace,
  reply: ReplyWriter,
): number {
  const left = frame.count - arg;
  const isCount = purpose === 'count';
  const mayWeigh = operation !== 'diff' && !isCount;
  if (mayWeigh && left > inputs.length && frame.equals(arg, 'WEIGHTS')) {
    return parseWeights(frame, arg + 1, inputs, reply) ? inputs.length + 1 : 0;
  }
  if (mayWeigh && left >= 2 && frame.equals(arg, 'AGGREGATE')) {
    const aggregate = AGGREGATES.find((name) => frame.equals(arg + 1, name.toUpperCase()));
    if (aggregate !== undefined) {
      options.aggregate = aggregate;
      return 2;
    }
  } else if (purpose === 'reply' && frame.equals(arg, 'WITHSCORES')) {
    options.withScores = true;
    return 1;
  } else if (isCount && left >= 2 && frame.equals(arg, 'LIMIT')) {
    options.limit = roundedIntegerArgument(frame, arg + 1);
    if (options.limit >= 0) return 2;
    reply.error(ERRORS.limitNegative);
    return 0;
  }
  reply.error(ERRORS.syntax);
  return 0;
}

const AGGREGATES: readonly Aggregate[] = ['sum', 'min', 'max'];

function parseWeights(
  frame: Frame,
  firstArg: number,
  inputs: Input[],
  reply: ReplyWriter,
): boolean {
  for (let i = 0; i < inputs.length; i++) {
    const arg = firstArg + i;
    inputs[i].weight = parseDouble(frame.bytes, frame.offsets[arg], frame.lengths[arg]);
    if (Number.isNaN(inputs[i].weight)) {
      reply.error(ERRORS.weightNotFloat);
      return false;
    }
  }
  return true;
}

function countOf({ source }: Input): number {
  return source === null ? 0 : source.count;
}

/** Infinity times zero is 0. */
function weighed(weight: number, score: number): number {
  const value = weight * score;
  return Number.isNaN(value) ? 0 : value;
}

function unite(inputs: readonly Input[], aggregate: Aggregate, builder: ZsetBuilder): void {
  for (const { source, weight } of inputs) {
    if (source === null) continue;
    for (let isLeft = source.seekFirst(); isLeft; isLeft = source.next()) {
      builder.add(source.showMember(), weighed(weight, source.score()), aggregate);
    }
  }
}

/** @param visit  false: no more; the member is the one that the source is at */
function eachCommon(
  sorted: readonly Input[],
  aggregate: Aggregate,
  visit: (source: MemberSource, score: number) => boolean,
): void {
  const [{ source: smallest, weight }, ...others] = sorted;
  if (smallest === null) return;
  for (let isLeft = smallest.seekFirst(); isLeft; isLeft = smallest.next()) {
    let score = weighed(weight, smallest.score());
    const isCommon = others.every((other) => {
      const found = other.source?.scoreOf(smallest.showMember()) ?? Number.NaN;
      if (Number.isNaN(found)) return false;
      score = aggregateScores(score, found * other.weight, aggregate);
      return true;
    });
    if (isCommon && !visit(smallest, score)) return;
  }
}

function eachDifference(
  [first, ...others]: readonly Input[],
  visit: (source: MemberSource) => void,
): void {
  const { source } = first;
  if (source === null) return;
  for (let isLeft = source.seekFirst(); isLeft; isLeft = source.next()) {
    const isElsewhere = others.some((other) => {
      return !Number.isNaN(other.source?.scoreOf(source.showMember()) ?? Number.NaN);
    });
    if (!isElsewhere) visit(source);
  }
}
