import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodeKit } from '../../testing/node-kit.ts';
import { measureBuffers } from './memory-watch.ts';

test('what HTTP holds is counted among the buffers, and leaves the stores less', async () => {
  const kit = await createNodeKit({
    settings: { 'http.enabled': 'yes', 'cache.node_max_memory': '100mb' },
  });
  const { http, memory } = kit.node.services;
  kit.advance(200);
  const before = { buffers: measureBuffers(kit.node.services), storeBytes: memory.storeBytesMax };
  assert.equal(before.buffers.http, 0);
  Object.assign(http, { heldBytes: 30_000_000 });
  kit.advance(200);
  const { http: bytes, total } = measureBuffers(kit.node.services);
  assert.deepEqual([bytes, total - before.buffers.total], [30_000_000, 30_000_000]);
  assert.equal(before.storeBytes - memory.storeBytesMax, 30_000_000);
  assert.match(kit.connect().ask('info memory'), /buffer_bytes_http:30000000\r\n/);
});
