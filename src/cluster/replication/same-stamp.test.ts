/**
 * Whatever is lost, comes twice or is written in two places at once: nodes that give a key the same
 * stamp hold the same value under it. Everything else rests on that.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandKeys, drawCommand, drawFilling } from '../../testing/random-commands.ts';
import {
  checkPresence,
  createReplicationKit,
  type ReplicationKit,
  type ReplicationNode,
} from '../../testing/replication-kit.ts';
import { type Draw, rounds, seededDraws, seedOfRun } from '../../testing/seeded.ts';

/** Database, key -> stamp, for keys that are there. */
function stampsOf(node: ReplicationNode, told: string): Map<string, string> {
  const stamps = new Map<string, string>();
  for (let index = 0; index < 3; index++) {
    node.run('SELECT', index);
    const table = node.parts.stamps.tableOf(index);
    for (const key of node.run('KEYS', '*') as string[]) {
      const bytes = Buffer.from(key, 'latin1');
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      const slot = table.slotOf(bytes, 0, bytes.length);
      const isKnown = table.find(slot, table.tagOf(view, 0, bytes.length, slot));
      assert.ok(isKnown && !table.isAbsent, `${key} has a stamp on ${node.id}, ${told}`);
      stamps.set(`${index} ${key}`, `${table.high} ${table.low}`);
    }
  }
  checkPresence(node, told);
  return stamps;
}

function checkStamps(kit: ReplicationKit, told: string): number {
  let sameCount = 0;
  const all = kit.nodes.map((node) => stampsOf(node, told));
  for (const [left, first] of kit.nodes.entries()) {
    for (let right = left + 1; right < kit.nodes.length; right++) {
      for (const [name, stamp] of all[left]) {
        if (all[right].get(name) !== stamp) continue;
        sameCount++;
        const [index, key] = [name.slice(0, 1), name.slice(2)];
        const digests = [first, kit.nodes[right]].map((node) => {
          node.run('SELECT', index);
          return node.run('DEBUG', 'DIGEST-VALUE', key);
        });
        const message = `${name} of ${first.id} and ${kit.nodes[right].id}, ${told}`;
        assert.deepEqual(digests[0], digests[1], message);
      }
    }
  }
  return sameCount;
}

const MOVING_SCRIPT =
  "redis.call('SET', KEYS[1], ARGV[1]) " +
  "return redis.call('LMOVE', KEYS[2], KEYS[3], 'LEFT', 'RIGHT')";

function drawMore(draw: Draw, keys: CommandKeys): (string | number)[][] {
  switch (draw(9)) {
    case 0:
      return [['FLUSHDB']];
    case 1:
      return draw(3) === 0 ? [['FLUSHALL']] : [];
    case 2:
      return [['MULTI'], drawCommand(draw, keys), drawCommand(draw, keys), ['EXEC']];
    case 3:
      return [['PFMERGE', keys.of('string'), keys.of('string')]];
    case 4:
      return [['GEOADD', `geo:${draw(3)}`, draw(170), draw(80), `p${draw(40)}`]];
    case 5:
      return [
        ['GEOSEARCHSTORE', `geo:${draw(3)}`, `geo:${draw(3)}`].concat([
          'FROMLONLAT',
          '10',
          '10',
          'BYRADIUS',
          '9000',
          'km',
          'ASC',
        ]),
      ];
    case 6:
      return [['GEORADIUS', `geo:${draw(3)}`, 10, 10, 5000, 'km', 'STORE', `geo:${draw(3)}`]];
    case 7:
      return [['SORT', keys.of('set'), 'ALPHA', 'STORE', keys.of('list')]];
    default:
      return [
        ['EVAL', MOVING_SCRIPT, 3, keys.of('string'), keys.of('list'), keys.of('list'), draw(99)],
      ];
  }
}

function write(node: ReplicationNode, draw: Draw, keys: CommandKeys): void {
  const kind = draw(20);
  const commands =
    kind === 0
      ? drawMore(draw, keys)
      : [kind < 3 ? drawFilling(draw, keys) : drawCommand(draw, keys)];
  for (const [command, ...args] of commands) node.run(command, ...args);
}

/** Something goes wrong between two nodes. */
function disturb(kit: ReplicationKit, draw: Draw): void {
  const from = kit.nodes[draw(kit.nodes.length)].bus;
  const to = kit.nodes[draw(kit.nodes.length)].bus;
  if (from === to) return;
  switch (draw(4)) {
    case 0:
      kit.net.lose(from, to);
      return;
    case 1:
      return kit.net.double(from, to);
    case 2:
      return kit.net.cut(from, to);
    default:
      return kit.net.join(from, to);
  }
}

/** With `TEST_CHECKS=all` the tables are looked at after each step. */
async function play(seed: number, count: number): Promise<number> {
  const draw = seededDraws(seed);
  const kit = await createReplicationKit(3, { seed, aheadMs: [0, draw(400), draw(400)] });
  const keys = new CommandKeys(draw, 4);
  const checksAll = process.env.TEST_CHECKS === 'all';
  const mayDisturb = draw(4) > 0;
  for (let i = 0; i < count; i++) {
    const isOwner = draw(5) > 0;
    write(isOwner ? kit.owner : kit.nodes[draw(3)], draw, keys);
    if (draw(3) === 0) for (const node of kit.nodes) if (draw(2) === 0) node.endTurn();
    for (let left = draw(6); left > 0; left--) kit.net.deliverOne(draw);
    if (mayDisturb && draw(15) === 0) disturb(kit, draw);
    if (draw(40) === 0) kit.elect(`node-${1 + draw(3)}`);
    if (draw(30) === 0) kit.trust();
    if (draw(9) === 0) kit.advance(draw(300));
    if (checksAll)
      for (const node of kit.nodes) checkPresence(node, `step ${i}, TEST_SEED=${seed}`);
  }
  for (let i = 0; i < 4; i++) kit.advance(4000);
  kit.net.joinAll();
  kit.settle(draw);
  for (let i = 0; i < 20; i++) kit.advance(20);
  return checkStamps(kit, `TEST_SEED=${seed}`);
}

test('keys of the same stamp have the same value, whatever happens on the way', async (t) => {
  const first = seedOfRun();
  let sameCount = 0;
  for (let round = 0; round < rounds(6); round++) sameCount += await play(first + round, 300);
  t.diagnostic(`${sameCount} keys compared, TEST_SEED=${first}`);
  assert.ok(sameCount > 0);
});
