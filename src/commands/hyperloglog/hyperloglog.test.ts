import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';
import { type RedisReply, startRealRedis } from '../../testing/real-redis.ts';
import { describeReply } from '../../testing/reply-decoder.ts';
import { type Draw, rounds, seeded } from '../../testing/seeded.ts';

const CORRUPT = '-INVALIDOBJ Corrupted HLL object detected';
const NOT_HLL = '-WRONGTYPE Key is not a valid HyperLogLog string value.';

function expectReplies(kit: CommandKit, lines: readonly [string, string][]): void {
  for (const [command, reply] of lines) {
    assert.equal(describeReply(kit.run(...command.split(' '))), reply, command);
  }
}

function bytesOf(kit: CommandKit, key: string): Buffer {
  const reply = kit.run('GET', key);
  assert.equal(reply.kind, 'bulk');
  return reply.kind === 'bulk' ? Buffer.from(reply.bytes) : Buffer.alloc(0);
}

test('an empty HyperLogLog is one run of zeros with a stale count', async () => {
  const kit = await createCommandKit();
  expectReplies(kit, [
    ['PFADD k', ':1'],
    ['PFADD k', ':0'],
    ['PFDEBUG DECODE k', '"Z:16384"'],
    ['OBJECT ENCODING k', '"raw"'],
  ]);
  assert.equal(bytesOf(kit, 'k').toString('hex'), '48594c4c0100000000000000000000807fff');
  expectReplies(kit, [['PFCOUNT k', ':0']]);
  assert.equal(bytesOf(kit, 'k').toString('hex'), '48594c4c0100000000000000000000007fff');
});

test('elements split the runs of a sparse value', async () => {
  const kit = await createCommandKit();
  expectReplies(kit, [
    ['PFADD k a b c', ':1'],
    ['PFADD k c b a', ':0'],
    ['PFCOUNT k', ':3'],
    ['PFDEBUG DECODE k', '"Z:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603"'],
  ]);
});

test('only changes are recorded, and a count that was estimated anew', async () => {
  const kit = await createCommandKit();
  kit.run('PFADD', 'k', 'a');
  kit.run('PFADD', 'k', 'a');
  kit.run('PFCOUNT', 'k');
  kit.run('PFCOUNT', 'k');
  kit.run('PFMERGE', 'm', 'k');
  kit.run('PFDEBUG', 'TODENSE', 'k');
  assert.deepEqual(
    kit.effects.map((effect) => effect.event),
    ['pfadd', '', 'pfadd', ''],
  );
  assert.deepEqual(kit.takeEffects(), [
    'PFADD k a',
    'PFCOUNT k',
    'PFMERGE m k',
    'PFDEBUG TODENSE k',
  ]);
});

test('a value keeps its deadline while it grows and becomes dense', async () => {
  const kit = await createCommandKit();
  kit.run('PFADD', 'k', 'a');
  kit.run('PEXPIREAT', 'k', '99999999999999');
  for (let i = 0; i < 3_000; i++) kit.run('PFADD', 'k', `e${i}`);
  expectReplies(kit, [
    ['PEXPIRETIME k', ':99999999999999'],
    ['STRLEN k', ':12304'],
    ['PFDEBUG ENCODING k', '+dense'],
  ]);
});

test('hll-sparse-max-bytes says how long a sparse value may be', async () => {
  const kit = await createCommandKit();
  kit.run('CONFIG', 'SET', 'hll-sparse-max-bytes', '40');
  for (let i = 0; kit.ask('PFDEBUG', 'ENCODING', 'k') !== 'dense'; i++) {
    assert.ok(i < 20);
    if (i > 0) assert.ok(bytesOf(kit, 'k').length <= 40);
    kit.run('PFADD', 'k', `e${i}`);
  }
  expectReplies(kit, [['STRLEN k', ':12304']]);
});

