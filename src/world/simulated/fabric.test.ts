import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { NodeError } from '../../base/errors.ts';
import type { DialOptions, ListenOptions, Socket } from '../../base/world.ts';
import { RecordingHandler } from '../../testing/socket-arena.ts';
import { createFabric, type Fabric } from './fabric.ts';
import type { SimulatedWorld } from './simulated-world.ts';
import { DROPPED } from './wire/wire.ts';

const PORT = 7000;
const ONE = '10.0.0.1';
const OTHER = '10.0.0.2';
const KEY = { key: new Uint8Array(32).fill(7) };

describe('fabric: connections between machines', () => {
  test('bytes arrive whole and in order both ways, however they are cut', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { fabric, pair } = await connectTwo(seed);
      const sent = makePattern(700_000);
      const back = makePattern(90_000);
      send(pair.dialled, sent, 30_000);
      send(pair.accepted, back, 7);
      await fabric.pass(100);
      assert.deepEqual(Buffer.from(pair.served.bytes()), Buffer.from(sent), `seed ${seed}`);
      assert.deepEqual(Buffer.from(pair.heard.bytes()), Buffer.from(back), `seed ${seed}`);
    }
  });

  test('a reader that pauses makes the writer keep its buffers, and loses nothing', async () => {
    const { fabric, pair } = await connectTwo(1);
    pair.accepted.pauseReading();
    const sent = makePattern(1_000_000);
    assert.equal(pair.dialled.write(sent, 0, sent.length), false);
    await fabric.pass(100);
    assert.ok(pair.dialled.queuedBytes > 500_000);
    assert.equal(pair.served.byteCount, 0);
    pair.accepted.resumeReading();
    await fabric.pass(100);
    assert.deepEqual(Buffer.from(pair.served.bytes()), Buffer.from(sent));
    assert.equal(pair.heard.count('drained'), 1);
    assert.equal(pair.dialled.queuedBytes, 0);
  });

  test('an ended socket sends all it has; the other end hears of it and may end too', async () => {
    const { fabric, pair } = await connectTwo(3);
    pair.dialled.write(makePattern(600_000), 0, 600_000);
    pair.dialled.end();
    await fabric.pass(100);
    assert.equal(pair.served.byteCount, 600_000);
    assert.deepEqual(pair.served.calls.slice(-1), ['end']);
    assert.equal(pair.heard.closeCode, '');
    pair.accepted.end();
    await fabric.pass(10);
    assert.equal(pair.served.closeCode, '');
  });

  test('a write to a socket that was destroyed comes back as a reset', async () => {
    const { fabric, pair } = await connectTwo(4);
    pair.dialled.destroy();
    await fabric.pass(10);
    assert.equal(pair.served.closeCode, null);
    pair.accepted.write(makePattern(10), 0, 10);
    await fabric.pass(10);
    assert.equal(pair.served.closeCode, 'ECONNRESET');
    assert.equal(pair.heard.closeCode, '');
  });

  test('a name in place of a secret, another secret and none are refused', async () => {
    const fabric = createFabric(5);
    const [one, other] = [fabric.addMachine(), fabric.addMachine()];
    const accepted: Socket[] = [];
    await listen(other, accepted, { secret: KEY });
    await listen(other, accepted, { port: PORT + 1 });
    const wrong = { key: new Uint8Array(32) };
    await refused(fabric, one, { secret: wrong }, 'ECONNRESET');
    await refused(fabric, one, { secret: KEY, port: PORT + 1 }, 'ECONNRESET');
    assert.equal(accepted.length, 0);
    const plain = await fabric.await(one.network.dial(dialing({})));
    const handler = new RecordingHandler();
    plain.setHandler(handler);
    await fabric.pass(10);
    assert.equal(handler.count('end') + handler.count('close') > 0, true);
    assert.equal(accepted.length, 0);
    await fabric.await(one.network.dial(dialing({ secret: KEY })));
    assert.equal(accepted.length, 1);
  });

  test('nobody there: refused at once by a machine, after the time by none', async () => {
    const fabric = createFabric(6);
    const one = fabric.addMachine();
    fabric.addMachine();
    await refused(fabric, one, {}, 'ECONNREFUSED');
    assert.ok(fabric.timeline.nowMs < 50);
    await refused(fabric, one, { host: '10.0.0.9' }, 'ETIMEDOUT');
    assert.ok(fabric.timeline.nowMs >= 500);
  });

  test('a loopback port is for its own machine', async () => {
    const fabric = createFabric(7);
    const [one, other] = [fabric.addMachine(), fabric.addMachine()];
    const accepted: Socket[] = [];
    await listen(other, accepted, { host: '127.0.0.1' });
    await refused(fabric, one, {}, 'ECONNREFUSED');
    await fabric.await(other.network.dial(dialing({ host: '127.0.0.1' })));
    assert.equal(accepted[0].remoteAddress, '127.0.0.1');
  });
});

