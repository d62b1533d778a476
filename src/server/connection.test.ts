import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AssertionFailure } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Execute } from '../commands/command-row.ts';
import type { Command } from '../commands/command-table.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import { createNodeKit, type NodeKit } from '../testing/node-kit.ts';

test('replies come in the order of the commands, however the bytes are cut', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const kit = await createNodeKit({ seed });
    const client = kit.connect({ fragmentation: seed % 3 === 0 ? 'bytes' : 'seeded' });
    let expected = '';
    for (let i = 0; i < 200; i++) {
      if (i % 2 === 0) client.send(`echo message${i}`);
      else client.peer.send(`*2\r\n$4\r\nECHO\r\n$${`message${i}`.length}\r\nmessage${i}\r\n`);
      expected += `$${`message${i}`.length}\r\nmessage${i}\r\n`;
    }
    assert.equal(client.take(), expected, `seed ${seed}`);
  }
});

test('a turn ends when its budget of commands is spent, and the others come first', async () => {
  const kit = await createNodeKit();
  const hog = kit.connect({ fragmentation: 'whole' });
  const other = kit.connect({ fragmentation: 'whole' });
  kit.world.step();
  const pingCount = 10_000;
  hog.send(...new Array(pingCount).fill('ping'));
  kit.world.step();
  assert.equal(hog.peer.take().length / 7, LIMITS.turnCommandCountMax);
  other.send('ping');
  kit.world.step();
  // A small read is executed at the end of its turn, before what others have left over.
  kit.world.step();
  assert.equal(other.peer.takeText(), '+PONG\r\n');
  // Each step holds at most the turn for what was read and the turns of one slice for what was
  // left.
  const hogReplyCount = hog.peer.take().length / 7;
  assert.ok(hogReplyCount < pingCount - LIMITS.turnCommandCountMax);
  kit.world.runUntilIdle();
  assert.equal(hog.peer.received().length / 7, pingCount);
});

test('suspended clients go on in a circle while each slice ends by its time', async () => {
  const kit = await createNodeKit();
  const hogs = [1, 2, 3, 4, 5].map(() => kit.connect({ fragmentation: 'whole' }));
  for (const hog of hogs) hog.ask('ping');
  let nowMs = 0;
  kit.world.clock.monotonicMs = () => {
    nowMs += 0.1;
    return nowMs;
  };
  for (const hog of hogs) hog.send(...new Array(10_000).fill('ping'));
  const pingCounts = () => hogs.map((hog) => hog.peer.received().length / 7 - 1);
  let widestGap = 0;
  for (let step = 0; step < 400; step++) {
    kit.world.step();
    const counts = pingCounts();
    widestGap = Math.max(widestGap, Math.max(...counts) - Math.min(...counts));
  }
  assert.deepEqual(pingCounts(), [10_000, 10_000, 10_000, 10_000, 10_000]);
  assert.ok(widestGap <= 2 * LIMITS.turnCommandCountMax, `${widestGap}`);
});