test('what is no HyperLogLog is refused, and corrupt registers are', async () => {
  const kit = await createCommandKit();
  kit.run('SET', 'text', 'HYLL');
  kit.run('SET', 'number', '12345678901234567');
  kit.run('SET', 'future', 'HYLL\u0002___________');
  kit.run('SET', 'short', 'HYLL\u0001__________\u0080\u0001');
  kit.run('SET', 'cut', new Uint8Array(Buffer.from('48594c4c010000000000000000000080407f', 'hex')));
  expectReplies(kit, [
    ['PFADD text a', NOT_HLL],
    ['PFCOUNT number', NOT_HLL],
    ['PFMERGE k future', NOT_HLL],
    ['PFCOUNT short', CORRUPT],
    ['PFCOUNT short text', CORRUPT],
    ['PFMERGE k short', CORRUPT],
    ['PFDEBUG TODENSE short', CORRUPT],
    ['PFADD cut a', CORRUPT],
    ['EXISTS k', ':0'],
    ['PFDEBUG DECODE none', '-ERR The specified key does not exist'],
    ['PFDEBUG WHAT cut', "-ERR Unknown PFDEBUG subcommand 'WHAT'"],
    ['PFSELFTEST', '+OK'],
  ]);
});

test('with every register at its top the count is what C makes of infinity', async () => {
  const kit = await createCommandKit();
  const top = Buffer.concat([Buffer.from('HYLL'), Buffer.alloc(12_300, 0xff)]);
  top.fill(0, 4, 15);
  kit.run('SET', 'k', new Uint8Array(top));
  expectReplies(kit, [
    ['PFCOUNT k', ':-9223372036854775808'],
    ['PFCOUNT k k', ':-9223372036854775808'],
  ]);
});

test('no byte that is flipped, cut off or added does more than to be refused', async () => {
  const kit = await createCommandKit();
  for (let i = 0; i < 200; i++) kit.run('PFADD', 'whole', `e${i}`);
  kit.run('PFADD', 'other', 'x');
  const whole = bytesOf(kit, 'whole');
  seeded((random) => {
    for (let i = 0; i < rounds(400); i++) {
      const at = i < whole.length ? i : random.below(whole.length);
      const broken = Buffer.from(whole);
      broken[at] ^= 1 << random.below(8);
      const end = random.below(3) === 0 ? random.below(whole.length + 1) : whole.length;
      kit.run('SET', 'k', new Uint8Array(broken.subarray(0, end)));
      for (const command of ['PFADD k new', 'PFCOUNT k', 'PFCOUNT k other', 'PFMERGE k other']) {
        const reply = describeReply(kit.run(...command.split(' ')));
        assert.match(reply, /^(:|\+OK|-INVALIDOBJ|-WRONGTYPE)/, `${command} at ${at}`);
      }
      assert.ok(bytesOf(kit, 'k').length <= 12_304 + 3);
    }
  });
  assert.deepEqual(bytesOf(kit, 'whole'), whole);
});

test('bytes and replies are redis-server’s', async (t) => {
  const oracle = await startRealRedis();
  if (oracle === null) return t.skip('no redis-server');
  const kit = await createCommandKit();
  const commands: string[][] = [];
  seeded((random) => {
    const draw: Draw = (below) => random.below(below);
    for (let i = 0; i < rounds(1_500); i++) commands.push(randomCommand(draw));
  });
  try {
    for (const command of commands) {
      const wanted: RedisReply = await oracle.call(...command);
      const got = describeReply(kit.run(...command));
      const text: string = typeof wanted === 'number' ? `:${wanted}` : String(wanted);
      const found = got.startsWith('"') ? JSON.parse(got) : got.replace(/^[+-]/, '');
      assert.equal(found, text, command.join(' ').slice(0, 200));
    }
  } finally {
    await oracle.stop();
  }
});

/** DECODE and GETREG show every register as text. */
function randomCommand(draw: Draw): string[] {
  const key = `k${draw(4)}`;
  const kind = draw(20);
  if (kind < 10) {
    const count = draw(10) === 0 ? 250 : draw(6);
    return ['PFADD', key, ...Array.from({ length: count }, () => `e${draw(3_000)}`)];
  }
  if (kind < 13) return ['PFCOUNT', key];
  if (kind < 14) return ['PFCOUNT', key, `k${draw(4)}`];
  if (kind < 16) return ['PFMERGE', key, `k${draw(4)}`];
  if (kind < 17) return ['STRLEN', key];
  if (kind < 18) return ['DEL', key];
  return ['PFDEBUG', 'DECODE', key];
}