describe('fabric: faults', () => {
  test('a cut in one direction holds those bytes back and lets the others through', async () => {
    const { fabric, pair } = await connectTwo(11);
    fabric.wire.cut(ONE, OTHER);
    pair.dialled.write(makePattern(10), 0, 10);
    pair.accepted.write(makePattern(20), 0, 20);
    await fabric.pass(5000);
    assert.equal(pair.served.byteCount, 0);
    assert.equal(pair.heard.byteCount, 20);
    fabric.wire.heal(ONE, OTHER);
    await fabric.pass(1000);
    assert.equal(pair.served.byteCount, 10);
  });

  test('what a cut holds back is lost with the power, and not with the process', async () => {
    for (const how of ['killed', 'dark'] as const) {
      const { fabric, pair } = await connectTwo(18);
      fabric.wire.cut(ONE, OTHER);
      pair.dialled.write(makePattern(10), 0, 10);
      await fabric.pass(10);
      fabric.kill(ONE, how);
      fabric.wire.heal(ONE, OTHER);
      await fabric.pass(1000);
      assert.equal(pair.served.byteCount, how === 'killed' ? 10 : 0);
    }
  });

  test('a cut that lasts breaks the connection at both ends', async () => {
    const { fabric, pair } = await connectTwo(12);
    fabric.wire.cutBoth(ONE, OTHER);
    pair.dialled.write(makePattern(10), 0, 10);
    await fabric.pass(60_000);
    assert.equal(pair.heard.closeCode, 'ETIMEDOUT');
    assert.equal(pair.served.closeCode, 'ETIMEDOUT');
  });

  test('the kernel of a killed process closes its connections, and calls are refused', async () => {
    const { fabric, pair, one } = await connectTwo(13);
    fabric.kill(OTHER, 'killed');
    await fabric.pass(10);
    assert.equal(pair.heard.count('end') + pair.heard.count('close') > 0, true);
    await refused(fabric, one, {}, 'ECONNREFUSED');
    assert.deepEqual(pair.served.calls, []);
  });

  test('a machine without power says nothing; started again it resets what it finds', async () => {
    const { fabric, pair, one } = await connectTwo(14);
    fabric.kill(OTHER, 'dark');
    pair.dialled.write(makePattern(10), 0, 10);
    await fabric.pass(5000);
    assert.deepEqual(pair.heard.calls, []);
    await refused(fabric, one, {}, 'ETIMEDOUT');
    const again = fabric.addMachine({ address: OTHER });
    await listen(again, [], {});
    pair.dialled.write(makePattern(10), 0, 10);
    await fabric.pass(10);
    assert.equal(pair.heard.closeCode, 'ECONNRESET');
    await fabric.await(one.network.dial(dialing({})));
  });

  test('what a killed process asked for never happens', async () => {
    const fabric = createFabric(15);
    const one = fabric.addMachine();
    let count = 0;
    one.timers.every(10, () => count++);
    fabric.advance(35);
    fabric.kill(ONE, 'killed');
    one.timers.after(5, () => count++);
    one.timers.atTurnEnd(() => count++);
    fabric.advance(100);
    assert.equal(count, 3);
    assert.equal(one.timers.pendingTimerCount, 0);
  });

  test('a stalled machine does nothing, and all that waited at once afterwards', async () => {
    const { fabric, pair, other } = await connectTwo(16);
    const firedMs: number[] = [];
    const startMs = fabric.timeline.nowMs;
    other.timers.every(10, () => firedMs.push(fabric.timeline.nowMs - startMs));
    fabric.stall(OTHER, 100);
    pair.dialled.write(makePattern(10), 0, 10);
    await fabric.pass(99);
    assert.deepEqual(firedMs, []);
    assert.equal(pair.served.byteCount, 0);
    await fabric.pass(26);
    assert.deepEqual(firedMs.map(Math.round), [100, 110, 120]);
    assert.equal(pair.served.byteCount, 10);
  });

  test('a targeted fault sees what goes over the wire, and may delay it or break it', async () => {
    const { fabric, pair } = await connectTwo(17);
    const seen: string[] = [];
    fabric.wire.onDelivery = ({ kind, from, bytes }) => {
      if (bytes.length === 0) return 0;
      seen.push(`${kind} ${from} ${Buffer.from(bytes)}`);
      return String(Buffer.from(bytes)) === 'break' ? DROPPED : 50;
    };
    pair.dialled.write(Buffer.from('late'), 0, 4);
    await fabric.pass(40);
    assert.equal(pair.served.byteCount, 0);
    await fabric.pass(20);
    assert.equal(pair.served.byteCount, 4);
    pair.dialled.write(Buffer.from('break'), 0, 5);
    await fabric.pass(1);
    assert.equal(pair.heard.closeCode, 'ECONNRESET');
    assert.equal(pair.served.closeCode, 'ECONNRESET');
    assert.deepEqual(seen, [`stream ${ONE} late`, `stream ${ONE} break`]);
  });
});

