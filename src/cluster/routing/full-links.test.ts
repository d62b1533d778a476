import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../base/limits.ts';
import { createRoutingKit } from '../../testing/routing-kit.ts';

const MIB = 1024 * 1024;

test('replies to one node are bounded: its commands wait until some have left', async () => {
  const kit = await createRoutingKit(2);
  const [owner, other] = kit.nodes;
  const client = kit.connect(1);
  const value = `${'\0'.repeat(MIB - 1)}v`;
  assert.equal(client.ask(`setrange k ${MIB - 1} v`), `:${MIB}\r\n`);
  let longestBytes = 0;
  const receive = other.bus.receive.bind(other.bus);
  other.bus.receive = (from, message) => {
    longestBytes = Math.max(longestBytes, message.length);
    receive(from, message);
  };
  const count = 30;
  client.client.send(...Array.from({ length: count }, () => 'getex k persist'));
  let replies = client.take();
  assert.ok(replies.length < count * MIB);
  for (let i = 0; i < count && replies.length < count * MIB; i++) {
    kit.advance(LIMITS.forwardRetryMs);
    replies += client.take();
  }
  assert.equal(replies, `$${MIB}\r\n${value}\r\n`.repeat(count));
  assert.ok(longestBytes < LIMITS.proxiedReplyBytesMax + 2 * MIB, `${longestBytes}`);
  assert.equal(owner.router.pendingCount, 0);
  await kit.stop();
});

test('commands of a node whose link is full wait, those of others do not', async () => {
  const kit = await createRoutingKit(3);
  const [owner] = kit.nodes;
  const peer = owner.bus.find('node-2');
  assert.ok(peer !== null);
  peer.queuedBytes = LIMITS.proxiedReplyBytesMax + 1;
  const [slow, quick, local] = [kit.connect(1), kit.connect(2), kit.connect(0)];
  assert.equal(slow.ask('incr n', 'incr n'), '');
  assert.equal(quick.ask('incr n'), ':1\r\n');
  assert.equal(local.ask('incr n'), ':2\r\n');
  kit.advance(5 * LIMITS.forwardRetryMs);
  assert.equal(slow.take(), '');
  peer.queuedBytes = 0;
  kit.advance(LIMITS.forwardRetryMs);
  assert.equal(slow.take(), ':3\r\n:4\r\n');
  await kit.stop();
});
