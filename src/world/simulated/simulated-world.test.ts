import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { NodeError } from '../../base/errors.ts';
import type { ListenOptions } from '../../base/world.ts';
import { RecordingHandler } from '../../testing/socket-arena.ts';
import { createSimulatedWorld, type SimulatedWorld } from './simulated-world.ts';

const ANY_PORT: ListenOptions = {
  host: '127.0.0.1',
  port: 0,
  backlog: 511,
  tls: null,
  socketPath: 'auto',
  keepAliveS: 0,
};

describe('simulated world: time', () => {
  test('timers fire at their deadlines, in order, and see the time they asked for', () => {
    const world = createSimulatedWorld();
    const fired: string[] = [];
    const note = (name: string) => () => fired.push(`${name}@${world.clock.monotonicMs()}`);
    world.timers.after(30, note('c'));
    world.timers.after(10, note('a'));
    world.timers.after(10, note('b'));
    const beat = world.timers.every(20, note('beat'));
    world.timers.after(45, () => beat.cancel());
    const dropped = world.timers.after(15, note('dropped'));
    dropped.cancel();
    dropped.cancel();
    world.advance(9);
    assert.deepEqual(fired, []);
    world.advance(200);
    assert.deepEqual(fired, ['a@10', 'b@10', 'beat@20', 'c@30', 'beat@40']);
    assert.equal(world.clock.monotonicMs(), 209);
    assert.equal(world.timers.pendingTimerCount, 0);
  });

  test('a timer set by a timer fires in the same advance when it falls due', () => {
    const world = createSimulatedWorld();
    const firedMs: number[] = [];
    const again = (): void => {
      firedMs.push(world.clock.monotonicMs());
      if (firedMs.length < 3) world.timers.after(5, again);
    };
    world.timers.after(5, again);
    world.advance(100);
    assert.deepEqual(firedMs, [5, 10, 15]);
  });

  test('wall time follows monotonic time and can be set back without it', () => {
    const world = createSimulatedWorld();
    const startMs = world.clock.wallMs();
    world.advance(1500.5);
    assert.equal(world.clock.wallMs(), startMs + 1500);
    world.setWallMs(1000);
    assert.equal(world.clock.wallMs(), 1000);
    assert.equal(world.clock.monotonicMs(), 1500.5);
    world.advance(10);
    assert.equal(world.clock.wallMs(), 1010);
  });

  test('a turn end comes after all reads, and what it asks for a turn later', async () => {
    const world = createSimulatedWorld();
    const order: string[] = [];
    const { port } = await world.network.listen(ANY_PORT, (socket) => {
      const handler = new RecordingHandler();
      handler.onData = (bytes, start) => {
        order.push(`read ${bytes[start]}`);
        if (order.length === 1) {
          world.timers.atTurnEnd(() => {
            order.push('turn end');
            world.timers.atTurnEnd(() => order.push('next turn end'));
          });
        }
      };
      socket.setHandler(handler);
    });
    world.connect(port, { fragmentation: 'whole' }).send(new Uint8Array([1]));
    world.connect(port, { fragmentation: 'whole' }).send(new Uint8Array([2]));
    world.step();
    assert.deepEqual(order.slice(0, 2).sort(), ['read 1', 'read 2']);
    assert.deepEqual(order.slice(2), ['turn end']);
    world.runUntilIdle();
    assert.deepEqual(order.slice(2), ['turn end', 'next turn end']);
    assert.equal(world.step(), false);
  });
});

describe('simulated world: one seed', () => {
  test('the same seed gives the same run, another seed another', async () => {
    const [first, same, other] = [await trace(7), await trace(7), await trace(8)];
    assert.deepEqual(first, same);
    assert.notDeepEqual(first, other);
    assert.ok(first.length > 25, 'reads were fragmented');
  });

  test('random numbers spread over their range', () => {
    const { random } = createSimulatedWorld(3);
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 16_000; i++) counts[random.u32() >>> 28]++;
    for (const count of counts) assert.ok(count > 850 && count < 1150, counts.join(' '));
    const bytes = new Uint8Array(64);
    random.fill(bytes);
    assert.ok(new Set(bytes).size > 40);
  });
});

describe('simulated world: network and host', () => {
  test('a read buffer that is kept after the call holds nothing', async () => {
    const world = createSimulatedWorld();
    let kept = new Uint8Array(0);
    const { port } = await world.network.listen(ANY_PORT, (socket) => {
      const handler = new RecordingHandler();
      handler.onData = (bytes, start, end) => {
        kept = bytes.subarray(start, end) as Uint8Array<ArrayBuffer>;
      };
      socket.setHandler(handler);
    });
    world.connect(port, { fragmentation: 'whole' }).send('secret');
    world.runUntilIdle();
    assert.equal(Buffer.from(kept).toString('latin1'), '\xdd'.repeat(6));
  });

  test('a buffer changed after write said false reaches the peer changed', async () => {
    const world = createSimulatedWorld();
    const reply = Buffer.from('0123456789');
    const { port } = await world.network.listen(ANY_PORT, (socket) => {
      socket.setHandler(new RecordingHandler());
      assert.equal(socket.write(reply, 0, 10), false);
      reply.fill('x');
    });
    const peer = world.connect(port, { windowBytes: 4 });
    world.runUntilIdle();
    assert.equal(peer.takeText(), '0123xxxxxx');
  });

  test('a port is taken once and free again after close', async () => {
    const world = createSimulatedWorld();
    const listener = await world.network.listen(ANY_PORT, () => {});
    const again = { ...ANY_PORT, port: listener.port };
    const refused = (error: unknown): boolean =>
      error instanceof NodeError && error.code === 'PORT_REFUSED';
    await assert.rejects(() => world.network.listen(again, () => {}), refused);
    await listener.close();
    await world.network.listen(again, () => {});
  });

  test('the host keeps what is written and passes signals on', () => {
    const { host } = createSimulatedWorld();
    host.writeOut('a\n');
    host.writeError('b\n');
    host.writeOut('c\n');
    assert.equal(host.outText, 'a\nc\n');
    assert.equal(host.errorText, 'b\n');
    let count = 0;
    const subscription = host.onSignal('SIGTERM', () => count++);
    assert.equal(host.raiseSignal('SIGINT'), false);
    assert.equal(host.raiseSignal('SIGTERM'), true);
    subscription.cancel();
    assert.equal(host.raiseSignal('SIGTERM'), false);
    assert.equal(count, 1);
  });
});

/** The sizes of all reads of twenty peers that talk at once. */
async function trace(seed: number): Promise<string[]> {
  const world: SimulatedWorld = createSimulatedWorld(seed);
  const reads: string[] = [];
  const { port } = await world.network.listen(ANY_PORT, (socket) => {
    const handler = new RecordingHandler();
    handler.onData = (_bytes, start, end) => reads.push(`${socket.remotePort}:${end - start}`);
    socket.setHandler(handler);
  });
  for (let i = 0; i < 20; i++) world.connect(port).send(new Uint8Array(5000));
  world.runUntilIdle();
  return reads;
}
