import fs from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { MalformedReply, type Reply, ReplyDecoder } from '../../src/testing/reply-decoder.ts';
import { type Draw, seededDraws } from '../../src/testing/seeded.ts';
import type { RunningServer } from '../../tests/support/server.ts';
import { errorClass, isKnownError } from './known-errors.ts';
import { hostileStream, randomCuts } from './stream.ts';

/**
 * Hostile streams over several connections at once, against a running server. What must hold:
 * the process lives; what it sends decodes and ends at a reply's end; its errors are known ones; a
 * fresh connection's PING is answered within a second; a connection that ends its input is closed;
 * memory stops growing once it is warm.
 */
export interface FuzzOptions {
  readonly server: RunningServer;
  readonly seed: number;
  readonly seconds: number;
  readonly laneCount: number;
  /**
   * false for redis-server: its errors are not in our table, and it drops replies that wait when a
   * client ends its input.
   */
  readonly isStrict: boolean;
  /** After its input ended a connection must be closed within this; 10 s by default. */
  readonly closeWithinMs?: number;
}

export interface FuzzResult {
  readonly findings: string[];
  readonly streamCount: number;
  readonly sentBytes: number;
  readonly replyCounts: Map<string, number>;
  readonly errorCounts: Map<string, number>;
  readonly closedByServer: number;
  readonly pingWorstMs: number;
  readonly rssWarmBytes: number;
  readonly rssEndBytes: number;
}

/**
 * For the server under test: a value of 512 MB takes seconds to work on in redis-server too, which
 * would look like a hang.
 */
export const SERVER_ARGUMENTS = ['--proto-max-bulk-len', '1mb'];

const PING_WITHIN_MS = 10_000;
const CLOSE_WITHIN_MS = 10_000;
const LINGER_MS = 20;
const FINDINGS_MAX = 10;
/** Growth allowed after the warm-up: collectors are lazy, and a leak exceeds it in ten minutes. */
const RSS_GROWTH_FACTOR = 1.5;
const RSS_GROWTH_BYTES = 64 * 1024 * 1024;

export async function fuzzProtocol(options: FuzzOptions): Promise<FuzzResult> {
  const run = new FuzzRun(options);
  const lanes = Array.from({ length: options.laneCount }, (_, lane) => run.runLane(lane));
  await Promise.all([...lanes, run.watch()]);
  return run;
}

class FuzzRun implements FuzzResult {
  readonly findings: string[] = [];
  streamCount = 0;
  sentBytes = 0;
  readonly replyCounts = new Map<string, number>();
  readonly errorCounts = new Map<string, number>();
  closedByServer = 0;
  pingWorstMs = 0;
  rssWarmBytes = 0;
  rssEndBytes = 0;
  private readonly options: FuzzOptions;
  private readonly startedMs = Date.now();

  constructor(options: FuzzOptions) {
    this.options = options;
  }

  async runLane(lane: number): Promise<void> {
    for (let round = 0; this.isRunning; round++) {
      const seed = (this.options.seed + lane * 0x10_0000 + round) >>> 0;
      const random = seededDraws(seed);
      await this.sendStream(hostileStream(random), random, `stream seed ${seed}`);
    }
  }

  /** Liveness and memory, while the lanes run. */
  async watch(): Promise<void> {
    const warmAtMs = this.startedMs + this.options.seconds * 1000 * 0.25;
    let looks = 0;
    while (this.isRunning) {
      await sleep(250);
      const { server } = this.options;
      if (server.process.exitCode !== null || server.process.signalCode !== null) {
        this.find(`the server ended\n${server.output().slice(-2000)}`);
        return;
      }
      if (/AssertionFailure|command-failed/.test(server.output())) {
        this.find(`the server reported a defect\n${server.output().slice(-2000)}`);
      }
      await this.ping('PING', '+PONG');
      if (++looks % 8 === 0) await this.ping('FLUSHALL', '+OK');
      const rssBytes = readRssBytes(server.pid);
      this.rssEndBytes = rssBytes;
      if (Date.now() < warmAtMs) this.rssWarmBytes = Math.max(this.rssWarmBytes, rssBytes);
      else if (rssBytes > this.rssWarmBytes * RSS_GROWTH_FACTOR + RSS_GROWTH_BYTES) {
        this.find(`memory grew from ${this.rssWarmBytes} (warm) to ${rssBytes} bytes`);
      }
    }
  }

  private get isRunning(): boolean {
    const isOver = Date.now() - this.startedMs > this.options.seconds * 1000;
    return !isOver && this.findings.length < FINDINGS_MAX;
  }

  private find(finding: string): void {
    this.findings.push(finding);
  }

