import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MutationReader } from '../../engine/mutation-sink.ts';
import type { Store } from '../../engine/store.ts';
import type { StoreSafety } from '../../engine/store-safety.ts';
import { createNodeKit, type NodeKit } from '../../testing/node-kit.ts';
import { seededDraws } from '../../testing/seeded.ts';
import { ReplyHold } from './reply-hold.ts';

/** A log whose every effect is one byte long. */
class FakeLog implements StoreSafety, MutationReader {
  position = 0;
  safePosition = 0;
  isTroubled = false;
  isSlow = false;
  onFunctions = (): void => {};
  private readonly kit: NodeKit;

  constructor(kit: NodeKit, store: Store) {
    this.kit = kit;
    store.safety = this;
    store.sink.attach(this);
  }

  onEffect(): void {
    this.position++;
  }
  whenSafe(): Promise<void> {
    return Promise.resolve();
  }
  secureNow(): string {
    return '';
  }

  /** More became safe, or the state changed. */
  tell(change: Partial<Pick<FakeLog, 'safePosition' | 'isTroubled' | 'isSlow'>>): void {
    Object.assign(this, change);
    this.kit.node.loop.release();
    this.kit.world.runUntilIdle();
  }
}

async function openKit() {
  const kit = await createNodeKit();
  return { kit, log: new FakeLog(kit, kit.node.services.stores.default) };
}

test('replies of a turn leave after the flush at its end, in their order', async () => {
  const { kit, log } = await openKit();
  const writer = kit.connect({ fragmentation: 'whole' });
  const reader = kit.connect({ fragmentation: 'whole' });
  reader.ask('hello 3', 'subscribe news');
  const seen: string[] = [];
  kit.node.loop.barrier = {
    get isRaised() {
      return log.position > log.safePosition;
    },
    flush() {
      seen.push(`${writer.peer.takeText()}${reader.peer.takeText()}`);
      log.safePosition = log.position;
    },
  };
  writer.send('set a 1', 'publish news x');
  reader.send('get a');
  kit.world.runUntilIdle();
  assert.equal(seen.join(''), '', 'nothing had left before');
  assert.equal(seen.length, 1, 'one write for all of the turn');
  assert.equal(writer.take(), '+OK\r\n:1\r\n');
  const message = '>3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\nx\r\n';
  assert.equal(reader.take(), `${message}$1\r\n1\r\n`);
});

test('what is not safe yet holds the replies, and those behind them, until it is', async () => {
  const { kit, log } = await openKit();
  const client = kit.connect({ fragmentation: 'whole' });
  assert.equal(client.ask('ping'), '+PONG\r\n');
  assert.equal(client.ask('set a 1'), '');
  assert.equal(client.ask('get a', 'quit'), '');
  assert.equal(client.isClosed, false);
  log.tell({ safePosition: 1 });
  assert.equal(client.take(), '+OK\r\n$1\r\n1\r\n+OK\r\n');
  assert.equal(client.isClosed, true);
});

test('who reads what another wrote waits for it too; in another store nobody does', async () => {
  const { kit, log } = await openKit();
  const [writer, reader, stranger] = [kit.connect(), kit.connect(), kit.connect()];
  stranger.ask('store create other', 'select other');
  assert.equal(writer.ask('set a 1'), '');
  assert.equal(reader.ask('get a'), '');
  assert.equal(stranger.ask('set a 2', 'get a'), '+OK\r\n$1\r\n2\r\n');
  log.tell({ safePosition: 1 });
  assert.equal(reader.take() + writer.take(), '$1\r\n1\r\n+OK\r\n');
});

test('a client that leaves a store waits for what it did there', async () => {
  const { kit, log } = await openKit();
  const client = kit.connect({ fragmentation: 'whole' });
  client.ask('store create other');
  assert.equal(client.ask('set a 1', 'select other', 'get a'), '');
  assert.equal(client.ask('ping'), '');
  log.tell({ safePosition: 1 });
  assert.equal(client.take(), '+OK\r\n+OK\r\n$-1\r\n+PONG\r\n');
});

test('FUNCTION in a named store waits for the default store, whose log tells it', async () => {
  const { kit, log } = await openKit();
  log.onFunctions = () => void log.position++;
  const client = kit.connect({ fragmentation: 'whole' });
  client.ask('store create other', 'select other');
  const code = "#!lua name=l\nredis.register_function('f', function() return 1 end)";
  client.peer.send(
    Buffer.from(`*3\r\n$8\r\nFUNCTION\r\n$4\r\nLOAD\r\n$${code.length}\r\n${code}\r\n`),
  );
  assert.equal(client.take(), '');
  log.tell({ safePosition: 1 });
  assert.equal(client.take(), '$1\r\nl\r\n');
});

