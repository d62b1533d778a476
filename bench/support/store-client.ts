/**
 * One client of one store, in a thread of its own: looks keys up as drawn and writes those it did
 * not find, at a given rate, and times each turn from the bytes sent to the last reply.
 */
import { once } from 'node:events';
import net from 'node:net';
import { performance } from 'node:perf_hooks';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { encodeCommand } from '../../src/testing/reply-decoder.ts';
import { SeededRandom } from '../../src/world/simulated/seeded-random.ts';

export interface StoreTask {
  readonly port: number;
  /** Its name, or the number of a database. */
  readonly store: string;
  readonly seed: number;
  readonly keyCount: number;
  readonly valueBytes: number;
  /** 0: every key as often; else Zipf. */
  readonly skew: number;
  /** Part of the commands that write whatever is there. */
  readonly writeShare: number;
  /** Commands that go out together. */
  readonly depth: number;
  /** Commands a second; 0: as many as possible. */
  readonly perSecond: number;
  readonly seconds: number;
  /** So many keys are written before, the most wanted last. */
  readonly fillCount?: number;
}

export interface StoreFigures {
  readonly commandCount: number;
  readonly perSecond: number;
  readonly hitRatio: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errorCount: number;
}

export async function runStoreClient(task: StoreTask): Promise<StoreFigures> {
  const worker = new Worker(new URL(import.meta.url), { workerData: task });
  const [figures] = await once(worker, 'message');
  await worker.terminate();
  return figures as StoreFigures;
}

class StoreClient {
  private readonly task: StoreTask;
  private readonly socket: net.Socket;
  private readonly random: SeededRandom;
  private readonly sums: Float64Array;
  private readonly value: Buffer;
  private text = '';
  private wanted = 0;
  private replies: boolean[] = [];
  private onReplies: () => void = () => {};
  private errorCount = 0;

  constructor(task: StoreTask, socket: net.Socket) {
    this.task = task;
    this.socket = socket;
    this.random = new SeededRandom(task.seed);
    this.sums = zipfSums(task.keyCount, task.skew);
    this.value = Buffer.alloc(task.valueBytes, 'v');
    socket.on('data', (bytes: Buffer) => this.take(bytes.toString('latin1')));
  }

  async run(): Promise<StoreFigures> {
    await this.ask([encodeCommand(['SELECT', this.task.store])]);
    await this.fill(this.task.fillCount ?? 0);
    const { depth, perSecond, seconds } = this.task;
    const times: number[] = [];
    let lookups = 0;
    let hits = 0;
    let commandCount = 0;
    const startMs = performance.now();
    const endMs = startMs + seconds * 1000;
    while (performance.now() < endMs) {
      if (perSecond > 0) await untilDue(startMs + (commandCount / perSecond) * 1000);
      const keys: string[] = [];
      const parts: Uint8Array[] = [];
      for (let i = 0; i < depth; i++) {
        const key = keyAt(this.drawKey());
        const isWrite = this.random.u32() < this.task.writeShare * 0x1_0000_0000;
        parts.push(encodeCommand(isWrite ? ['SET', key, this.value] : ['GET', key]));
        keys.push(isWrite ? '' : key);
      }
      const sentMs = performance.now();
      const found = await this.ask(parts);
      times.push(performance.now() - sentMs);
      const missing = keys.filter((key, i) => key !== '' && !found[i]);
      const lookupCount = keys.filter((key) => key !== '').length;
      lookups += lookupCount;
      hits += lookupCount - missing.length;
      commandCount += depth + missing.length;
      const refills = missing.map((key) => encodeCommand(['SET', key, this.value]));
      if (refills.length > 0) await this.ask(refills);
    }
    times.sort((a, b) => a - b);
    const at = (share: number) => times[Math.floor(times.length * share)] ?? 0;
    return {
      commandCount,
      perSecond: commandCount / ((performance.now() - startMs) / 1000),
      hitRatio: lookups === 0 ? 0 : hits / lookups,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      errorCount: this.errorCount,
    };
  }

  private async fill(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      const parts: Uint8Array[] = [];
      for (let i = 0; i < 500 && left > 0; i++) {
        parts.push(encodeCommand(['SET', keyAt(--left), this.value]));
      }
      await this.ask(parts);
    }
  }

  /** @returns whether each reply was something */
  private ask(parts: readonly Uint8Array[]): Promise<readonly boolean[]> {
    this.wanted = parts.length;
    this.replies = [];
    const done = new Promise<readonly boolean[]>((resolve) => {
      this.onReplies = () => resolve(this.replies);
    });
    this.socket.write(Buffer.concat(parts));
    return done;
  }

  /** Replies are `+OK`, an error, a value or none. */
  private take(chunk: string): void {
    this.text += chunk;
    let at = 0;
    for (;;) {
      const end = this.text.indexOf('\r\n', at);
      if (end < 0) break;
      if (this.text[at] === '$') {
        const length = Number(this.text.slice(at + 1, end));
        if (length >= 0 && this.text.length < end + 4 + length) break;
        at = length < 0 ? end + 2 : end + 4 + length;
        this.replies.push(length >= 0);
      } else {
        if (this.text[at] === '-') this.errorCount++;
        at = end + 2;
        this.replies.push(true);
      }
    }
    this.text = this.text.slice(at);
    if (this.replies.length >= this.wanted) this.onReplies();
  }

  private drawKey(): number {
    const { keyCount, skew } = this.task;
    if (skew === 0) return this.random.below(keyCount);
    const wanted = (this.random.u32() / 0x1_0000_0000) * (this.sums[keyCount - 1] as number);
    let low = 0;
    let high = keyCount - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.sums[middle] as number) <= wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function keyAt(index: number): string {
  return `key:${String(index).padStart(12, '0')}`;
}

function zipfSums(keyCount: number, skew: number): Float64Array {
  const sums = new Float64Array(skew === 0 ? 0 : keyCount);
  let sum = 0;
  for (let rank = 0; rank < sums.length; rank++) {
    sum += 1 / (rank + 1) ** skew;
    sums[rank] = sum;
  }
  return sums;
}

/** Timers come by whole milliseconds: what is due sooner goes at once. */
async function untilDue(dueMs: number): Promise<void> {
  while (dueMs - performance.now() > 0.5) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

if (!isMainThread) {
  const task = workerData as StoreTask;
  const socket = net.connect({ port: task.port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  parentPort?.postMessage(await new StoreClient(task, socket).run());
  socket.destroy();
}
