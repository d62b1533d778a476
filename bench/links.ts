/**
 * What the links between two nodes carry, both in this one process over loopback: without a cluster
 * key (plain TCP) and with one (TLS with a pre-shared key). The time is the processor's: one core
 * does both ends' work, so a node's own share is half of what is told.
 *
 *     node .build/bench/links.js [--tiny]
 */
import { PacedLogger } from '../src/base/log/paced-logger.ts';
import { SILENT_LOGGER } from '../src/base/logger.ts';
import type { World } from '../src/base/world.ts';
import { LinkBus } from '../src/cluster/peers/link-bus.ts';
import type { LinkPeer } from '../src/cluster/peers/link-peer.ts';
import { MESSAGE } from '../src/cluster/peers/message-table.ts';
import { createCounters } from '../src/observability/metrics/metric-table.ts';
import { createRealWorld } from '../src/world/real-world.ts';
import { median, print, printJson, printMachine, printTable } from './support/report.ts';

const isTiny = process.argv.includes('--tiny');
const STREAM_BYTES = isTiny ? 1 << 20 : 256 << 20;
const SIZES = [100, 4_096, 65_536, 8 << 20];
const ROUND_TRIPS = isTiny ? 50 : 20_000;
/** As senders do that mind the queue. */
const QUEUE_BYTES = 1 << 20;
const MESSAGES_A_TURN = 64;

interface StreamFigure {
  readonly link: 'plain' | 'encrypted';
  readonly messageBytes: number;
  readonly megabytesPerS: number;
  readonly messagesPerS: number;
}

interface RoundTripFigure {
  readonly link: 'plain' | 'encrypted';
  readonly medianUs: number;
  readonly p99Us: number;
}

const world = createRealWorld();
const streams: StreamFigure[] = [];
const roundTrips: RoundTripFigure[] = [];
for (const link of ['plain', 'encrypted'] as const) {
  const key = link === 'plain' ? '' : 'the key of this bench';
  const pair = await openPair(key);
  for (const messageBytes of SIZES) {
    await stream(pair, messageBytes, STREAM_BYTES / 8);
    const figure = await stream(pair, messageBytes, STREAM_BYTES);
    streams.push({ link, messageBytes, ...figure });
  }
  roundTrips.push({ link, ...(await measureRoundTrips(pair, ROUND_TRIPS)) });
  await Promise.all([pair.from.stop(), pair.to.stop()]);
}
printMachine();
printTable(
  ['link', 'message bytes', 'MB/s', 'messages/s'],
  streams.map(({ link, messageBytes, megabytesPerS, messagesPerS }) => [
    link,
    String(messageBytes),
    megabytesPerS.toFixed(0),
    messagesPerS.toFixed(0),
  ]),
);
print('');
printTable(
  ['link', 'round trip us, median', 'p99'],
  roundTrips.map(({ link, medianUs, p99Us }) => [link, medianUs.toFixed(1), p99Us.toFixed(1)]),
);
printJson('links', { streams, roundTrips });

interface Pair {
  readonly from: LinkBus;
  readonly to: LinkBus;
  readonly target: LinkPeer;
  /** Called with each message's length when it came. */
  onMessage: (byteCount: number) => void;
  onAnswer: () => void;
}

async function openPair(clusterKey: string): Promise<Pair> {
  const from = openBus(world, 'bench-1', clusterKey);
  const to = openBus(world, 'bench-2', clusterKey);
  await Promise.all([from.start(), to.start()]);
  const bothUp = new Promise<void>((resolve) => {
    let upCount = 0;
    const onUp = (): void => void (++upCount === 2 && resolve());
    from.listen({ onUp });
    to.listen({ onUp });
  });
  from.keep('bench-2', '127.0.0.1', to.port);
  to.keep('bench-1', '127.0.0.1', from.port);
  // A timer of the world does not keep the process alive.
  const alive = setInterval(() => {}, 1_000);
  await bothUp;
  clearInterval(alive);
  const target = from.find('bench-2');
  const back = to.find('bench-1');
  if (target === null || back === null) throw new Error('the links are not up');
  const pair: Pair = { from, to, target, onMessage: () => {}, onAnswer: () => {} };
  to.handle(MESSAGE.state, (_peer, message) => pair.onMessage(message.bytes().length));
  to.handle(MESSAGE.command, (_peer, message) => {
    to.begin(back, MESSAGE.reply)?.u32(message.u32()).end();
  });
  from.handle(MESSAGE.reply, () => pair.onAnswer());
  return pair;
}

function openBus(within: World, id: string, clusterKey: string): LinkBus {
  const logger = SILENT_LOGGER;
  return new LinkBus({
    world: within,
    logger,
    paced: new PacedLogger({ logger, clock: within.clock, onHeld: () => {} }),
    counters: createCounters(),
    id,
    incarnation: within.clock.wallMs(),
    host: '127.0.0.1',
    port: 0,
    clusterKey,
    databaseCount: 16,
    onFailure: (error) => {
      throw error;
    },
  });
}

function stream(
  pair: Pair,
  messageBytes: number,
  byteCount: number,
): Promise<{ megabytesPerS: number; messagesPerS: number }> {
  const { from, target } = pair;
  const body = new Uint8Array(messageBytes).fill(1);
  const messageCount = Math.ceil(Math.min(byteCount, messageBytes * 2_000_000) / messageBytes);
  const startedS = ownCpuS();
  return new Promise((resolve) => {
    let sentCount = 0;
    let cameCount = 0;
    pair.onMessage = (length) => {
      if (length !== messageBytes) throw new Error(`a message of ${length} bytes came`);
      if (++cameCount < messageCount) return;
      const tookS = ownCpuS() - startedS;
      const megabytesPerS = (messageCount * messageBytes) / 1e6 / tookS;
      resolve({ megabytesPerS, messagesPerS: messageCount / tookS });
    };
    const send = (): void => {
      for (let i = 0; i < MESSAGES_A_TURN && target.queuedBytes < QUEUE_BYTES; i++) {
        if (sentCount === messageCount) return;
        from.begin(target, MESSAGE.state)?.bytes(body, 0, messageBytes).end();
        sentCount++;
      }
      setImmediate(send);
    };
    send();
  });
}

/** Seconds that this process has worked for. */
function ownCpuS(): number {
  const { system, user } = process.cpuUsage();
  return (system + user) / 1e6;
}

async function measureRoundTrips(
  pair: Pair,
  count: number,
): Promise<{ medianUs: number; p99Us: number }> {
  const tookUs: number[] = [];
  for (let i = 0; i < count; i++) {
    const startedMs = performance.now();
    await new Promise<void>((resolve) => {
      pair.onAnswer = resolve;
      pair.from.begin(pair.target, MESSAGE.command)?.u32(i).end();
      pair.from.flush();
    });
    tookUs.push((performance.now() - startedMs) * 1000);
  }
  const sorted = tookUs.sort((a, b) => a - b);
  return { medianUs: median(sorted), p99Us: sorted[Math.floor(sorted.length * 0.99)] };
}
