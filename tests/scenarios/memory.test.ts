/** The limits of a whole node, as its clients and its log see them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askInfo, askText, DIGITS, loadKeys, runCommands } from '../../bench/support/bulk-load.ts';
import { type RunningServer, startOurs, waitFor } from '../support/server.ts';

const MIB = 1024 * 1024;
const VALUE = 'v'.repeat(200);

async function withNode(
  args: readonly string[],
  body: (server: RunningServer) => Promise<void>,
): Promise<void> {
  const quiet = ['--persistence.enabled=false', '--http.enabled=false'];
  const server = await startOurs({ args: [...quiet, ...args] });
  try {
    await body(server);
  } finally {
    await server.stop();
  }
}

const usedBytes = async ({ port }: RunningServer) =>
  (await askInfo(port, 'memory', 'used_memory')) ?? Number.NaN;

/** Lines of the log about memory pressure. */
function pressureLines(
  server: RunningServer,
): { level: string; fields: Record<string, unknown> }[] {
  return server
    .output()
    .split('\n')
    .filter((line) => line.includes('"memory-pressure"') && line.endsWith('}'))
    .map((line) => JSON.parse(line));
}

test('noeviction refuses what does not fit, tells of the panic, and goes on', async () => {
  const args = ['--cache.max_memory=4mb', '--cache.eviction_policy=noeviction'];
  await withNode(args, async (server) => {
    const { port } = server;
    await assert.rejects(loadKeys(port, 40_000, ['SET', `key:${DIGITS}`, VALUE]), /OOM command/);
    assert.ok((await usedBytes(server)) <= 4 * MIB * 1.01);
    const line = await waitFor('the log line', 10_000, () =>
      pressureLines(server).find(({ fields }) => fields['level'] === 'panic'),
    );
    assert.equal(line.level, 'warn');
    assert.equal(line.fields['store'], 'default');
    assert.equal(line.fields['can_evict'], false);
    assert.equal(await askInfo(port, 'memory', 'memory_distressed_stores'), 1);
    assert.equal(await askText(port, 'FLUSHALL'), '+OK');
    assert.equal(await askText(port, 'SET', 'k', VALUE), '+OK');
    await waitFor('the all-clear', 10_000, async () => {
      return (await askInfo(port, 'memory', 'memory_distressed_stores')) === 0 || undefined;
    });
  });
});

test('writes failing under memory pressure: with a policy that evicts none does', async () => {
  await withNode(['--cache.max_memory=8mb', '--cache.eviction_policy=lru'], async (server) => {
    await loadKeys(server.port, 150_000, ['SET', `key:${DIGITS}`, VALUE]);
    assert.ok((await usedBytes(server)) <= 8 * MIB * 1.01);
    assert.ok(((await askInfo(server.port, 'stats', 'evicted_keys')) ?? 0) > 50_000);
    const line = await waitFor('the log line', 10_000, () =>
      pressureLines(server).find(({ fields }) => fields['level'] === 'panic'),
    );
    assert.equal(line.level, 'info');
    assert.equal(await askInfo(server.port, 'memory', 'memory_distressed_stores'), 0);
  });
});

test('a limit lowered at run time is reached in the background, and writes pass', async () => {
  await withNode(['--cache.max_memory=64mb', '--cache.eviction_policy=lru'], async (server) => {
    const { port } = server;
    await loadKeys(port, 150_000, ['SET', `key:${DIGITS}`, VALUE]);
    assert.ok((await usedBytes(server)) > 30 * MIB);
    assert.equal(await askText(port, 'CONFIG', 'SET', 'maxmemory', '8mb'), '+OK');
    await loadKeys(port, 5_000, ['SET', `new:${DIGITS}`, VALUE]);
    await waitFor('the limit to be reached', 60_000, async () => {
      return (await usedBytes(server)) <= 8 * MIB || undefined;
    });
    const held = await waitFor('the segments to be given back', 60_000, async () => {
      const bytes = (await askInfo(port, 'memory', 'slab_held_bytes')) ?? Number.NaN;
      return bytes < 12 * MIB ? bytes : undefined;
    });
    assert.ok(held > 0);
  });
});

test('two stores under one limit keep their reservations and evict their own alone', async () => {
  const args = ['--cache.max_memory=8mb', '--cache.node_max_memory=24mb'];
  await withNode([...args, '--cache.eviction_policy=lru'], async (server) => {
    const { port } = server;
    const lru = ['eviction_policy', 'lru'];
    const refusal = await askText(port, 'STORE', 'CREATE', 'large', ...lru, 'max_memory', '20mb');
    assert.match(refusal, /^-ERR max_memory: .* cannot be reserved/);
    assert.equal(
      await askText(port, 'STORE', 'CREATE', 'small', ...lru, 'max_memory', '4mb'),
      '+OK',
    );
    assert.equal(await askText(port, 'STORE', 'CREATE', 'sharing', ...lru), '+OK');
    await loadKeys(port, 20_000, ['SET', `key:${DIGITS}`, VALUE]);
    const before = await askText(port, 'DBSIZE');
    // The first command of the connection chooses the store of those that follow.
    const fill = (store: string) =>
      runCommands(port, 100_000, (i) =>
        i === 0 ? ['SELECT', store] : ['SET', `key:${String(i).padStart(12, '0')}`, VALUE],
      );
    await fill('small');
    await fill('sharing');
    assert.equal(await askText(port, 'DBSIZE'), before);
    const used = await usedBytes(server);
    assert.ok(used <= 24 * MIB * 1.01, `${used}`);
    assert.ok(used > 16 * MIB, `${used}`);
    assert.equal(await askInfo(port, 'memory', 'node_reserved_memory'), 12 * MIB);
  });
});

test('buffers of clients are counted once, and take from what stores share', async () => {
  await withNode(['--cache.max_memory=8mb', '--cache.node_max_memory=64mb'], async (server) => {
    const { port } = server;
    const total = async () => (await askInfo(port, 'memory', 'buffer_bytes')) ?? Number.NaN;
    const kinds = ['clients', 'tracking', 'scripts', 'slowlog', 'subscriptions', 'watches'];
    await askText(port, 'EVAL', `return '${'s'.repeat(50_000)}'`, '0');
    const sum = async () => {
      let bytes = 0;
      for (const kind of kinds) {
        bytes += (await askInfo(port, 'memory', `buffer_bytes_${kind}`)) ?? Number.NaN;
      }
      return bytes;
    };
    assert.ok((await total()) >= 50_000);
    assert.ok(Math.abs((await total()) - (await sum())) < 20_000);
    assert.equal(await askText(port, 'SCRIPT', 'FLUSH'), '+OK');
    assert.ok((await total()) < 50_000);
  });
});
