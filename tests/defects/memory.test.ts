import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { hashBytes } from '../../src/base/hash.ts';
import { TYPE } from '../../src/engine/keyspace/entry.ts';
import { HashIndex } from '../../src/engine/keyspace/hash-index.ts';
import { Memory } from '../../src/engine/memory/memory.ts';
import { SegmentPool } from '../../src/engine/memory/segment-pool.ts';
import { type DefectNode, defect, startNode } from './defect-kit.ts';

const KIB_VALUE = 'v'.repeat(1024);

defect('policies that change nothing', async (t) => {
  const node = await startNode(t);
  assert.equal(await keepsWhatIsRead(node, 'lfu'), true);
  assert.equal(await keepsWhatIsRead(node, 'fifo'), false);
  await createStore(node, 'noeviction');
  let refusal = '';
  for (let i = 0; i < 5_000 && refusal === ''; i++) {
    const reply = String(await node.call('SET', `k${i}`, KIB_VALUE));
    if (reply !== 'OK') refusal = reply;
  }
  assert.match(refusal, /^-OOM /);
});

/** Whether a key that is read all the time outlives three times the store's limit in writes. */
async function keepsWhatIsRead(node: DefectNode, policy: string): Promise<boolean> {
  await createStore(node, policy);
  await node.call('SET', 'read', 'all the time');
  for (let i = 0; i < 6_000; i++) {
    assert.equal(await node.call('SET', `k${i}`, KIB_VALUE), 'OK');
    if (i % 10 === 0) await node.call('GET', 'read');
  }
  return (await node.call('EXISTS', 'read')) === 1;
}

async function createStore(node: DefectNode, policy: string): Promise<void> {
  const options = ['eviction_policy', policy, 'max_memory', '2mb'];
  assert.equal(await node.call('STORE', 'CREATE', `s-${policy}`, ...options), 'OK');
  assert.equal(await node.call('SELECT', `s-${policy}`), 'OK');
}

/** Work is counted, not time: the words of the index that a look-up reads. */
defect('GET getting slower with the number of keys', () => {
  const [few, many] = [1_000, 300_000].map(wordsReadByAGet);
  assert.ok(few > 1 && few < 40, `${few} words`);
  assert.ok(many < few * 2, `${many} words at 300,000 keys, ${few} at 1,000`);
});

const KEY_BYTES = 8;

function wordsReadByAGet(keyCount: number): number {
  const memory = new Memory(new SegmentPool(0));
  const index = new HashIndex(memory);
  const keyView = new DataView(new ArrayBuffer(KEY_BYTES));
  const hashOf = (key: number): number => {
    keyView.setFloat64(0, key, true);
    return hashBytes(keyView, 0, KEY_BYTES, 0x1234567, 0x89abcdef);
  };
  for (let key = 0; key < keyCount; key++) {
    const hash = hashOf(key);
    const address = memory.allocate(8 + KEY_BYTES);
    memory.view.setUint32(memory.base, TYPE.STRING | (KEY_BYTES << 16), true);
    memory.view.setUint32(memory.base + 4, 0, true);
    memory.view.setFloat64(memory.base + 8, key, true);
    index.insert(hash, address);
  }
  let readCount = 0;
  for (const segment of memory.segments) {
    if (segment === undefined) continue;
    const { words } = segment;
    const counting = new Proxy(words, {
      get: (target, place) => {
        readCount++;
        return Reflect.get(target, place);
      },
    });
    Object.defineProperty(segment, 'words', { value: counting });
  }
  const getCount = 1_000;
  for (let i = 0; i < getCount; i++) {
    const hash = hashOf(Math.floor((i * keyCount) / getCount));
    assert.notEqual(index.find(hash, keyView, 0, KEY_BYTES), 0);
  }
  return readCount / getCount;
}

defect('writes failing under memory pressure', async (t) => {
  const { call } = await startNode(t, ['--cache.max_memory=8mb', '--cache.eviction_policy=lru']);
  for (let i = 0; i < 24_000; i++) {
    assert.equal(await call('SET', `k${i}`, KIB_VALUE), 'OK');
  }
  assert.equal(await call('GET', 'k23999'), KIB_VALUE);
  const evicted = /evicted_keys:(\d+)/.exec(String(await call('INFO', 'stats')));
  assert.ok(Number(evicted?.[1]) > 10_000);
  const used = /used_memory:(\d+)/.exec(String(await call('INFO', 'memory')));
  assert.ok(Number(used?.[1]) > 0);
});

defect('a filter with false negatives, ignoring its rate, growing on overwrite', async (t) => {
  const strict = await foundByMistake(t, 0.001);
  const loose = await foundByMistake(t, 0.1);
  assert.ok(strict <= 0.004, `${strict}`);
  assert.ok(loose <= 0.12 && loose > strict, `${loose}`);
});

/** Of look-ups for keys that are not there, the part that the filter lets through. */
async function foundByMistake(t: TestContext, rate: number): Promise<number> {
  const settings = ['--cache.cuckoo_filter=yes', `--cache.cuckoo_filter_fpp=${rate}`];
  const { ask, call } = await startNode(t, settings);
  const keys = Array.from({ length: 5_000 }, (_, i) => `key:${i}`);
  for (let round = 0; round < 3; round++) {
    await call('MSET', ...keys.flatMap((key) => [key, `v${round}`]));
  }
  const { json: stats } = await ask('/api/filter/stats');
  assert.equal(stats.size, keys.length);
  assert.equal(stats.false_positive_rate, rate);
  assert.equal(await call('EXISTS', ...keys), keys.length);
  await call('DEL', ...keys.slice(0, 1_000));
  assert.equal(await call('EXISTS', ...keys), keys.length - 1_000);
  assert.equal((await ask('/api/filter/stats')).json.size, keys.length - 1_000);
  let mistakeCount = 0;
  for (let i = 0; i < STRANGER_COUNT; i++) {
    const answer = await call('FILTER', 'CHECK', `none:${i}`);
    assert.ok(Array.isArray(answer) && answer.includes('false_positive'), String(answer));
    mistakeCount += Number(answer[answer.indexOf('false_positive') + 1]);
  }
  return mistakeCount / STRANGER_COUNT;
}

const STRANGER_COUNT = 4_000;
