/** What must be true of a run when all faults are over and nobody writes any more. */
import { describeOperation, type Operation } from './history.ts';
import type { NodeImage } from './image.ts';
import { isLinearizable } from './linearize.ts';
import { NONE, splitPair } from './model.ts';

/** Writes that were answered within it may be lost: the memory that held them was. */
export interface LossWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

const OPERATIONS_SHOWN = 40;

/** Every command of a key, and what is there at the end, is explained by one order. */
export function checkOrder(operations: readonly Operation[], final: NodeImage): string[] {
  const lines: string[] = [];
  for (const [key, ofKey] of groupByKey(operations)) {
    const [{ kind }] = ofKey;
    if (kind === 'volatile') continue;
    // Reads are answered by the node's own copy, which may lag: their rule is another.
    const writes = ofKey.filter(({ verb }) => verb !== 'READ');
    const last = readAtEnd(ofKey[0], final.get(key)?.value ?? NONE);
    if (isLinearizable([...writes, last])) continue;
    lines.push(`no order explains ${key}, which is ${last.reply} at the end`, ...show(ofKey));
  }
  return lines;
}

/** Of a run in which nothing happened that a client may notice: no command was refused. */
export function checkAnswers(operations: readonly Operation[]): string[] {
  const refused = operations.filter(({ outcome, reply }) => outcome !== 'done' && reply !== '');
  return refused.length === 0 ? [] : ['commands were refused:', ...show(refused)];
}

/** Who was told that a write is done never reads anything older at the same node. */
export function checkOwnWrites(operations: readonly Operation[]): string[] {
  const lines: string[] = [];
  for (const ofKey of groupByKey(operations).values()) {
    /** Client and node, and what was written -> the last such write that was answered. */
    const own = new Map<string, Operation>();
    for (const operation of ofKey) {
      const { clientId, first, kind, nodeId, outcome, verb } = operation;
      if (outcome !== 'done') continue;
      const part = kind === 'set' || kind === 'hash' ? first : '';
      if (verb !== 'READ') {
        if (hasEffect(operation)) own.set(`${clientId} ${nodeId} ${part}`, operation);
        continue;
      }
      for (const [who, write] of own) {
        if (!who.startsWith(`${clientId} ${nodeId} `)) continue;
        if (write.answeredAt > operation.askedAt || !isOlder(operation, write, ofKey)) continue;
        lines.push('read less than was written:', ...[write, operation].map(describeOperation));
      }
    }
  }
  return lines;
}

/** Whether what was read is what only stood there before that write. */
function isOlder(read: Operation, write: Operation, ofKey: readonly Operation[]): boolean {
  if (read.kind === 'counter') return Number(read.reply) < Number(write.reply);
  if (read.kind === 'list' || read.kind === 'volatile') return false;
  const found = partOf(read.kind, read.reply, write.first);
  const producers = ofKey.filter(
    (change) =>
      (read.kind === 'register' || change.first === write.first) &&
      change.askedAt < read.answeredAt &&
      writes(change, found),
  );
  return producers.every((producer) => producer.answeredAt < write.askedAt);
}

function partOf(kind: Operation['kind'], value: string, name: string): string {
  return kind === 'register' ? value : (partsIn(kind, value).get(name) ?? NONE);
}

export interface RecencyOptions {
  readonly windows: readonly LossWindow[];
  /** Writes this close together may be ordered by clocks that differ so much. */
  readonly slackMs: number;
}

/**
 * What is there at the end was not written before something else that was acknowledged: so nothing
 * acknowledged is lost, and nothing deleted is back. Per field and member, where they are merged.
 */
export function checkRecency(
  operations: readonly Operation[],
  final: NodeImage,
  options: RecencyOptions,
): string[] {
  const lines: string[] = [];
  for (const [key, ofKey] of groupByKey(operations)) {
    const [{ kind }] = ofKey;
    const value = final.get(key)?.value ?? NONE;
    const writes = ofKey.filter(({ verb }) => verb !== 'READ');
    for (const [name, found, changes] of partsOf(kind, writes, value)) {
      const line = findOutdated(changes, found, options);
      if (line !== '') lines.push(`${key}${name}: ${line}`, ...show(writes));
    }
  }
  return lines;
}

/**
 * A counter is not above what was asked for: nothing runs twice. It is not below what was answered
 * either, unless both sides of a partition counted by themselves.
 */