describe('fabric: datagrams', () => {
  test('they arrive once each, or not, or twice, in any order, as the wire is told', async () => {
    const fabric = createFabric(21);
    const [one, other] = [fabric.addMachine(), fabric.addMachine()];
    const got: number[] = [];
    const from = new Set<string>();
    await other.network.bindDatagram(
      { host: '0.0.0.0', port: 7946 },
      (bytes, start, end, ...who) => {
        assert.equal(end - start, 4);
        from.add(who.join(':'));
        got.push(Buffer.from(bytes.buffer, bytes.byteOffset + start, 4).readUInt32LE());
      },
    );
    const sender = await one.network.bindDatagram({ host: ONE, port: 7946 }, () => {});
    const sendAll = async (): Promise<number[]> => {
      got.length = 0;
      const bytes = Buffer.alloc(6);
      for (let i = 0; i < 1000; i++) {
        bytes.writeUInt32LE(i, 1);
        sender.send(bytes, 1, 5, OTHER, 7946);
      }
      await fabric.pass(100);
      return [...got];
    };
    const all = await sendAll();
    assert.equal(new Set(all).size, 1000);
    assert.equal(all.length, 1000);
    assert.notDeepEqual(
      all,
      [...all].sort((a, b) => a - b),
    );
    assert.deepEqual([...from], [`${ONE}:7946`]);
    fabric.wire.lossShare = 0.3;
    const some = await sendAll();
    assert.ok(some.length > 600 && some.length < 800, `${some.length} of 1000`);
    fabric.wire.lossShare = 0;
    fabric.wire.duplicateShare = 0.3;
    const many = await sendAll();
    assert.ok(many.length > 1200 && many.length < 1400, `${many.length} of 1000`);
    fabric.wire.cut(ONE, OTHER);
    assert.deepEqual(await sendAll(), []);
    fabric.wire.healAll();
    sender.close();
    assert.deepEqual(await sendAll(), []);
  });

  test('a port is bound once; a machine sends to itself over loopback', async () => {
    const fabric = createFabric(22);
    const one = fabric.addMachine();
    const heard: string[] = [];
    const own = await one.network.bindDatagram({ host: '127.0.0.1', port: 0 }, (...parts) => {
      heard.push(`${parts[3]}:${parts[4]}`);
    });
    const again = () => one.network.bindDatagram({ host: '0.0.0.0', port: own.port }, () => {});
    await assert.rejects(again, isError('PORT_REFUSED'));
    own.send(Buffer.from('x'), 0, 1, '127.0.0.1', own.port);
    own.send(Buffer.from('x'), 0, 1, OTHER, own.port);
    await fabric.settle();
    assert.deepEqual(heard, [`127.0.0.1:${own.port}`]);
  });
});

