import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RdbFileReader } from '../../src/rdb/file-reader.ts';
import { createCommandKit } from '../../src/testing/command-kit.ts';
import { CommandKeys, drawCommand, drawFilling } from '../../src/testing/random-commands.ts';
import { startRealRedis } from '../../src/testing/real-redis.ts';
import { seededDraws } from '../../src/testing/seeded.ts';

const LIBRARY = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";

test('a file of redis-server is loaded and has the same digest', async (t) => {
  const redis = await startRealRedis({ flags: ['--enable-debug-command', 'yes', '--save', ''] });
  if (redis === null) return t.skip('redis-server is not installed');
  const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
  const kit = await createCommandKit(seed, { records: false });
  const { services } = kit.node;
  services.configuration.security.enableDebugCommand = 'yes';
  // So that none expires between the file and the digest; the clock of the kit is far behind.
  await redis.call('debug', 'set-active-expire', '0');
  const draw = seededDraws(seed);
  const keys = new CommandKeys(draw, 8);
  for (let i = 0; i < 300; i++) {
    const command = i < 30 ? drawFilling(draw, keys) : drawCommand(draw, keys);
    await redis.call(...command.map(String));
  }
  await redis.call('select', '9');
  await redis.call('set', 'elsewhere', 'v', 'px', '100000000');
  await redis.call('function', 'load', LIBRARY);
  await redis.call('save');
  const file = readFileSync(join(redis.directory, 'dump.rdb'));
  const functions: string[] = [];
  const aux = new Map<string, string>();
  const source = {
    byteCount: file.length,
    read: (into: Uint8Array, start: number, end: number, position: number): number =>
      file.copy(into, start, position, position + end - start),
  };
  const reader = new RdbFileReader(source, {
    store: services.stores.default,
    limits: services.configuration.encoding,
    nowMs: 0,
    onFunction: (code) => functions.push(Buffer.from(code).toString()),
    onAux: (name, value) => aux.set(name, value),
  });
  while (!reader.step(() => true));
  assert.equal(kit.ask('DEBUG', 'DIGEST'), await redis.call('debug', 'digest'), `seed ${seed}`);
  assert.deepEqual(functions, [LIBRARY]);
  assert.equal(aux.get('redis-ver'), '7.0.15');
  assert.equal(reader.offset, file.length);
  assert.ok(reader.keyCount > 20);
  kit.ask('SELECT', 9);
  assert.equal(kit.ask('GET', 'elsewhere'), 'v');
  await redis.stop();
  await kit.node.stop();
});
