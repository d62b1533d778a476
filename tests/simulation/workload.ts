/** Clients of all nodes that read and write few keys, so that they meet. */
import { plainReply, type Reply } from '../../src/testing/reply-decoder.ts';
import type { SeededRandom } from '../../src/world/simulated/seeded-random.ts';
import { type Action, History, type KeyKind, type Operation } from './history.ts';
import { joinPairs, NONE } from './model.ts';
import type { SimulatedClient } from './simulated-client.ts';
import type { SimulatedCluster, SimulatedNode } from './simulated-cluster.ts';

export interface WorkloadOptions {
  readonly clientCount: number;
  readonly keyCount: number;
  /** Between an answer and the next question, at most. */
  readonly thinkMsMax: number;
  /** Of 100 commands, so many only read. */
  readonly readPercent: number;
}

const KINDS: readonly KeyKind[] = ['register', 'counter', 'set', 'hash', 'list', 'volatile'];
const FIELD_COUNT = 3;
/** Commands that a client sends without waiting in between. */
const PIPELINE_MAX = 4;
const VOLATILE_MS_MAX = 1500;
/** A client whose node is gone looks for another one after so long. */
const RECONNECT_MS = 50;
/** Refusals that say that the outcome is not known. */
const UNKNOWN_OUTCOME = /not known|unknown/i;

interface Place {
  readonly node: SimulatedNode;
  readonly client: SimulatedClient;
}

export class Workload {
  readonly history: History;
  private readonly cluster: SimulatedCluster;
  private readonly options: WorkloadOptions;
  private readonly random: SeededRandom;
  private readonly keys: readonly { key: string; kind: KeyKind }[];
  private valueCount = 0;
  private busyCount = 0;
  private isStopped = false;

  constructor(cluster: SimulatedCluster, options: WorkloadOptions) {
    this.cluster = cluster;
    this.options = options;
    this.random = cluster.fabric.random;
    this.keys = Workload.keys(options.keyCount);
    this.history = new History(() => cluster.nowMs);
  }

  /** All that it may write. */
  static keys(keyCount: number): { key: string; kind: KeyKind }[] {
    return Array.from({ length: keyCount }, (_, number) => {
      const kind = KINDS[number % KINDS.length];
      return { key: `${kind}:${number}`, kind };
    });
  }

  start(): void {
    for (let id = 0; id < this.options.clientCount; id++) {
      this.after(this.think(), () => this.run(id, null));
    }
  }

  /** No more questions. Those under way are still answered. */
  stop(): void {
    this.isStopped = true;
  }

  get isIdle(): boolean {
    return this.busyCount === 0;
  }

  private run(clientId: number, current: Place | null): void {
    if (this.isStopped) return;
    const place = current?.client.isOpen === true ? current : this.connect();
    if (place === null) {
      this.after(RECONNECT_MS, () => this.run(clientId, null));
      return;
    }
    const count = this.random.below(4) === 0 ? 2 + this.random.below(PIPELINE_MAX - 1) : 1;
    const actions = Array.from({ length: count }, () => this.chooseAction());
    this.ask(clientId, place, actions);
  }

  private ask(clientId: number, place: Place, actions: readonly Action[]): void {
    let waitingCount = actions.length;
    for (const action of actions) {
      const operation = this.history.begin(action, { clientId, nodeId: place.node.id });
      this.busyCount++;
      place.client.call(wordsOf(action), (reply) => {
        this.busyCount--;
        this.note(operation, reply);
        if (--waitingCount === 0) this.goOn(clientId, place, action, reply !== null);
      });
    }
  }

  /** Often a client looks at once at what it has just written. */
  private goOn(clientId: number, place: Place, last: Action, isAnswered: boolean): void {
    if (isAnswered && last.verb !== 'READ' && this.random.below(3) === 0) {
      this.ask(clientId, place, [{ ...last, verb: 'READ', first: '', second: '' }]);
    } else {
      this.after(isAnswered ? this.think() : RECONNECT_MS, () => this.run(clientId, place));
    }
  }

  private connect(): Place | null {
    const { running } = this.cluster;
    if (running.length === 0) return null;
    const node = running[this.random.below(running.length)];
    // It may be on its way out, with its port closed already.
    if (node.kit?.node.isStopping !== false) return null;
    return { node, client: this.cluster.connect(node) };
  }

