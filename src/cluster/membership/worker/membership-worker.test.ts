import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SILENT_LOGGER } from '../../../base/logger.ts';
import type { Timers, Worker, World } from '../../../base/world.ts';
import { createCounters, METRIC } from '../../../observability/metrics/metric-table.ts';
import {
  CLUSTER_KEY,
  createGossipKit,
  GOSSIP_PORT,
  type GossipKit,
  memberOf,
} from '../../../testing/gossip-kit.ts';
import type { SimulatedWorld } from '../../../world/simulated/simulated-world.ts';
import type { GossipQuery, Membership } from '../membership.ts';
import { createMembership } from './membership-worker.ts';
import { serveMembership } from './serve-membership.ts';

interface Threaded {
  readonly membership: Membership;
  readonly world: SimulatedWorld;
  readonly heard: string[];
  readonly counters: Float64Array;
  readonly failures: unknown[];
  onQuery: ((query: GossipQuery) => void) | null;
  /** Timers of the main thread do not come. */
  isStalled: boolean;
  /** As a mistake in the thread would. */
  breakThread(failure: Error): void;
}

/** On a machine with threads: what is posted is copied, and comes at the end of the turn. */
function startThreaded(kit: GossipKit, seeds: readonly string[]): Threaded {
  const world = kit.fabric.addMachine();
  const heard: string[] = [];
  const failures: unknown[] = [];
  const counters = createCounters();
  let onExit: (failure: Error | null) => void = () => {};
  const startWorker = (name: string, data: unknown): Worker => {
    assert.equal(name, 'membership');
    const pair = createPair(world, data);
    serveMembership(pair.line, world);
    return { ...pair.worker, onExit: (callback) => (onExit = callback) };
  };
  const timers: Timers = {
    after: (delayMs, callback) => world.timers.after(delayMs, callback),
    every: (periodMs, callback) => {
      return world.timers.every(periodMs, () => threaded.isStalled || callback());
    },
    atTurnEnd: (callback) => world.timers.atTurnEnd(callback),
  };
  const membership = createMembership({
    world: { ...world, timers, startWorker } as World,
    logger: SILENT_LOGGER,
    options: {
      nodeId: 'threaded',
      host: world.network.address,
      port: GOSSIP_PORT,
      advertiseHost: '',
      advertisePort: 0,
      clusterKey: CLUSTER_KEY,
      seeds,
      seedDns: '',
      seedDnsPort: 0,
      tags: new Map([['hc', '1']]),
      directory: '',
    },
    counters,
    onFailure: (error) => failures.push(error),
  });
  const threaded: Threaded = {
    membership,
    world,
    heard,
    counters,
    failures,
    onQuery: null,
    isStalled: false,
    breakThread: (failure) => onExit(failure),
  };
  membership.listen({
    onMember: ({ name, status }) => heard.push(`${name} ${status}`),
    onUserEvent: (name, payload) => heard.push(`event ${name} ${Buffer.from(payload)}`),
    onQuery: (query) => threaded.onQuery?.(query),
  });
  return threaded;
}

/** Two ends of a line between threads, in one. */
function createPair(world: SimulatedWorld, data: unknown) {
  const ends = [new End(world), new End(world)];
  const post = (to: End) => (message: unknown) => to.deliver(structuredClone(message));
  const listen = (end: End) => (callback: (message: unknown) => void) => end.listen(callback);
  return {
    worker: {
      post: post(ends[0]),
      onMessage: listen(ends[1]),
      terminate: async () => {},
    },
    line: {
      data,
      post: post(ends[1]),
      onMessage: listen(ends[0]),
      close: () => {
        for (const end of ends) end.isClosed = true;
      },
    },
  };
}

class End {
  isClosed = false;
  private readonly world: SimulatedWorld;
  private callback: (message: unknown) => void = () => {};

  constructor(world: SimulatedWorld) {
    this.world = world;
  }

  listen(callback: (message: unknown) => void): void {
    this.callback = callback;
  }

  deliver(message: unknown): void {
    if (this.isClosed) return;
    this.world.timers.atTurnEnd(() => this.callback(message));
  }
}

async function startBoth(seed: number) {
  const kit = createGossipKit(seed);
  const [first] = await kit.start(['node-1']);
  const threaded = startThreaded(kit, [first.world.network.address]);
  await kit.fabric.await(threaded.membership.start());
  const seen = () => first.membership.members.some(({ name }) => name === 'threaded');
  await kit.fabric.until('the other', seen, 3_000);
  await kit.fabric.pass(1_000);
  return { kit, first, threaded };
}