describe('fabric: one seed', () => {
  test('the same seed gives the same run, another one another', async () => {
    const traceOf = async (seed: number): Promise<string[]> => {
      const { fabric, pair } = await connectTwo(seed);
      const trace: string[] = [];
      pair.served.onData = (_bytes, start, end) => {
        trace.push(`${fabric.timeline.nowMs}:${end - start}`);
      };
      send(pair.dialled, makePattern(20_000), 1000);
      await fabric.pass(50);
      return trace;
    };
    const [first, same, another] = [await traceOf(8), await traceOf(8), await traceOf(9)];
    assert.ok(first.length > 5);
    assert.deepEqual(first, same);
    assert.notDeepEqual(first, another);
  });

  test('names resolve as the test says', async () => {
    const fabric = createFabric(1);
    const { network } = fabric.addMachine();
    fabric.wire.names.set('seeds.example', [ONE, OTHER]);
    assert.deepEqual(await network.resolve('seeds.example'), [ONE, OTHER]);
    assert.deepEqual(await network.resolve('10.1.1.1'), ['10.1.1.1']);
    await assert.rejects(() => network.resolve('nowhere.example'), isError('NAME_UNKNOWN'));
  });
});

interface Pair {
  readonly dialled: Socket;
  readonly heard: RecordingHandler;
  readonly accepted: Socket;
  readonly served: RecordingHandler;
}

async function connectTwo(
  seed: number,
): Promise<{ fabric: Fabric; one: SimulatedWorld; other: SimulatedWorld; pair: Pair }> {
  const fabric = createFabric(seed);
  const [one, other] = [fabric.addMachine(), fabric.addMachine()];
  const waiting: Socket[] = [];
  await listen(other, waiting, {});
  const dialled = await fabric.await(one.network.dial(dialing({})));
  const [accepted] = waiting;
  const [heard, served] = [new RecordingHandler(), new RecordingHandler()];
  dialled.setHandler(heard);
  accepted.setHandler(served);
  assert.equal(accepted.remoteAddress, ONE);
  assert.equal(dialled.remoteAddress, OTHER);
  return { fabric, one, other, pair: { dialled, heard, accepted, served } };
}

async function listen(
  world: SimulatedWorld,
  accepted: Socket[],
  options: Partial<ListenOptions>,
): Promise<void> {
  const base = { host: '0.0.0.0', port: PORT, backlog: 511, tls: null, keepAliveS: 0 };
  await world.network.listen({ ...base, socketPath: 'auto', ...options }, (socket) => {
    accepted.push(socket);
  });
}

function dialing(options: Partial<DialOptions>): DialOptions {
  return { host: OTHER, port: PORT, timeoutMs: 500, secret: null, ...options };
}

async function refused(
  fabric: Fabric,
  world: SimulatedWorld,
  options: Partial<DialOptions>,
  code: string,
): Promise<void> {
  const attempt = () => fabric.await(world.network.dial(dialing(options)));
  await assert.rejects(attempt, (error) => {
    assert.ok(isError('CONNECT_REFUSED')(error));
    assert.equal((error as NodeError).facts.code, code);
    return true;
  });
}

function isError(code: string): (error: unknown) => boolean {
  return (error) => error instanceof NodeError && error.code === code;
}

function send(socket: Socket, bytes: Uint8Array, pieceBytes: number): void {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    socket.write(bytes, at, Math.min(bytes.length, at + pieceBytes));
  }
}

function makePattern(byteCount: number): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  for (let i = 0; i < byteCount; i++) bytes[i] = i ^ (i >>> 8) ^ (i >>> 16);
  return bytes;
}