  private note(operation: Operation, reply: Reply | null): void {
    if (reply === null) return;
    if (reply.kind === 'error') {
      const outcome = UNKNOWN_OUTCOME.test(reply.text) ? 'unknown' : 'refused';
      if (outcome === 'unknown') operation.reply = reply.text;
      else this.history.end(operation, outcome, reply.text);
      return;
    }
    this.history.end(operation, 'done', replyText(operation, reply));
  }

  private chooseAction(): Action {
    const { readPercent } = this.options;
    const { key, kind } = this.keys[this.random.below(this.keys.length)];
    const action = { key, kind, first: '', second: '' };
    if (this.random.below(100) < readPercent) return { ...action, verb: 'READ' };
    const field = `f${this.random.below(FIELD_COUNT)}`;
    const isRemoval = this.random.below(100) < 35;
    switch (kind) {
      case 'counter':
        // Of a counter: whether a script does it.
        return { ...action, verb: 'INCR', first: this.random.below(4) === 0 ? 'EVAL' : '' };
      case 'set':
        return { ...action, verb: isRemoval ? 'SREM' : 'SADD', first: field };
      case 'hash':
        if (isRemoval) return { ...action, verb: 'HDEL', first: field };
        return { ...action, verb: 'HSET', first: field, second: this.takeValue() };
      case 'list':
        if (isRemoval) return { ...action, verb: 'RPOP' };
        return { ...action, verb: 'LPUSH', first: this.takeValue() };
      case 'volatile':
        return {
          ...action,
          verb: 'SETPX',
          first: this.takeValue(),
          second: `${1 + this.random.below(VOLATILE_MS_MAX)}`,
        };
      default:
        if (isRemoval) return { ...action, verb: this.random.below(3) === 0 ? 'GETDEL' : 'DEL' };
        return { ...action, verb: this.chooseSet(), first: this.takeValue() };
    }
  }

  private chooseSet(): string {
    return ['SET', 'SET', 'SETGET', 'SETNX'][this.random.below(4)];
  }

  /** No two writes write the same: so a value tells who wrote it. */
  private takeValue(): string {
    return `v${++this.valueCount}`;
  }

  private think(): number {
    return (this.random.u32() / 4294967296) * this.options.thinkMsMax;
  }

  private after(ms: number, act: () => void): void {
    const { timeline } = this.cluster.fabric;
    timeline.deliverAt(timeline.nowMs + ms, act);
  }
}

export function wordsOf({ key, kind, verb, first, second }: Action): string[] {
  switch (verb) {
    case 'READ':
      return READ_COMMANDS[kind].map((word) => (word === 'KEY' ? key : word));
    case 'INCR':
      return first === 'EVAL' ? ['EVAL', INCR_SCRIPT, '1', key] : ['INCR', key];
    case 'SETGET':
      return ['SET', key, first, 'GET'];
    case 'SETNX':
      return ['SETNX', key, first];
    case 'SETPX':
      return ['SET', key, first, 'PX', second];
    default:
      return [verb, key, first, second].filter((word) => word !== '');
  }
}

const INCR_SCRIPT = "return redis.call('INCR', KEYS[1])";

const READ_COMMANDS: Readonly<Record<KeyKind, readonly string[]>> = {
  register: ['GET', 'KEY'],
  counter: ['GET', 'KEY'],
  volatile: ['GET', 'KEY'],
  set: ['SMEMBERS', 'KEY'],
  hash: ['HGETALL', 'KEY'],
  list: ['LRANGE', 'KEY', '0', '-1'],
};

/** As the model tells it. */
export function replyText({ kind, verb }: Action, reply: Reply): string {
  const plain = plainReply(reply);
  if (plain === null) return NONE;
  if (!Array.isArray(plain)) return String(plain);
  if (plain.length === 0) return NONE;
  const texts = plain.map(String);
  if (verb !== 'READ' || kind === 'list') return texts.join(',');
  if (kind === 'set') return texts.sort().join(',');
  const fields = new Map<string, string>();
  for (let i = 0; i < texts.length; i += 2) fields.set(texts[i], texts[i + 1]);
  return joinPairs(fields);
}