test('a member in a thread is one like any other', async () => {
  const { kit, first, threaded } = await startBoth(51);
  const { membership, heard } = threaded;
  assert.equal(membership.port, GOSSIP_PORT);
  assert.deepEqual(
    membership.members.map(({ name, status }) => `${name} ${status}`),
    ['threaded alive', 'node-1 alive'],
  );
  assert.deepEqual(heard, ['threaded alive', 'node-1 alive']);
  membership.setTags(new Map([['state', 'ready']]));
  const isReady = () => memberOf(first, 'threaded').tags.get('state') === 'ready';
  await kit.fabric.until('its tags', isReady, 3_000);
  assert.throws(() => membership.setTags(new Map([['x', 'y'.repeat(600)]])));
  first.membership.sendEvent('deploy', Buffer.from('v1'));
  membership.sendEvent('flush', Buffer.from('all'));
  assert.throws(() => membership.sendEvent('long', Buffer.alloc(600)));
  await kit.fabric.pass(3_000);
  assert.deepEqual(first.events.toSorted(), ['deploy v1', 'flush all']);
  assert.ok(heard.includes('event deploy v1') && heard.includes('event flush all'));
});

test('queries go through the thread both ways', async () => {
  const { kit, first, threaded } = await startBoth(52);
  first.onQuery = (query) => query.respond(Buffer.from(`1 ${Buffer.from(query.payload)}`));
  threaded.onQuery = (query) => query.respond(Buffer.from(`2 ${Buffer.from(query.payload)}`));
  for (const { membership } of [first, threaded]) {
    const answers = await kit.fabric.await(membership.ask('who', Buffer.from('x'), 3_000));
    const texts = [...answers].map(([name, bytes]) => `${name} ${Buffer.from(bytes)}`).sort();
    assert.deepEqual(texts, ['node-1 1 x', 'threaded 2 x']);
  }
  const long = threaded.membership.ask('who', Buffer.alloc(2_000), 100);
  await assert.rejects(kit.fabric.await(long), { code: 'UNSUPPORTED' });
});

test('its figures come to the counters of the node', async () => {
  const { kit, threaded } = await startBoth(53);
  await kit.fabric.pass(10_000);
  const { counters, membership } = threaded;
  assert.equal(counters[METRIC.gossipMembersAlive], 2);
  assert.ok(counters[METRIC.gossipPacketsSent] >= 10);
  assert.ok(Math.abs(counters[METRIC.gossipBytesSent] - membership.stats.sentBytes) < 1_000);
  counters.fill(0);
  await kit.fabric.pass(3_000);
  assert.ok(counters[METRIC.gossipPacketsSent] <= 12, 'CONFIG RESETSTAT holds');
});

test('leaving tells the others, and leaves nothing behind', async () => {
  const { kit, first, threaded } = await startBoth(54);
  await kit.fabric.await(threaded.membership.leave());
  assert.equal(memberOf(first, 'threaded').status, 'left');
  threaded.membership.stop();
  const { world } = threaded;
  await kit.fabric.pass(5_000);
  assert.equal(world.network.openSocketCount, 0);
});

test('a port that is taken refuses the start', async () => {
  const { kit } = await startBoth(55);
  const again = startThreaded(kit, []);
  const place = { host: again.world.network.address, port: GOSSIP_PORT };
  await again.world.network.bindDatagram(place, () => {});
  await assert.rejects(kit.fabric.await(again.membership.start()), { code: 'PORT_REFUSED' });
});

test('a mistake in the thread is the end of the node, and questions end', async () => {
  const { kit, threaded } = await startBoth(56);
  const asked = threaded.membership.ask('who', Buffer.from('x'), 60_000);
  const failure = new Error('a mistake');
  threaded.breakThread(failure);
  assert.deepEqual(threaded.failures, [failure]);
  assert.equal((await kit.fabric.await(asked)).size, 0);
});

test('who has a stalled main thread says so, and is not taken for dead', async () => {
  const { kit, first, threaded } = await startBoth(57);
  threaded.isStalled = true;
  await kit.fabric.until('busy', () => memberOf(first, 'threaded').isBusy, 5_000);
  assert.equal(memberOf(first, 'threaded').status, 'alive');
  threaded.isStalled = false;
  await kit.fabric.until('idle', () => !memberOf(first, 'threaded').isBusy, 5_000);
});

test('whether a member is busy is told at once to who asks, and not after it is gone', async () => {
  const { kit, first, threaded } = await startBoth(58);
  threaded.isStalled = true;
  await kit.fabric.pass(500);
  first.membership.check('threaded');
  await kit.fabric.pass(50);
  assert.equal(memberOf(first, 'threaded').isBusy, true);
  kit.fabric.wire.isolate(threaded.world.network.address);
  first.membership.check('threaded');
  await kit.fabric.pass(1_100);
  assert.equal(memberOf(first, 'threaded').isBusy, false);
  assert.equal(memberOf(first, 'threaded').status, 'alive');
});