  /** Sends the stream in pieces, ends, and reads until the server closes. */
  private sendStream(stream: Buffer, random: Draw, told: string): Promise<void> {
    const decoder = new ReplyDecoder();
    const isAbrupt = random(20) === 0;
    // Some streams wait before they end: after a protocol error the server must close by itself.
    const waits = !isAbrupt && random(4) === 0;
    const seen = { protocolError: false };
    this.streamCount++;
    this.sentBytes += stream.length;
    return new Promise((resolve) => {
      const socket = net.connect(this.options.server.port, '127.0.0.1');
      socket.setNoDelay(true);
      // A reset, and our own destroy, may cut a reply that the server sent whole.
      let mayBeCut = isAbrupt || mayMuteItself(stream);
      let isEnded = false;
      const hung = setTimeout(() => {
        this.find(`${told}: not closed in time after its input ended or was refused`);
        mayBeCut = true;
        socket.destroy();
      }, this.options.closeWithinMs ?? CLOSE_WITHIN_MS);
      socket.on('error', () => {
        mayBeCut = true;
      });
      socket.on('data', (bytes: Buffer) => {
        if (this.decode(decoder, bytes, seen, told)) return;
        mayBeCut = true;
        socket.destroy();
      });
      socket.on('close', () => {
        clearTimeout(hung);
        if (!isEnded) this.closedByServer++;
        if (this.options.isStrict && !mayBeCut && !decoder.isAtBoundary) {
          this.find(`${told}: closed inside a reply`);
        }
        resolve();
      });
      void this.sendPieces(socket, stream, random).then(async () => {
        if (waits) await sleep(LINGER_MS);
        if (seen.protocolError && waits) return;
        isEnded = true;
        if (isAbrupt) socket.destroy();
        else socket.end();
      });
    });
  }

  private async sendPieces(socket: net.Socket, stream: Buffer, random: Draw): Promise<void> {
    const cuts = randomCuts(stream.length, random);
    let start = 0;
    for (const cut of [...cuts, stream.length]) {
      if (socket.destroyed) return;
      socket.write(stream.subarray(start, cut));
      start = cut;
      if (random(2) === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  /** @returns false when the bytes are no replies */
  private decode(decoder: ReplyDecoder, bytes: Buffer, seen: Seen, told: string): boolean {
    try {
      for (const reply of decoder.feed(bytes)) {
        if (seen.protocolError) this.find(`${told}: a reply after a protocol error`);
        seen.protocolError = isProtocolError(reply);
        this.check(reply, told);
      }
      return true;
    } catch (error) {
      if (!(error instanceof MalformedReply)) throw error;
      this.find(`${told}: ${error.message}`);
      return false;
    }
  }

  private check(reply: Reply, told: string): void {
    count(this.replyCounts, reply.kind);
    if (reply.kind !== 'error') return;
    count(this.errorCounts, errorClass(reply.text));
    if (!this.options.isStrict || isKnownError(reply.text)) return;
    this.find(`${told}: unknown error ${JSON.stringify(reply.text)}`);
  }

  /** A fresh connection's command is answered, and soon. */
  private async ping(command: string, reply: string): Promise<void> {
    const startedMs = Date.now();
    const isAnswered = await answers(this.options.server.port, command, `${reply}\r\n`);
    const tookMs = Date.now() - startedMs;
    this.pingWorstMs = Math.max(this.pingWorstMs, tookMs);
    if (!isAnswered) this.find(`no answer to ${command} within ${PING_WITHIN_MS} ms`);
  }
}

/** CLIENT REPLY OFF within MULTI: EXEC's array then ends where it was said, as in Redis. */
function mayMuteItself(stream: Buffer): boolean {
  const text = stream.toString('latin1').toLowerCase();
  const multiAt = text.indexOf('multi');
  const replyAt = multiAt < 0 ? -1 : text.indexOf('reply', multiAt);
  return replyAt >= 0 && text.includes('exec', replyAt);
}

interface Seen {
  protocolError: boolean;
}

function isProtocolError(reply: Reply): boolean {
  return reply.kind === 'error' && reply.text.startsWith('ERR Protocol error: ');
}

function answers(port: number, command: string, reply: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    const finish = (isAnswered: boolean): void => {
      socket.destroy();
      resolve(isAnswered);
    };
    socket.setTimeout(PING_WITHIN_MS, () => finish(false));
    socket.on('error', () => finish(false));
    socket.on('data', (bytes: Buffer) => finish(bytes.toString('latin1') === reply));
  });
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function readRssBytes(pid: number): number {
  try {
    const match = /VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match === null ? 0 : Number(match[1]) * 1024;
  } catch (error) {
    // The process has just ended; the next look at it says so.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
