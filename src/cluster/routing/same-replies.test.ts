import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodeKit } from '../../testing/node-kit.ts';
import { CommandKeys, drawCommand, drawFilling } from '../../testing/random-commands.ts';
import { encodeCommand } from '../../testing/reply-decoder.ts';
import { createRoutingKit } from '../../testing/routing-kit.ts';
import { type Draw, rounds, seededDraws, seedOfRun } from '../../testing/seeded.ts';

/**
 * Reads whose reply does not follow from how a node hashes, nor, as DBSIZE, from who came by a key
 * that has expired.
 */
const READS: readonly ((keys: CommandKeys) => (string | number)[])[] = [
  (keys) => ['GET', keys.of('string')],
  (keys) => ['STRLEN', keys.of('string')],
  (keys) => ['LRANGE', keys.of('list'), 0, -1],
  (keys) => ['ZRANGE', keys.of('zset'), 0, -1, 'WITHSCORES'],
  (keys) => ['XLEN', keys.of('stream')],
  (keys) => ['SCARD', keys.of('set')],
  (keys) => ['HLEN', keys.of('hash')],
  (keys) => ['TYPE', keys.any()],
  () => ['PING'],
  () => ['NONSENSE', 'x'],
  () => ['CLIENT', 'GETNAME'],
];

function drawPipeline(draw: Draw, keys: CommandKeys): Uint8Array {
  const commands: (string | number)[][] = [];
  const isTransaction = draw(5) === 0;
  if (isTransaction && draw(2) === 0) commands.push(['WATCH', keys.any()]);
  if (isTransaction) commands.push(['MULTI']);
  const count = 1 + draw(draw(4) === 0 ? 40 : 5);
  for (let i = 0; i < count; i++) {
    const isRead = draw(3) === 0;
    if (isRead && !isTransaction) commands.push(READS[draw(READS.length)](keys));
    else if (isRead) commands.push(READS[draw(READS.length - 2)](keys));
    else commands.push(draw(25) === 0 ? drawFilling(draw, keys) : drawCommand(draw, keys));
  }
  if (isTransaction) commands.push([draw(6) === 0 ? 'DISCARD' : 'EXEC']);
  return Buffer.concat(commands.map(encodeCommand));
}

/** The first line in which they differ, and what stands around it. */
function tell(given: string, wanted: string): string {
  const [left, right] = [given.split('\r\n'), wanted.split('\r\n')];
  const first = left.findIndex((line, i) => line !== right[i]);
  const around = (lines: string[]) =>
    JSON.stringify(lines.slice(Math.max(0, first - 5), first + 3));
  return `line ${first}: ${around(left).slice(0, 500)} for ${around(right).slice(0, 500)}`;
}

test('through another node each command answers what a node alone answers', async () => {
  const seed = seedOfRun();
  const draw = seededDraws(seed);
  const alone = await createNodeKit({ seed: 1 });
  const kit = await createRoutingKit(3);
  const clients = [kit.connect(1), kit.connect(2)];
  const plains = clients.map(() => alone.connect({ fragmentation: 'whole' }));
  const keys = new CommandKeys(draw, 5);
  for (let i = 0; i < rounds(400); i++) {
    const bytes = drawPipeline(draw, keys);
    const which = draw(clients.length);
    plains[which].peer.send(bytes);
    const wanted = plains[which].take();
    const given = clients[which].askRaw(bytes);
    if (given !== wanted) assert.fail(`TEST_SEED=${seed}, pipeline ${i}: ${tell(given, wanted)}`);
    if (draw(10) > 0) continue;
    const ms = draw(300);
    alone.advance(ms);
    kit.advance(ms);
  }
  await kit.stop();
});
