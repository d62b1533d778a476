import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SILENT_LOGGER } from '../../base/logger.ts';
import { MemoryDisk } from '../../world/simulated/memory-disk.ts';
import { ClusterFiles } from './cluster-files.ts';
import { splitPlace } from './rejoining.ts';
import { formatKey, gossipKeyOf, type Keyring, parseKey } from './wire/keyring.ts';

const CLUSTER_KEY = 'the key of the configuration';
const NEXT_KEY = new Uint8Array(16).fill(9);
const PEERS = [
  { name: 'b', address: '10.0.0.2', port: 7946 },
  { name: 'a', address: '::1', port: 1 },
];

function filesOn(disk: MemoryDisk, directory = 'data/cluster'): ClusterFiles {
  return new ClusterFiles({ disk, logger: SILENT_LOGGER, directory });
}

function keysOf(ring: Keyring | null): string[] {
  return (ring?.keys ?? []).map(formatKey);
}

test('peers come back; a damaged file is as none', () => {
  const disk = new MemoryDisk();
  filesOn(disk).savePeers(PEERS);
  assert.deepEqual(filesOn(disk).loadPeers(), [PEERS[1], PEERS[0]]);
  disk.writeFileAtomic('data/cluster/peers.json', Buffer.from('[{"name":"x"},17,{"na'));
  assert.deepEqual(filesOn(disk).loadPeers(), []);
  disk.writeFileAtomic('data/cluster/peers.json', Buffer.from('[{"name":"x"},17,null]'));
  assert.deepEqual(filesOn(disk).loadPeers(), []);
});

test('without a directory nothing is kept', () => {
  const disk = new MemoryDisk();
  filesOn(disk, '').savePeers(PEERS);
  assert.deepEqual(filesOn(disk, '').loadPeers(), []);
});

test('rotated keys outlive a restart, but not another key in the configuration', () => {
  const disk = new MemoryDisk();
  const ring = filesOn(disk).loadKeyring(CLUSTER_KEY);
  assert.ok(ring !== null);
  const first = formatKey(gossipKeyOf(CLUSTER_KEY));
  assert.deepEqual(keysOf(ring), [first]);
  assert.equal(ring.install(NEXT_KEY), '');
  assert.equal(ring.use(NEXT_KEY), '');
  filesOn(disk).saveKeyring(CLUSTER_KEY, ring);
  assert.deepEqual(keysOf(filesOn(disk).loadKeyring(CLUSTER_KEY)), [formatKey(NEXT_KEY), first]);
  const other = filesOn(disk).loadKeyring('another key');
  assert.deepEqual(keysOf(other), [formatKey(gossipKeyOf('another key'))]);
  assert.equal(filesOn(disk).loadKeyring(''), null);
  const file = disk.readFile('data/cluster/gossip-keys.json');
  assert.ok(file !== null && !Buffer.from(file).includes(CLUSTER_KEY));
});

test('a ring refuses keys of other lengths, unknown ones, and to lose its first', () => {
  const ring = filesOn(new MemoryDisk()).loadKeyring(CLUSTER_KEY);
  assert.ok(ring !== null);
  assert.match(ring.install(new Uint8Array(17)), /key size must be 16, 24 or 32 bytes/);
  assert.match(ring.use(NEXT_KEY), /not in the keyring/);
  assert.match(ring.remove(gossipKeyOf(CLUSTER_KEY)), /primary key is not allowed/);
  assert.equal(ring.install(NEXT_KEY), '');
  assert.equal(ring.install(NEXT_KEY), '');
  assert.equal(ring.keys.length, 2);
  assert.equal(ring.remove(NEXT_KEY), '');
  assert.equal(ring.keys.length, 1);
});

test('a key is base64 of 16, 24 or 32 bytes, exactly', () => {
  for (const length of [16, 24, 32]) {
    const key = new Uint8Array(length).fill(length);
    assert.deepEqual(parseKey(formatKey(key)), key);
    assert.deepEqual(gossipKeyOf(formatKey(key)), key);
  }
  for (const text of ['', 'secret', `${formatKey(NEXT_KEY)}=`, formatKey(new Uint8Array(20))]) {
    assert.equal(parseKey(text), null, text);
    assert.equal(gossipKeyOf(text).length, 32);
  }
});

test('seeds are written in many ways', () => {
  const cases: [string, string, number][] = [
    ['host', 'host', 7946],
    ['host:1', 'host', 1],
    ['10.0.0.1:7000', '10.0.0.1', 7000],
    ['::1', '::1', 7946],
    ['[::1]', '::1', 7946],
    ['[fe80::1]:99', 'fe80::1', 99],
  ];
  for (const [text, host, port] of cases) assert.deepEqual(splitPlace(text), { host, port });
});