test('a turn ends when its replies reach their budget of bytes', async () => {
  const kit = await createNodeKit();
  const client = kit.connect({ fragmentation: 'whole' });
  const value = 'x'.repeat(100_000);
  assert.equal(client.ask(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${value.length}\r\n${value}`), '+OK\r\n');
  // Longer than what is gathered: executed when it is read, not when the loop turn ends.
  client.send(...new Array(20).fill(`get k${' '.repeat(500)}`));
  kit.world.step();
  // Three replies pass 256 KiB.
  assert.equal(client.peer.take().length, 3 * (value.length + 11));
  assert.equal(client.take().length, 17 * (value.length + 11));
});

test('a client that does not read is neither read nor served above the mark', async () => {
  const kit = await createNodeKit();
  const client = kit.connect({ fragmentation: 'whole', windowBytes: 1000 });
  const valueBytes = 8 * 1024 * 1024;
  client.peer.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${valueBytes}\r\n`);
  client.peer.send(Buffer.alloc(valueBytes, 'v'));
  assert.equal(client.ask(''), '+OK\r\n');
  client.peer.isReading = false;
  client.send(...new Array(30).fill('get k'));
  kit.world.runUntilIdle();
  const [connection] = kit.node.clients.connections;
  assert.ok(connection.outputBytes > LIMITS.outputBytesHigh);
  assert.ok(connection.outputBytes <= LIMITS.outputBytesHigh + 2 * valueBytes);
  assert.ok(connection.queryBytes > 0, 'the commands behind wait');
  client.peer.windowBytes = Number.POSITIVE_INFINITY;
  client.peer.isReading = true;
  assert.equal(client.take().length, 30 * (valueBytes + '$8388608\r\n\r\n'.length));
  assert.equal(connection.outputBytes, 0);
  assert.equal(client.ask('ping'), '+PONG\r\n');
});

test('output above the hard limit closes, above the soft limit after its time', async () => {
  const kit = await createNodeKit();
  kit.configure('client-output-buffer-limit', 'normal 500000 200000 10');
  const writer = kit.connect();
  const value = 'v'.repeat(100_000);
  writer.ask(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${value.length}\r\n${value}`);
  const hard = kit.connect({ windowBytes: 0 });
  hard.send(...new Array(6).fill('get k'));
  assert.equal(hard.isClosed, true);
  const soft = kit.connect({ windowBytes: 0 });
  soft.send(...new Array(3).fill('get k'));
  assert.equal(soft.isClosed, false);
  kit.advance(9_000);
  assert.equal(soft.isClosed, false);
  kit.advance(3_000);
  assert.equal(soft.isClosed, true);
  assert.deepEqual(kit.complaints, ['client-closed', 'client-closed']);
  assert.equal(kit.node.services.counters[METRIC.outputBufferDisconnections], 2);
});

test('QUIT answers, closes, and what stands behind it is not executed', async () => {
  const kit = await createNodeKit();
  const client = kit.connect({ fragmentation: 'whole' });
  client.send('set a 1', 'quit', 'set a 2');
  assert.equal(client.take(), '+OK\r\n+OK\r\n');
  assert.equal(client.isClosed, true);
  assert.equal(kit.node.clients.count, 0);
  assert.equal(kit.connect().ask('get a'), '$1\r\n1\r\n');
});

test('a client that sends no more still gets its answers', async () => {
  const kit = await createNodeKit();
  const client = kit.connect({ fragmentation: 'whole' });
  client.send(...new Array(5000).fill('ping'));
  client.peer.end();
  assert.equal(client.take().length, 5000 * 7);
  assert.equal(client.isClosed, true);
  assert.equal(kit.world.network.openSocketCount, 0);
});

test('a protocol error is answered in its place and closes', async () => {
  const kit = await createNodeKit();
  const client = kit.connect({ fragmentation: 'whole' });
  client.send('ping', '*x', 'ping');
  assert.equal(client.take(), '+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n');
  assert.equal(client.isClosed, true);
  assert.equal(kit.node.services.counters[METRIC.protocolErrors], 1);
});

test('a browser that is made to speak to the port is cut off without an answer', async () => {
  for (const line of ['POST / HTTP/1.1', 'Host: example.org', 'GET /x HTTP/1.1']) {
    const kit = await createNodeKit();
    const client = kit.connect();
    client.send(line, 'set a 1');
    assert.equal(client.take(), '', line);
    assert.equal(client.isClosed, true);
    assert.deepEqual(kit.complaints, ['client-closed']);
    assert.equal(kit.connect().ask('get a'), '$-1\r\n');
  }
});

test('input beyond client-query-buffer-limit closes', async () => {
  const kit = await createNodeKit();
  kit.configure('client-query-buffer-limit', '1048576');
  const client = kit.connect({ fragmentation: 'whole' });
  client.peer.send(`*2\r\n$4\r\nECHO\r\n$2000000\r\n${'x'.repeat(1_900_000)}`);
  assert.equal(client.isClosed, true);
  assert.equal(kit.node.services.counters[METRIC.queryBufferDisconnections], 1);
});

function replaceCommand(kit: NodeKit, name: string, execute: Execute): void {
  const command = kit.node.services.table.find(name) as { execute: Command['execute'] };
  command.execute = execute;
}

test('an exception before the first change closes that client only', async () => {
  const kit = await createNodeKit();
  replaceCommand(kit, 'strlen', () => {
    throw new TypeError('a defect');
  });
  const other = kit.connect();
  const client = kit.connect({ fragmentation: 'whole' });
  client.send('ping', 'strlen a', 'ping');
  assert.equal(client.take(), '+PONG\r\n');
  assert.equal(client.isClosed, true);
  assert.equal(other.ask('ping'), '+PONG\r\n');
  assert.deepEqual(kit.complaints, ['command-failed']);
  assert.equal(kit.node.services.counters[METRIC.unexpectedErrors], 1);
  assert.equal(kit.node.failure, null);
});

test('an exception after a change, or a broken rule of ours, stops the node', async () => {
  const set = (kit: NodeKit) => kit.node.services.table.find('set')?.execute as Execute;
  const failures: ((kit: NodeKit) => Execute)[] = [
    (kit) => {
      const execute = set(kit);
      return (session, frame, reply) => {
        execute(session, frame, reply);
        throw new TypeError('a defect behind a change');
      };
    },
    () => () => {
      throw new AssertionFailure('a rule of ours');
    },
  ];
  for (const failure of failures) {
    const kit = await createNodeKit();
    const other = kit.connect();
    const client = kit.connect();
    replaceCommand(kit, 'set', failure(kit));
    client.send('set a 1', 'ping');
    assert.equal(client.take(), '');
    other.send('ping');
    kit.advance(10);
    assert.equal(await kit.node.stopped, 1);
    assert.ok(kit.node.failure instanceof Error);
    assert.equal(other.take(), '');
    assert.equal(kit.world.network.openSocketCount, 0);
  }
});

test('CLIENT PAUSE holds commands back and runs them, in order, when it ends', async () => {
  const kit = await createNodeKit();
  const [admin, client] = [kit.connect(), kit.connect({ fragmentation: 'whole' })];
  assert.equal(admin.ask('client pause 1000 write'), '+OK\r\n');
  assert.equal(client.ask('get a', 'set a 1', 'get a'), '$-1\r\n');
  kit.advance(999);
  assert.equal(client.take(), '');
  kit.advance(2);
  assert.equal(client.take(), '+OK\r\n$1\r\n1\r\n');
  admin.ask('client pause 100000');
  const late = kit.connect();
  assert.equal(client.ask('get a') + late.ask('ping'), '');
  kit.node.clients.unpause();
  assert.equal(client.take(), '$1\r\n1\r\n');
});

test('a pause that begins inside a transaction waits until it has ended', async () => {
  const kit = await createNodeKit();
  const client = kit.connect({ fragmentation: 'whole' });
  client.ask('multi', 'client pause 1000', 'set a 1');
  assert.equal(client.ask('exec', 'get a'), '*2\r\n+OK\r\n+OK\r\n');
  kit.advance(1001);
  assert.equal(client.take(), '$1\r\n1\r\n');
});

test('a pause of writes holds back PUBLISH too', async () => {
  const kit = await createNodeKit();
  const [admin, client] = [kit.connect(), kit.connect()];
  admin.ask('client pause 1000 write');
  assert.equal(client.ask('publish a x'), '');
  admin.ask('client unpause');
  assert.equal(client.take(), ':0\r\n');
});

test('a pause holds back an EXEC whose transaction writes', async () => {
  const kit = await createNodeKit();
  const [admin, client] = [kit.connect(), kit.connect()];
  client.ask('multi', 'incr a');
  admin.ask('client pause 1000 write');
  assert.equal(client.ask('exec'), '');
  assert.equal(admin.ask('client unpause'), '+OK\r\n');
  assert.equal(client.take(), '*1\r\n:1\r\n');
});

test('small reads of one turn run together, each answered in order, whoever leaves', async () => {
  const kit = await createNodeKit();
  const clients = Array.from({ length: 40 }, () => kit.connect({ fragmentation: 'whole' }));
  for (let i = 0; i < clients.length; i++) clients[i].send(`set k${i} ${i}`, `get k${i}`);
  clients[3].peer.reset();
  clients[4].send('quit', 'set k4 late');
  clients[5].send('subscribe news');
  clients[6].send('publish news hello', 'get k5');
  kit.world.runUntilIdle();
  const received = clients.map((client) => client.peer.takeText());
  for (let i = 7; i < clients.length; i++) {
    assert.equal(received[i], `+OK\r\n$${String(i).length}\r\n${i}\r\n`);
  }
  assert.equal(received[4], '+OK\r\n$1\r\n4\r\n+OK\r\n');
  assert.equal(
    received[5],
    '+OK\r\n$1\r\n5\r\n*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n' +
      '*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n',
  );
  assert.equal(received[6], '+OK\r\n$1\r\n6\r\n:1\r\n$1\r\n5\r\n');
});
