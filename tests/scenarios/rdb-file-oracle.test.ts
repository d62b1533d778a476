import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { beginSnapshot } from '../../src/engine/snapshot/store-snapshot.ts';
import type { Store } from '../../src/engine/store.ts';
import { RdbFileWriter } from '../../src/rdb/file-writer.ts';
import type { RdbWriteOptions } from '../../src/rdb/write/write-options.ts';
import { type CommandKit, createCommandKit } from '../../src/testing/command-kit.ts';
import { CommandKeys, drawCommand, drawFilling } from '../../src/testing/random-commands.ts';
import { plainReply } from '../../src/testing/reply-decoder.ts';
import { type Draw, seededDraws } from '../../src/testing/seeded.ts';
import { patiently } from '../support/patience.ts';
import { skipWithout, startRedis } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';

const FIRST_SEED = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
const SEED_COUNT = 6;
/** Deadlines of the simulated world lie ahead of redis-server's clock. */
const WALL_MS = Date.UTC(2100, 0);
/** Of each type: few that become large, many that stay small and are changed all the time. */
const LARGE_COUNT = 6;
const KEY_COUNT = 60;

const skip = skipWithout('redis-server') || skipWithout('redis-check-rdb');

for (let seed = FIRST_SEED; seed < FIRST_SEED + SEED_COUNT; seed++) {
  test(`redis-server starts from a file written while commands run, seed ${seed}`, {
    skip,
    timeout: patiently(120_000),
  }, async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-rdb-'));
    try {
      const { file, wanted } = await writeFileUnderCommands(folder, seededDraws(seed));
      const check = spawnSync('redis-check-rdb', [file]);
      assert.equal(check.status, 0, check.stdout.toString().slice(-2_000));
      const args = ['--dir', folder, '--dbfilename', path.basename(file)];
      const server = await startRedis({ args: [...args, '--enable-debug-command', 'yes'] });
      try {
        assert.doesNotMatch(server.output(), /CRITICAL|WARNING.*RDB|Wrong/);
        const client = await WireClient.connect(server.port);
        const ask = async (...words: string[]) => plainReply(await client.call(...words));
        assertSame(await describe(ask, wanted.streams), wanted);
        client.socket.destroy();
      } finally {
        await server.stop();
      }
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });
}

interface Described {
  readonly sizes: unknown[];
  readonly digest: unknown;
  /** Key and what is told of groups, which the digest leaves out. */
  readonly streams: [database: string, key: string, facts: unknown][];
}

type Ask = (...words: string[]) => unknown;

/** @param streams  which to look at; null: all there are */
async function describe(ask: Ask, streams: Described['streams'] | null): Promise<Described> {
  const sizes: unknown[] = [];
  const found: Described['streams'] = [];
  const digest = await ask('DEBUG', 'DIGEST');
  for (const database of ['0', '1', '2']) {
    await ask('SELECT', database);
    sizes.push(await ask('DBSIZE'));
    const keys = streams ?? [];
    const names =
      streams === null
        ? ((await ask('KEYS', '*')) as string[])
        : keys.filter(([index]) => index === database).map(([, key]) => key);
    for (const key of names.sort()) {
      if ((await ask('TYPE', key)) !== 'stream') continue;
      const facts = await ask('XINFO', 'STREAM', key, 'FULL', 'COUNT', '0');
      found.push([database, key, comparable(facts as unknown[])]);
    }
  }
  return { sizes, digest, streams: found };
}

/** Says where they part: the whole of both is long. */
function assertSame(found: Described, wanted: Described): void {
  assert.deepEqual(found.sizes, wanted.sizes);
  for (let i = 0; i < wanted.streams.length; i++) {
    const text = JSON.stringify(found.streams[i]);
    const expected = JSON.stringify(wanted.streams[i]);
    let at = 0;
    while (at < expected.length && text[at] === expected[at]) at++;
    const from = Math.max(0, at - 300);
    assert.equal(text.slice(from, at + 100), expected.slice(from, at + 100));
  }
  assert.equal(found.digest, wanted.digest);
}

/** Without what only later versions tell, and how nodes lie in memory. */
function comparable(facts: unknown[]): unknown[] {
  const kept: unknown[] = [];
  for (let i = 0; i < facts.length; i++) {
    const fact = facts[i];
    if (fact === 'active-time' || fact === 'radix-tree-nodes') i++;
    else kept.push(Array.isArray(fact) ? comparable(fact) : fact);
  }
  return kept;
}

/** A file of a store as it was, while commands of all types went on, and what it must hold. */
async function writeFileUnderCommands(folder: string, draw: Draw) {
  const kit = await createCommandKit(draw(1_000_000), {
    records: false,
    configure: (configuration) => {
      configuration.security.enableDebugCommand = 'yes';
    },
  });
  kit.world.clock.setWallMs(WALL_MS);
  const store = kit.node.services.stores.default;
  const keys = new CommandKeys(draw, KEY_COUNT);
  const large = new CommandKeys(draw, LARGE_COUNT);
  for (let i = 0; i < 40; i++) {
    kit.run('SELECT', draw(3));
    kit.run(...drawFilling(draw, large));
  }
  run(kit, draw, keys, 1_500);
  const wanted = await describe((...words) => kit.ask(...words), null);
  const file = path.join(folder, 'written.rdb');
  fs.writeFileSync(
    file,
    writeStore(store, optionsOf(kit, draw), () => {
      if (draw(3) === 0) run(kit, draw, keys, draw(8));
    }),
  );
  await kit.node.stop();
  return { file, wanted };
}

function optionsOf(kit: CommandKit, draw: Draw): RdbWriteOptions {
  return {
    compresses: draw(3) !== 0,
    compressedBytesMax: 1024 * 1024,
    hasChecksum: draw(4) !== 0,
    use: 'none',
    listNodeSize: [-2, -1, 1, 128][draw(4)],
    nowMs: kit.node.services.clock.nowMs,
  };
}

function run(kit: CommandKit, draw: Draw, keys: CommandKeys, count: number): void {
  for (let i = 0; i < count; i++) {
    kit.run(...(draw(60) === 0 ? drawFilling(draw, keys) : drawCommand(draw, keys)));
  }
}

/** Steps through a snapshot; `between` runs between two steps. */
function writeStore(store: Store, options: RdbWriteOptions, between: () => void): Buffer {
  const writer = new RdbFileWriter(options);
  const snapshot = beginSnapshot(store, writer);
  const facts = { createdS: 1, usedMemoryBytes: 1, isLogBase: false, functionCodes: [] };
  writer.begin(facts, snapshot.databases);
  const pieces: Buffer[] = [];
  for (let hasEnded = false; !hasEnded; ) {
    let left = 2;
    hasEnded = snapshot.step(() => left-- <= 0);
    pieces.push(Buffer.from(writer.takeBytes()));
    assert.ok(!snapshot.isAborted);
    between();
  }
  writer.end();
  pieces.push(Buffer.from(writer.takeBytes()));
  return Buffer.concat(pieces);
}
