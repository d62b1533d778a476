import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodeKit } from '../testing/node-kit.ts';

/** Arrays, pushes and bulks of `parts`, as the wire has them. */
function aggregate(head: string, ...parts: (string | number)[]): string {
  const encoded = parts.map((part) =>
    typeof part === 'number' ? `:${part}\r\n` : `$${part.length}\r\n${part}\r\n`,
  );
  return `${head}${parts.length}\r\n${encoded.join('')}`;
}

test('a message reaches channels and patterns, each subscriber in its own protocol', async () => {
  const kit = await createNodeKit();
  const [old, modern, publisher] = [kit.connect(), kit.connect(), kit.connect()];
  assert.equal(
    old.ask('subscribe a b', 'psubscribe a*'),
    aggregate('*', 'subscribe', 'a', 1) +
      aggregate('*', 'subscribe', 'b', 2) +
      aggregate('*', 'psubscribe', 'a*', 3),
  );
  modern.ask('hello 3');
  assert.equal(modern.ask('subscribe a'), aggregate('>', 'subscribe', 'a', 1));
  assert.equal(publisher.ask('publish a hi', 'publish nobody hi'), ':3\r\n:0\r\n');
  assert.equal(
    old.take(),
    aggregate('*', 'message', 'a', 'hi') + aggregate('*', 'pmessage', 'a*', 'a', 'hi'),
  );
  assert.equal(modern.take(), aggregate('>', 'message', 'a', 'hi'));
});

test('names are bytes: what is no UTF-8 passes unchanged', async () => {
  const kit = await createNodeKit();
  const [listener, publisher] = [kit.connect(), kit.connect()];
  const name = '\xff\x00\xe9';
  listener.peer.send(Buffer.from(`*2\r\n$9\r\nSUBSCRIBE\r\n$3\r\n${name}\r\n`, 'latin1'));
  assert.equal(listener.take(), aggregate('*', 'subscribe', name, 1));
  const message = Buffer.from(
    `*3\r\n$7\r\nPUBLISH\r\n$3\r\n${name}\r\n$2\r\n\xc3\x28\r\n`,
    'latin1',
  );
  publisher.peer.send(message);
  assert.equal(publisher.take(), ':1\r\n');
  assert.equal(listener.take(), aggregate('*', 'message', name, '\xc3\x28'));
});

test('shard channels are apart from channels of the same name', async () => {
  const kit = await createNodeKit();
  const [listener, publisher] = [kit.connect(), kit.connect()];
  listener.ask('hello 3');
  assert.equal(
    listener.ask('subscribe x', 'ssubscribe x'),
    aggregate('>', 'subscribe', 'x', 1) + aggregate('>', 'ssubscribe', 'x', 1),
  );
  assert.equal(publisher.ask('spublish x one', 'publish x two'), ':1\r\n:1\r\n');
  assert.equal(
    listener.take(),
    aggregate('>', 'smessage', 'x', 'one') + aggregate('>', 'message', 'x', 'two'),
  );
  assert.equal(publisher.ask('pubsub channels', 'pubsub shardchannels').length, 2 * 11);
  assert.equal(listener.ask('sunsubscribe'), aggregate('>', 'sunsubscribe', 'x', 0));
  assert.equal(
    publisher.ask('spublish x three', 'pubsub shardnumsub x'),
    ':0\r\n' + '*2\r\n$1\r\nx\r\n:0\r\n',
  );
});

test('a RESP2 listener may only manage its subscriptions, until it has none', async () => {
  const kit = await createNodeKit();
  const client = kit.connect();
  client.ask('subscribe a');
  assert.match(client.ask('get a'), /^-ERR Can't execute 'get': only \(P\|S\)SUBSCRIBE/);
  assert.equal(
    client.ask('ping', 'ping x'),
    aggregate('*', 'pong', '') + aggregate('*', 'pong', 'x'),
  );
  assert.equal(client.ask('unsubscribe'), aggregate('*', 'unsubscribe', 'a', 0));
  assert.equal(
    client.ask('get a', 'unsubscribe'),
    '$-1\r\n*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n',
  );
});

test('a message that a client sends to itself stands where it was sent', async () => {
  const kit = await createNodeKit();
  const client = kit.connect({ fragmentation: 'whole' });
  client.ask('hello 3', 'subscribe a');
  assert.equal(
    client.ask('ping', 'publish a x', 'ping'),
    `+PONG\r\n${aggregate('>', 'message', 'a', 'x')}:1\r\n+PONG\r\n`,
  );
});

test('who goes or resets is forgotten', async () => {
  const kit = await createNodeKit();
  const { pubsub } = kit.node.services;
  const [gone, reset, killed] = [kit.connect(), kit.connect(), kit.connect()];
  for (const client of [gone, reset, killed])
    client.ask('subscribe a', 'psubscribe b*', 'ssubscribe c');
  assert.equal(pubsub.subscriberCount('a', 'channel'), 3);
  gone.peer.reset();
  reset.ask('reset');
  kit.connect().ask('client kill type pubsub');
  assert.equal(pubsub.subscriberCount('a', 'channel'), 0);
  assert.deepEqual([pubsub.channelCount, pubsub.patternCount, pubsub.shardChannelCount], [0, 0, 0]);
  assert.equal(reset.ask('ping'), '+PONG\r\n');
});

test('a listener that does not read is closed, and the publisher does not wait', async () => {
  const kit = await createNodeKit();
  kit.configure('client-output-buffer-limit', 'pubsub 1mb 0 0');
  const [listener, publisher] = [kit.connect({ windowBytes: 0 }), kit.connect()];
  listener.ask('subscribe a');
  const message = 'm'.repeat(10_000);
  let replies = '';
  for (let i = 0; i < 200; i++) replies += publisher.ask(`publish a ${message}`);
  assert.equal(listener.isClosed, true);
  const heardCount = replies.split(':1\r\n').length - 1;
  assert.ok(heardCount > 90 && heardCount < 120, `${heardCount}`);
  assert.deepEqual(kit.complaints, ['client-closed']);
});

test('PUBSUB CHANNELS matches globs, NUMSUB counts, NUMPAT counts patterns once', async () => {
  const kit = await createNodeKit();
  const [one, two, asker] = [kit.connect(), kit.connect(), kit.connect()];
  one.ask('subscribe news.tech news.art', 'psubscribe n*');
  two.ask('subscribe news.tech', 'psubscribe n* x*');
  assert.equal(asker.ask('pubsub channels *.t*'), '*1\r\n$9\r\nnews.tech\r\n');
  assert.equal(
    asker.ask('pubsub numsub news.tech none'),
    '*4\r\n$9\r\nnews.tech\r\n:2\r\n$4\r\nnone\r\n:0\r\n',
  );
  assert.equal(asker.ask('pubsub numpat'), ':2\r\n');
});
