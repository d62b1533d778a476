import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Socket, SocketHandler, World } from '../../base/world.ts';
import { createFabric, type Fabric } from '../../world/simulated/fabric.ts';
import { ReplyScanner } from '../resp/reply-scanner.ts';
import { type LoadPlan, LoadRun } from './load-run.ts';
import { OPERATIONS } from './operations.ts';
import { randomWorkload } from './workload.ts';

const PORT = 6000;
const LOCAL = '127.0.0.1';

/** Answers each PING in so long; while it stands still, when it goes on. */
class SlowServer {
  answerMs = 1;
  stalledUntilMs = 0;
  reply = '+PONG\r\n';
  pingCount = 0;
  readonly sockets: Socket[] = [];
  private readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  async listen(): Promise<void> {
    const options = { host: LOCAL, port: PORT, backlog: 9, tls: null, keepAliveS: 0 } as const;
    await this.world.network.listen({ ...options, socketPath: 'auto' }, (socket) => {
      this.sockets.push(socket);
      socket.setHandler(this.handlerOf(socket));
    });
  }

  private handlerOf(socket: Socket): SocketHandler {
    const { clock, timers } = this.world;
    // A command is an array as well.
    const scanner = new ReplyScanner();
    let pings = 0;
    return {
      onReadable: (bytes, start, end) => {
        pings = 0;
        scanner.scan(bytes, start, end, { onReply: () => void pings++ });
        this.pingCount += pings;
        const waitMs = Math.max(this.answerMs, this.stalledUntilMs - clock.monotonicMs());
        const replies = Buffer.from(this.reply.repeat(pings));
        timers.after(waitMs, () => void socket.write(replies, 0, replies.length));
      },
      onDrained: () => {},
      onEnd: () => socket.destroy(),
      onClose: () => {},
    };
  }
}

interface Stage {
  readonly fabric: Fabric;
  readonly server: SlowServer;
  start(plan: Partial<LoadPlan>, clientCount?: number): Promise<LoadRun>;
}

async function createStage(): Promise<Stage> {
  const fabric = createFabric(5);
  const world = fabric.addMachine();
  const server = new SlowServer(world);
  await server.listen();
  const row = OPERATIONS.find(({ name }) => name === 'ping')!;
  const space = { keyCount: 1, skew: 1, valueBytes: 1 };
  return {
    fabric,
    server,
    start: async (plan, clientCount = 4) => {
      const sockets: Socket[] = [];
      for (let i = 0; i < clientCount; i++) {
        const options = { host: LOCAL, port: PORT, timeoutMs: 1000, secret: null };
        sockets.push(await fabric.await(world.network.dial(options)));
      }
      return new LoadRun(world, sockets, {
        workload: randomWorkload([{ row, weight: 1 }], space, world.random),
        depth: 1,
        ratePerS: null,
        warmUpMs: 0,
        durationMs: 1000,
        commandCount: Number.POSITIVE_INFINITY,
        spinMs: 0,
        ...plan,
      });
    },
  };
}

function near(found: number, wanted: number, by: number): void {
  assert.ok(Math.abs(found - wanted) <= by, `${found}, not ${wanted}`);
}

test('an open loop asks at its rate, whatever the server does', async () => {
  const { fabric, server, start } = await createStage();
  const run = await start({ ratePerS: 500 });
  await fabric.await(run.run());
  assert.equal(server.pingCount, 500);
  assert.equal(run.measurement.answeredCount, 500);
  assert.equal(run.measurement.unansweredCount, 0);
  near(run.measurement.total().percentileMs(0.5), 1, 1);
});

test('an open loop feels a server that stands still; a closed one looks away', async () => {
  const percentiles: number[] = [];
  for (const ratePerS of [500, null]) {
    const { fabric, server, start } = await createStage();
    const run = await start({ ratePerS });
    const done = run.run();
    await fabric.pass(200);
    server.stalledUntilMs = fabric.machines.get('10.0.0.1')!.clock.monotonicMs() + 400;
    await fabric.await(done);
    percentiles.push(run.measurement.total().percentileMs(0.9));
    if (ratePerS !== null) assert.equal(run.measurement.answeredCount, 500);
  }
  // Commands were due evenly over the 400 of 1000 ms: a tenth of all waited 300 ms and more.
  near(percentiles[0], 300, 30);
  assert.ok(percentiles[1] < 5, `${percentiles[1]}`);
});

test('a closed loop has no more under way than it may, and ends with its time', async () => {
  const { fabric, server, start } = await createStage();
  server.answerMs = 10;
  const run = await start({ depth: 3 }, 2);
  await fabric.await(run.run());
  near(run.measurement.answeredCount, 6 * 100, 60);
  assert.equal(run.measurement.answeredCount, server.pingCount);
  assert.equal(run.measurement.unansweredCount, 0);
});

test('a number of commands is sent exactly; those of the warm-up do not count', async () => {
  const { fabric, server, start } = await createStage();
  const counted = await start({ commandCount: 77, durationMs: Number.POSITIVE_INFINITY });
  await fabric.await(counted.run());
  assert.equal(counted.measurement.answeredCount, 77);
  assert.equal(server.pingCount, 77);
  const warmed = await start({ ratePerS: 100, warmUpMs: 500 });
  await fabric.await(warmed.run());
  assert.equal(server.pingCount, 77 + 150);
  assert.equal(warmed.measurement.answeredCount, 100);
});

test('what a server never answers is counted with the time that it waited', async () => {
  const { fabric, server, start } = await createStage();
  const run = await start({ ratePerS: 100 }, 2);
  const done = run.run();
  await fabric.pass(505);
  server.stalledUntilMs = Number.MAX_SAFE_INTEGER;
  await fabric.await(done);
  const { measurement } = run;
  assert.equal(measurement.answeredCount + measurement.unansweredCount, 100);
  near(measurement.answeredCount, 51, 1);
  assert.ok(measurement.total().percentileMs(0.99) > 9_000);
});

test('errors are counted, the first is kept; with one connection lost the rest go on', async () => {
  const { fabric, server, start } = await createStage();
  server.reply = '-ERR no\r\n';
  const run = await start({ ratePerS: 100 });
  const done = run.run();
  await fabric.pass(300);
  server.sockets[0].destroy();
  await fabric.await(done);
  const { measurement } = run;
  assert.equal(measurement.errorCount, measurement.answeredCount);
  assert.equal(measurement.errorText, 'ERR no');
  assert.equal(run.lostCount, 1);
  assert.match(run.lostReason, /closed the connection|connection broke/);
  assert.ok(measurement.answeredCount >= 99, `${measurement.answeredCount}`);
});

test('who interrupts it gets what was measured by then', async () => {
  const { fabric, start } = await createStage();
  const run = await start({ ratePerS: 100 });
  const done = run.run();
  await fabric.pass(305);
  run.stop();
  await fabric.await(done);
  near(run.measurement.answeredCount, 31, 1);
  assert.equal(run.measurement.unansweredCount, 0);
});

test('who interrupts it twice does not wait for a server that is silent', async () => {
  const { fabric, server, start } = await createStage();
  const run = await start({ ratePerS: 100 });
  const done = run.run();
  await fabric.pass(105);
  server.stalledUntilMs = Number.MAX_SAFE_INTEGER;
  await fabric.pass(100);
  const { clock } = fabric.machines.get('10.0.0.1')!;
  const stoppedMs = clock.monotonicMs();
  run.stop();
  run.stop();
  await fabric.await(done);
  assert.ok(clock.monotonicMs() - stoppedMs < 100);
  near(run.measurement.unansweredCount, 10, 1);
});
