/** What clients do, so that every panel has something to show. */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeCommand } from '../../src/testing/reply-decoder.ts';
import type { StageNode } from './stage.ts';

const TURN_MS = 50;
const KEY_COUNT = 500;

/** Stores beside `default`; made by the first node, and there on all. */
const STORES = [
  ['sessions', 'CUCKOO_FILTER', 'yes', 'OWNERSHIP', 'slot'],
  ['small', 'MAX_MEMORY', '1mb', 'EVICTION_POLICY', 'lru'],
  ['jobs', 'MAX_MEMORY', '1mb', 'EVICTION_POLICY', 'noeviction'],
];

export class Load {
  /** Of 10 look-ups so many find their key. */
  hitsOfTen = 9;
  /** Keys that each turn writes to the small store, which evicts. */
  evictingCount = 1;
  private readonly nodes: readonly StageNode[];
  private readonly running: Promise<void>[] = [];
  private isOver = false;
  private turn = 0;

  constructor(nodes: readonly StageNode[]) {
    this.nodes = nodes;
  }

  async start(): Promise<void> {
    const [first] = this.nodes as [StageNode];
    for (const [name, ...options] of STORES) await first.call('STORE', 'CREATE', name!, ...options);
    await first.call('ACL', 'SETUSER', 'bob', 'on', '>pw', '~*', '+get', '+select');
    for (const node of this.nodes) this.running.push(this.drive(node));
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.running);
  }

  /** A node that is gone, or stands still, holds up its own part only. */
  private async drive(node: StageNode): Promise<void> {
    const work = (): Promise<unknown>[] => [this.reads(node), this.writes(node), this.rare(node)];
    while (!this.isOver) {
      await Promise.all(work()).catch(() => {});
      await sleep(TURN_MS);
    }
  }

  private async reads(node: StageNode): Promise<void> {
    const client = await node.connect();
    const lookUps = Array.from({ length: 100 }, (_, i) => {
      return i % 10 < this.hitsOfTen ? ['GET', `k:${i}`] : ['GET', `none:${i}`];
    });
    const filtered = ['FILTER', 'CHECK', 'k:1'];
    client.sendCommands([
      ['SELECT', 'sessions'],
      filtered,
      ...lookUps,
      ['SELECT', '0'],
      ...lookUps,
    ]);
    await client.take(2 * lookUps.length + 3);
    client.end();
  }

  private async writes(node: StageNode): Promise<void> {
    this.turn++;
    const client = await node.connect();
    const sets = Array.from({ length: KEY_COUNT / 5 }, (_, i) => ['SET', `k:${i}`, `${this.turn}`]);
    const brief = Array.from({ length: 20 }, (_, i) => [
      'SET',
      `p:${this.turn}:${i}`,
      'v',
      'PX',
      '100',
    ]);
    const many = Array.from({ length: this.evictingCount }, (_, i) => [
      'SET',
      `${this.turn}:${i}`,
      'x'.repeat(900),
    ]);
    const commands = [
      ...[['SELECT', 'sessions'], ...sets, ['SELECT', 'small'], ...many],
      ...[['SELECT', '0'], ...sets, ...brief, ['PUBLISH', 'news', 'x'], ['LPUSH', 'k:1', 'x']],
    ];
    client.sendCommands(commands);
    await client.take(commands.length);
    client.end();
  }

  /** A subscriber, one that waits, one that may not and one that guesses; files on disk. */
  private async rare(node: StageNode): Promise<void> {
    const opened = await Promise.all([1, 2, 3, 4].map(() => node.connect()));
    const [reader, waiter, bob, keeper] = opened;
    await reader!.call('SUBSCRIBE', 'news');
    waiter!.sendCommands([['BLPOP', 'nothing', '1']]);
    await bob!.call('AUTH', 'bob', 'pw');
    await bob!.call('SET', 'k', 'v');
    if (this.turn % 4 === 0) await guessPasswords(node, 1);
    await keeper!.call('BGSAVE');
    await keeper!.call('BGREWRITEAOF');
    await keeper!.call('DEBUG', 'SLEEP', '0.12');
    await sleep(1_000);
    for (const client of opened) client.end();
  }
}

/** Failed logins from many addresses: each is slowed down by itself. */
export async function guessPasswords(node: StageNode, count: number): Promise<void> {
  const guesses = Array.from({ length: count }, (_, i) => {
    const socket = net.connect({
      port: node.port,
      host: '127.0.0.1',
      localAddress: `127.0.1.${1 + (i % 250)}`,
    });
    socket.on('error', () => {});
    socket.end(encodeCommand(['AUTH', `guess-${i}`]));
    return new Promise((resolve) => socket.on('close', resolve).resume());
  });
  await Promise.all(guesses);
}