export function checkCounters(
  operations: readonly Operation[],
  final: NodeImage,
  { windows, mayDiverge }: { windows: readonly LossWindow[]; mayDiverge: boolean },
): string[] {
  const lines: string[] = [];
  const certain = { windows, slackMs: 0 };
  for (const [key, ofKey] of groupByKey(operations)) {
    if (ofKey[0].kind !== 'counter') continue;
    const added = ofKey.filter(({ verb }) => verb === 'INCR');
    const atMost = added.filter(({ outcome }) => outcome !== 'refused').length;
    const atLeast = added.filter((one) => isCertain(one, certain)).length;
    const text = final.get(key)?.value ?? NONE;
    const found = text === NONE ? 0 : Number(text);
    if (found <= atMost && (mayDiverge || found >= atLeast)) continue;
    lines.push(`${key} is ${found}, of ${atLeast} to ${atMost}`, ...show(added));
  }
  return lines;
}

type Part = [name: string, found: string, changes: Operation[]];

function partsOf(kind: Operation['kind'], writes: Operation[], value: string): Part[] {
  if (kind === 'register') return [['', value, writes]];
  if (kind !== 'set' && kind !== 'hash') return [];
  const there = partsIn(kind, value);
  const parts = new Map<string, Operation[]>();
  for (const write of writes) {
    const changes = parts.get(write.first) ?? [];
    parts.set(write.first, changes);
    changes.push(write);
  }
  return [...parts].map(([name, changes]) => [` ${name}`, there.get(name) ?? NONE, changes]);
}

/** Members of a set, or fields of a hash with their values. */
function partsIn(kind: Operation['kind'], value: string): Map<string, string> {
  const there = new Map<string, string>();
  for (const item of value === NONE ? [] : value.split(',')) {
    if (kind === 'set') there.set(item, item);
    else there.set(...splitPair(item));
  }
  return there;
}

function findOutdated(changes: Operation[], found: string, options: RecencyOptions): string {
  const producers = changes.filter((change) => writes(change, found));
  if (producers.length === 0) {
    if (found !== NONE) return `${found} was never written`;
    const newest = changes.find((change) => isCertain(change, options));
    return newest === undefined ? '' : `lost ${describeOperation(newest)}`;
  }
  let reason = '';
  for (const producer of producers) {
    const newer = changes.find(
      (change) =>
        change.askedMs > producer.answeredMs + options.slackMs &&
        isCertain(change, options) &&
        !writes(change, found),
    );
    if (newer === undefined) return '';
    reason = `is ${found}, which ${describeOperation(newer)} has replaced`;
  }
  return reason;
}

/** It has changed something, and nothing that happened since may have undone it. */
function isCertain(change: Operation, { windows }: RecencyOptions): boolean {
  if (change.outcome !== 'done' || !hasEffect(change)) return false;
  return !windows.some(({ fromMs, toMs }) => change.answeredMs >= fromMs && change.askedMs <= toMs);
}

/** Of a write: as far as its reply tells. */
function hasEffect({ verb, reply }: Operation): boolean {
  switch (verb) {
    case 'DEL':
    case 'SETNX':
    case 'SADD':
    case 'SREM':
    case 'HDEL':
      return reply !== '0';
    case 'GETDEL':
      return reply !== NONE;
    default:
      return true;
  }
}

/** Whether it may be what left that behind. */
function writes(change: Operation, found: string): boolean {
  const { first, outcome, second, verb } = change;
  if (outcome === 'refused' || (outcome === 'done' && !hasEffect(change))) return false;
  switch (verb) {
    case 'DEL':
    case 'GETDEL':
    case 'SREM':
    case 'HDEL':
      return found === NONE;
    case 'HSET':
      return found === second;
    default:
      return found === first;
  }
}

function readAtEnd(like: Operation, reply: string): Operation {
  return {
    ...like,
    verb: 'READ',
    first: '',
    second: '',
    askedAt: Number.MAX_SAFE_INTEGER,
    answeredAt: Number.POSITIVE_INFINITY,
    outcome: 'done',
    reply,
  };
}

function groupByKey(operations: readonly Operation[]): Map<string, Operation[]> {
  const found = new Map<string, Operation[]>();
  for (const operation of operations) {
    const list = found.get(operation.key);
    if (list === undefined) found.set(operation.key, [operation]);
    else list.push(operation);
  }
  return found;
}

function show(operations: readonly Operation[]): string[] {
  const lines = operations.slice(-OPERATIONS_SHOWN).map((one) => `  ${describeOperation(one)}`);
  const hiddenCount = operations.length - lines.length;
  return hiddenCount > 0 ? [`  ... ${hiddenCount} before`, ...lines] : lines;
}
