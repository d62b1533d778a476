import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rounds } from '../../testing/seeded.ts';
import { createSimulatedWorld } from '../../world/simulated/simulated-world.ts';
import { decodeArchiveIndex } from './archive-format.ts';
import { readArchive } from './read-archive.ts';
import { writeArchive } from './write-archive.ts';

const world = createSimulatedWorld();
const HEAD = { createdMs: 1_700_000_000_000, nodeId: 'node-1', version: '1.0' };
const LARGE = Buffer.alloc(2_500_000, 'some text that compresses, ');
const STORES = Buffer.from('{"version":1,"stores":[]}');

async function makeArchive(): Promise<Buffer> {
  world.disk.makeDirectory('/data');
  world.disk.writeFileAtomic('/data/0.rdb', LARGE);
  const sources = [
    { path: 'dump.rdb', store: 'default', keyCount: 3, content: '/data/0.rdb' },
    { path: 'stores/a/dump.rdb', store: 'A', keyCount: 0, content: new Uint8Array(0) },
    { path: 'stores.json', store: '', keyCount: 0, content: STORES },
  ];
  const pieces: Uint8Array[] = [];
  for await (const piece of writeArchive({ world, head: HEAD, sources })) pieces.push(piece);
  assert.ok(pieces.length >= 3, 'it comes in pieces');
  return Buffer.concat(pieces);
}

async function readAll(bytes: Uint8Array): Promise<Map<string, Buffer>> {
  world.disk.writeFileAtomic('/archive', bytes);
  const files = new Map<string, Buffer>();
  for await (const { path, content } of readArchive(world, '/archive')) {
    const pieces: Uint8Array[] = [];
    for await (const piece of content) pieces.push(piece.slice());
    files.set(path, Buffer.concat(pieces));
  }
  return files;
}

test('what went in comes out, the index last', async () => {
  const files = await readAll(await makeArchive());
  assert.deepEqual(
    [...files.keys()],
    ['dump.rdb', 'stores/a/dump.rdb', 'stores.json', 'backup.json'],
  );
  assert.ok(files.get('dump.rdb')?.equals(LARGE));
  assert.ok(files.get('stores.json')?.equals(STORES));
  const index = decodeArchiveIndex(files.get('backup.json') ?? new Uint8Array(0));
  assert.ok(typeof index !== 'string', String(index));
  assert.deepEqual(
    { ...index, files: index.files.map(({ path, byteCount }) => [path, byteCount]) },
    {
      ...HEAD,
      files: [
        ['dump.rdb', LARGE.length],
        ['stores/a/dump.rdb', 0],
        ['stores.json', STORES.length],
      ],
    },
  );
  for (const { crc64 } of index.files) assert.match(crc64, /^[0-9a-f]{16}$/);
});

test('an archive that is cut off anywhere is refused', async () => {
  const bytes = await makeArchive();
  const cutCount = rounds(600);
  for (let cut = 0; cut < cutCount; cut++) {
    const length = Math.floor((cut * bytes.length) / cutCount);
    await assert.rejects(readAll(bytes.subarray(0, length)), { code: 'DATA_DAMAGED' }, `${length}`);
  }
});

test('a path that leads out of a data directory is not taken', () => {
  const index = (path: string) =>
    decodeArchiveIndex(
      Buffer.from(
        JSON.stringify({
          version: 1,
          created: '2026-01-01',
          files: [{ path, bytes: 1, sha: '', crc64: '0'.repeat(16), keys: 0 }],
        }),
      ),
    );
  assert.equal(typeof index('stores/a/dump.rdb'), 'object');
  for (const path of ['../x', '/etc/passwd', 'stores/../../x/dump.rdb', 'stores/a/b', '']) {
    assert.equal(typeof index(path), 'string', path);
  }
});
