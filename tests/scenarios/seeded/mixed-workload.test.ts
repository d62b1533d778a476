import assert from 'node:assert/strict';
import type { Draw } from '../../../src/testing/seeded.ts';
import { type Command, drawRank, scenario } from './scenario.ts';

const CLIENT_COUNT = 8;
const TURN_COUNT = 12;
const KEY_COUNT = 300;

/**
 * A day of an application: carts, pages, counters, queues and rankings, by clients that keep books,
 * each its own, of what they must be told.
 */
scenario(
  'every client of a busy day is told what its books say',
  ['--cache.max_memory=256mb', '--cache.eviction_policy=noeviction'],
  async ({ connect, draw, restart }) => {
    const books = Array.from({ length: CLIENT_COUNT }, (_, i) => new Books(`c${i}`, draw));
    const work = async (turnCount: number) => {
      await Promise.all(
        books.map(async (book) => {
          const { askAll } = await connect();
          for (let turn = 0; turn < turnCount; turn++) {
            const steps = Array.from({ length: 20 + draw(200) }, () => book.drawStep());
            const replies = await askAll(steps.map(({ command }) => command));
            for (const [i, { command, expected }] of steps.entries()) {
              assert.deepEqual(replies[i], expected, command.join(' ').slice(0, 200));
            }
          }
        }),
      );
    };
    await work(TURN_COUNT);
    await restart('SIGKILL');
    await work(TURN_COUNT);
  },
);

interface Step {
  readonly command: Command;
  readonly expected: unknown;
}

/** What one client has written under names of its own. */
class Books {
  private readonly name: string;
  private readonly draw: Draw;
  private readonly pages = new Map<string, string>();
  private readonly carts = new Map<string, Map<string, number>>();
  private readonly counters = new Map<string, number>();
  private readonly queues = new Map<string, string[]>();
  private readonly rankings = new Map<string, Map<string, number>>();

  constructor(name: string, draw: Draw) {
    this.name = name;
    this.draw = draw;
  }

  drawStep(): Step {
    const { draw } = this;
    const key = `${this.name}:${drawRank(draw, KEY_COUNT)}`;
    switch (draw(5)) {
      case 0:
        return this.stepOfPage(`page:${key}`);
      case 1:
        return this.stepOfCart(`cart:${key}`);
      case 2: {
        const by = 1 + draw(5);
        const count = (this.counters.get(key) ?? 0) + by;
        this.counters.set(key, count);
        return { command: ['INCRBY', `counter:${key}`, `${by}`], expected: count };
      }
      case 3:
        return this.stepOfQueue(`queue:${key}`);
      default:
        return this.stepOfRanking(`ranking:${key}`);
    }
  }

  private stepOfPage(key: string): Step {
    const { draw, pages } = this;
    switch (draw(4)) {
      case 0: {
        const text = 'p'.repeat(draw(draw(20) === 0 ? 50_000 : 500));
        pages.set(key, text);
        return { command: ['SET', key, text, 'EX', '3600'], expected: 'OK' };
      }
      case 1:
        return { command: ['DEL', key], expected: pages.delete(key) ? 1 : 0 };
      default:
        return { command: ['GET', key], expected: pages.get(key) ?? null };
    }
  }

  private stepOfCart(key: string): Step {
    const { carts, draw } = this;
    const cart = carts.get(key) ?? new Map<string, number>();
    carts.set(key, cart);
    const item = `item ${draw(12)}`;
    switch (draw(4)) {
      case 0:
        return { command: ['HDEL', key, item], expected: cart.delete(item) ? 1 : 0 };
      case 1:
        return { command: ['HLEN', key], expected: cart.size };
      default: {
        const count = (cart.get(item) ?? 0) + 1 + draw(3);
        const by = count - (cart.get(item) ?? 0);
        cart.set(item, count);
        return { command: ['HINCRBY', key, item, `${by}`], expected: count };
      }
    }
  }

  private stepOfQueue(key: string): Step {
    const { draw, queues } = this;
    const queue = queues.get(key) ?? [];
    queues.set(key, queue);
    switch (draw(4)) {
      case 0:
        return { command: ['LPOP', key], expected: queue.shift() ?? null };
      case 1:
        return { command: ['LRANGE', key, '0', '-1'], expected: [...queue] };
      default: {
        const jobs = Array.from({ length: 1 + draw(3) }, () => `job ${draw(1_000)}`);
        queue.push(...jobs);
        return { command: ['RPUSH', key, ...jobs], expected: queue.length };
      }
    }
  }

  private stepOfRanking(key: string): Step {
    const { draw, rankings } = this;
    const ranking = rankings.get(key) ?? new Map<string, number>();
    rankings.set(key, ranking);
    const player = `player ${draw(20)}`;
    if (draw(3) === 0) {
      const order = [...ranking].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
      return { command: ['ZRANGE', key, '0', '-1'], expected: order.map(([name]) => name) };
    }
    const score = (ranking.get(player) ?? 0) + draw(100);
    const by = score - (ranking.get(player) ?? 0);
    ranking.set(player, score);
    return { command: ['ZINCRBY', key, `${by}`, player], expected: String(score) };
  }
}