test('a turn that ends in the middle of a command moves no mark', async () => {
  const { kit, log } = await openKit();
  const [client, other] = [
    kit.connect({ fragmentation: 'whole' }),
    kit.connect({ fragmentation: 'whole' }),
  ];
  assert.equal(client.ask('set a 1'), '');
  assert.equal(other.ask('set b 1'), '');
  client.peer.send(Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\na'));
  kit.world.runUntilIdle();
  log.tell({ safePosition: 1 });
  assert.equal(client.take(), '+OK\r\n');
  client.peer.send(Buffer.from('\r\n$1\r\n2\r\n'));
  kit.world.runUntilIdle();
  assert.equal(client.take() + client.ask('get a'), '', 'nothing of it is safe');
  log.tell({ safePosition: 2 });
  assert.equal(client.take(), '');
  log.tell({ safePosition: 3 });
  assert.equal(client.take(), '+OK\r\n$1\r\n2\r\n');
});

test('a client that never pauses has its replies at each sync, not at the last', async () => {
  const { kit, log } = await openKit();
  const client = kit.connect({ fragmentation: 'whole' });
  let replies = '';
  for (let i = 1; i <= 20; i++) {
    replies += client.ask(`set a ${i}`);
    if (i % 2 === 0) log.tell({ safePosition: i - 1 });
    replies += client.take();
    assert.ok(replies.length / 5 >= i - 3, `${i}: ${replies.length / 5} replies`);
    assert.ok(replies.length / 5 <= log.safePosition);
  }
  log.tell({ safePosition: 20 });
  assert.equal((replies + client.take()).length, 20 * 5);
});

test('while the disk refuses, writers wait, readers and listeners do not', async () => {
  const { kit, log } = await openKit();
  const [writer, reader, listener] = [kit.connect(), kit.connect(), kit.connect()];
  listener.ask('subscribe news');
  assert.equal(writer.ask('set a 1'), '');
  assert.equal(reader.ask('get a', 'publish news x'), '');
  assert.equal(listener.take(), '');
  log.tell({ isTroubled: true });
  assert.equal(reader.take(), '$1\r\n1\r\n:1\r\n');
  assert.match(listener.take(), /message/);
  assert.equal(reader.ask('get a'), '$1\r\n1\r\n');
  assert.equal(writer.take() + writer.ask('get a'), '');
  log.tell({ safePosition: 1, isTroubled: false });
  assert.equal(writer.take(), '+OK\r\n$1\r\n1\r\n');
});

test('a transaction is answered when all of it is safe', async () => {
  const { kit, log } = await openKit();
  const client = kit.connect({ fragmentation: 'whole' });
  assert.equal(client.ask('multi', 'set a 1', 'incr a'), '+OK\r\n+QUEUED\r\n+QUEUED\r\n');
  assert.equal(client.ask('exec'), '');
  log.tell({ safePosition: 1 });
  assert.equal(client.take(), '');
  log.tell({ safePosition: 2 });
  assert.equal(client.take(), '*2\r\n+OK\r\n:2\r\n');
});

test('a client served by the write of another waits for that write', async () => {
  const { kit, log } = await openKit();
  const [waiter, writer] = [kit.connect(), kit.connect()];
  assert.equal(waiter.ask('blpop list 0'), '');
  assert.equal(writer.ask('rpush list x'), '');
  assert.equal(waiter.take(), '');
  log.tell({ isTroubled: true });
  assert.equal(waiter.take(), '', 'it has taken the element');
  log.tell({ safePosition: log.position, isTroubled: false });
  assert.equal(waiter.take(), '*2\r\n$4\r\nlist\r\n$1\r\nx\r\n');
  assert.equal(writer.take(), ':1\r\n');
  assert.equal(waiter.ask('ping'), '+PONG\r\n');
});

test('nothing is pushed behind the error that ends a connection', async () => {
  const { kit, log } = await openKit();
  const [broken, other] = [kit.connect({ fragmentation: 'whole' }), kit.connect()];
  broken.ask('hello 3', 'subscribe news');
  assert.equal(broken.ask('set a 1'), '');
  broken.peer.send(Buffer.from('*1\r\n!\r\n'));
  kit.world.runUntilIdle();
  other.send('publish news x');
  kit.world.runUntilIdle();
  log.tell({ safePosition: log.position });
  assert.match(broken.take(), /^\+OK\r\n-ERR Protocol error[^\n]*\n$/);
  assert.equal(broken.isClosed, true);
});

test('WAIT answers behind the write that it follows', async () => {
  const { kit, log } = await openKit();
  const client = kit.connect({ fragmentation: 'whole' });
  assert.equal(client.ask('set a 1', 'wait 1 50'), '');
  kit.advance(60);
  assert.equal(client.take(), '');
  log.tell({ safePosition: 1 });
  assert.equal(client.take(), '+OK\r\n:0\r\n');
});

test('while the disk is slow, who has written is not read; others are', async () => {
  const { kit, log } = await openKit();
  const [writer, reader] = [
    kit.connect({ fragmentation: 'whole' }),
    kit.connect({ fragmentation: 'whole' }),
  ];
  log.isSlow = true;
  kit.node.loop.barrier = {
    get isRaised() {
      return log.position > log.safePosition;
    },
    flush() {
      log.safePosition = log.position;
    },
  };
  assert.equal(writer.ask('set a 1'), '+OK\r\n', 'written: safe by everysec');
  assert.equal(writer.ask('set a 2'), '');
  assert.equal(reader.ask('get a'), '$1\r\n1\r\n');
  log.tell({});
  assert.equal(writer.take(), '', 'it is still slow');
  log.tell({ isSlow: false });
  assert.equal(writer.take(), '+OK\r\n');
  assert.equal(reader.ask('get a'), '$1\r\n2\r\n');
});

test('more replies than a client may have unread are held, then all sent', async () => {
  const { kit, log } = await openKit();
  const client = kit.connect({ fragmentation: 'whole' });
  const value = 'x'.repeat(1_000_000);
  client.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${value.length}\r\n${value}`);
  kit.world.runUntilIdle();
  for (let i = 0; i < 80; i++) client.send('get k');
  kit.world.runUntilIdle();
  assert.equal(client.take(), '');
  log.tell({ safePosition: 1 });
  let byteCount = 0;
  for (let i = 0; i < 100; i++) {
    byteCount += client.take().length;
    kit.world.runUntilIdle();
  }
  assert.equal(byteCount, 5 + 80 * (value.length + 12));
});

test('a mark passes when all before it have, whichever store they are of', () => {
  const safety = () => ({ position: 5, safePosition: 0, isTroubled: false, isSlow: false });
  const [left, right] = [safety(), safety()];
  const hold = new ReplyHold();
  hold.note(left as never, true, 0);
  hold.note(right as never, true, 10);
  hold.note(left as never, true, 20);
  assert.equal(hold.passed(), 0);
  right.safePosition = 5;
  assert.equal(hold.passed(), 0);
  left.safePosition = 4;
  assert.equal(hold.passed(), 0);
  left.position = 9;
  hold.note(left as never, true, 30);
  left.safePosition = 5;
  assert.equal(hold.passed(), 30);
  hold.shift(30);
  assert.equal(hold.passed(), 0);
  left.safePosition = 9;
  assert.equal(hold.passed(), Number.POSITIVE_INFINITY);
  assert.equal(hold.isWaiting, false);
});

test('in whatever pieces commands come, replies are whole, in order, and never early', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const { kit, log } = await openKit();
    const draw = seededDraws(seed);
    const client = kit.connect({ fragmentation: 'whole' });
    const other = kit.connect({ fragmentation: 'whole' });
    const sent: { reply: string; position: number }[] = [];
    let received = '';
    const checkReceived = (): void => {
      received += client.take();
      const safe = sent.filter((one) => one.position <= log.safePosition);
      const safeBytes = safe.reduce((sum, one) => sum + one.reply.length, 0);
      assert.ok(received.length <= safeBytes, `seed ${seed}: ${received.length} > ${safeBytes}`);
    };
    for (let step = 0; step < 60; step++) {
      const value = 'v'.repeat(1 + draw(9) ** 4);
      const bulk = `$${value.length}\r\n${value}\r\n`;
      const [command, reply] =
        draw(2) === 0
          ? [`*3\r\n$3\r\nSET\r\n$1\r\na\r\n${bulk}`, '+OK\r\n']
          : [`*2\r\n$4\r\nECHO\r\n${bulk}`, bulk];
      const cut = draw(2) === 0 ? 0 : 1 + draw(command.length - 1);
      for (const [i, piece] of [command.slice(0, cut), command.slice(cut)].entries()) {
        if (draw(3) === 0) other.ask(`set b ${step}`);
        client.peer.send(Buffer.from(piece));
        kit.world.runUntilIdle();
        if (i === 1) sent.push({ reply, position: log.position });
        checkReceived();
        const safePosition = Math.max(log.safePosition, log.position - draw(3));
        if (draw(2) === 0) log.tell({ safePosition });
        checkReceived();
      }
    }
    log.tell({ safePosition: log.position });
    received += client.take();
    assert.equal(received, sent.map((one) => one.reply).join(''), `seed ${seed}`);
  }
});
