import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SILENT_LOGGER } from '../../../base/logger.ts';
import { createSimulatedWorld } from '../../../world/simulated/simulated-world.ts';
import { type Alive, parseAlive, parseDoubt, STATE, SWIM } from '../wire/swim-messages.ts';
import { BroadcastQueue } from './broadcast-queue.ts';
import { createGossipStats } from './gossip-stats.ts';
import { HealthScore } from './health-score.ts';
import { NodeTable } from './node-table.ts';
import { OUR_VERSIONS, Rumours } from './rumours.ts';
import type { SwimEvents } from './swim-events.ts';

const NOTHING = new Uint8Array(0);

function begin() {
  const world = createSimulatedWorld(5);
  const heard: string[] = [];
  const table = new NodeTable(world);
  const queue = new BroadcastQueue();
  const health = new HealthScore();
  const stats = createGossipStats();
  const events: SwimEvents = {
    onAlive: ({ name }) => heard.push(`${name} alive`),
    onChanged: ({ name }) => heard.push(`${name} changed`),
    onGone: ({ name, state }) => heard.push(`${name} ${state === STATE.left ? 'left' : 'dead'}`),
    onConflict: () => {},
    onUserMessage: () => {},
    userState: () => NOTHING,
    mergeUserState: () => {},
    hasNews: () => false,
    takeNews: () => [],
    ackPayload: () => NOTHING,
    onAckPayload: () => {},
    onUnanswered: () => {},
  };
  const rumours = new Rumours({
    world,
    logger: SILENT_LOGGER,
    selfName: 'me',
    table,
    queue,
    health,
    stats,
    events,
    mayReach: (address) => address !== '9.9.9.9',
    onConflict: ({ name }, { address }) => heard.push(`${name} also at ${address}`),
  });
  rumours.introduce(alive('me', 5));
  heard.length = 0;
  takeNews(queue);
  return { world, heard, table, queue, health, stats, rumours };
}

function alive(node: string, incarnation: number, more: Partial<Alive> = {}): Alive {
  const place = { address: '10.0.0.1', port: 7946 };
  return { node, incarnation, ...place, meta: NOTHING, versions: OUR_VERSIONS, ...more };
}

/** What would be told now, in words; afterwards nothing waits. */
function takeNews(queue: BroadcastQueue): string[] {
  const room = { byteCount: 1e6, partBytes: 0, sendCount: 1, to: 'x', peerCount: 1 };
  return queue.take(room).map((message) => {
    if (message[0] === SWIM.alive) {
      const told = parseAlive(message);
      return `alive ${told?.node} ${told?.incarnation}`;
    }
    const told = parseDoubt(message);
    const word = message[0] === SWIM.dead ? 'dead' : 'suspect';
    return `${word} ${told?.node} ${told?.incarnation} from ${told?.from}`;
  });
}

test('news with the higher incarnation win, at the same one the worse', () => {
  const { heard, table, rumours, queue } = begin();
  rumours.hearAlive(alive('a', 3));
  rumours.hearAlive(alive('a', 3, { meta: Uint8Array.of(1) }));
  rumours.hearAlive(alive('a', 2, { meta: Uint8Array.of(2) }));
  assert.deepEqual(heard, ['a alive']);
  rumours.hearSuspect({ node: 'a', incarnation: 2, from: 'b' });
  assert.equal(table.find('a')?.state, STATE.alive);
  rumours.hearSuspect({ node: 'a', incarnation: 3, from: 'b' });
  assert.equal(table.find('a')?.state, STATE.suspect);
  rumours.hearAlive(alive('a', 3));
  assert.equal(table.find('a')?.state, STATE.suspect);
  rumours.hearAlive(alive('a', 4));
  assert.equal(table.find('a')?.state, STATE.alive);
  rumours.hearDead({ node: 'a', incarnation: 3, from: 'b' });
  assert.equal(table.find('a')?.state, STATE.alive);
  rumours.hearDead({ node: 'a', incarnation: 4, from: 'b' });
  rumours.hearDead({ node: 'a', incarnation: 4, from: 'c' });
  rumours.hearAlive(alive('a', 4));
  assert.deepEqual(heard, ['a alive', 'a dead']);
  assert.deepEqual(takeNews(queue), ['dead a 4 from b']);
  rumours.hearAlive(alive('a', 5));
  assert.deepEqual(heard, ['a alive', 'a dead', 'a alive']);
});

test('whoever doubts this node is told otherwise, with a higher incarnation', () => {
  const { rumours, queue, health, stats } = begin();
  rumours.hearSuspect({ node: 'me', incarnation: 4, from: 'b' });
  assert.deepEqual(takeNews(queue), []);
  rumours.hearSuspect({ node: 'me', incarnation: 5, from: 'b' });
  assert.deepEqual(takeNews(queue), ['alive me 6']);
  rumours.hearDead({ node: 'me', incarnation: 9, from: 'b' });
  assert.deepEqual(takeNews(queue), ['alive me 10']);
  rumours.hearDead({ node: 'me', incarnation: 10, from: 'me' });
  assert.deepEqual(takeNews(queue), ['alive me 11']);
  // An older process of this name, with other meta.
  rumours.hearAlive(alive('me', 11, { meta: Uint8Array.of(1) }));
  assert.deepEqual(takeNews(queue), ['alive me 12']);
  rumours.hearAlive(alive('me', 12));
  assert.deepEqual(takeNews(queue), []);
  assert.deepEqual([stats.refutations, health.score], [4, 4]);
});

test('a suspected member is dead when its time is over, and told so', () => {
  const { world, heard, rumours, queue, stats } = begin();
  rumours.hearAlive(alive('a', 3));
  takeNews(queue);
  rumours.hearSuspect({ node: 'a', incarnation: 3, from: 'me' });
  assert.deepEqual(takeNews(queue), ['suspect a 3 from me']);
  world.advance(60_000);
  assert.deepEqual(heard, ['a alive', 'a dead']);
  assert.deepEqual(takeNews(queue), ['dead a 3 from me']);
  assert.equal(stats.suspicions, 1);
});

test('confirmations are passed on, as many as there is use for', () => {
  const { rumours, queue } = begin();
  for (const name of ['a', 'b', 'c', 'd']) rumours.hearAlive(alive(name, 1));
  rumours.hearSuspect({ node: 'a', incarnation: 1, from: 'me' });
  takeNews(queue);
  for (const from of ['b', 'b', 'c', 'd']) {
    rumours.hearSuspect({ node: 'a', incarnation: 1, from });
  }
  assert.deepEqual(takeNews(queue), ['suspect a 1 from c']);
});

test('a farewell is no failure; this node says its own once', () => {
  const { heard, rumours, queue, table } = begin();
  rumours.hearAlive(alive('a', 1));
  rumours.hearDead({ node: 'a', incarnation: 1, from: 'a' });
  assert.deepEqual(heard, ['a alive', 'a left']);
  takeNews(queue);
  let isSpread = false;
  rumours.sayFarewell(() => (isSpread = true));
  assert.deepEqual(takeNews(queue), ['dead me 5 from me']);
  assert.ok(isSpread);
  rumours.hearSuspect({ node: 'me', incarnation: 5, from: 'b' });
  rumours.hearAlive(alive('me', 5));
  assert.deepEqual(takeNews(queue), []);
  assert.equal(table.find('me')?.state, STATE.left);
});

test('an address of a living member is not simply another one; of a dead one it is', () => {
  const { heard, rumours, table } = begin();
  rumours.hearAlive(alive('a', 3));
  rumours.hearAlive(alive('a', 9, { address: '10.0.0.2' }));
  assert.deepEqual(heard, ['a alive', 'a also at 10.0.0.2']);
  assert.equal(table.find('a')?.address, '10.0.0.1');
  rumours.hearDead({ node: 'a', incarnation: 3, from: 'b' });
  // Its clock may have been set back: it is a new process all the same.
  rumours.hearAlive(alive('a', 1, { address: '10.0.0.2' }));
  assert.equal(table.find('a')?.address, '10.0.0.2');
  assert.deepEqual(heard.slice(2), ['a dead', 'a alive']);
});

test('what another node believes dead is only suspected', () => {
  const { rumours, table } = begin();
  rumours.hearAlive(alive('a', 3));
  rumours.hearRecord({ ...alive('a', 3), state: STATE.dead });
  assert.equal(table.find('a')?.state, STATE.suspect);
  rumours.hearRecord({ ...alive('a', 3), state: STATE.left });
  assert.equal(table.find('a')?.state, STATE.left);
});

test('news of whom nobody can reach, or who makes no sense, are left out', () => {
  const { rumours, table } = begin();
  rumours.hearAlive(alive('a', 3, { address: '9.9.9.9' }));
  rumours.hearAlive(alive('b', 3, { versions: Uint8Array.of(3, 2, 2, 2, 5, 5) }));
  rumours.hearAlive(alive('c', 3, { versions: Uint8Array.of(0, 5, 2, 2, 5, 5) }));
  rumours.hearSuspect({ node: 'd', incarnation: 1, from: 'b' });
  rumours.hearDead({ node: 'd', incarnation: 1, from: 'b' });
  assert.equal(table.count, 1);
});

test('new meta is told with a higher incarnation', () => {
  const { rumours, queue, heard } = begin();
  rumours.describe(Uint8Array.of(1, 2));
  assert.deepEqual(takeNews(queue), ['alive me 6']);
  assert.deepEqual(heard, ['me changed']);
});
