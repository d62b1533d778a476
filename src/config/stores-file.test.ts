import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NodeError } from '../base/errors.ts';
import { createSimulatedWorld } from '../world/simulated/simulated-world.ts';
import { settleConfiguration } from './settle-configuration.ts';
import { parseStore } from './settle-stores.ts';
import { StoresFile } from './stores-file.ts';
import { Refusal } from './table/codec.ts';

const PATH = '/data/node-1/stores.json';

function openFile(text?: string) {
  const world = createSimulatedWorld(1);
  const { configuration } = settleConfiguration({
    habit: 'hypercache',
    sources: [],
    memoryBytesTotal: world.host.memoryBytesTotal,
    workingDirectory: '/',
  });
  world.disk.makeDirectory('/data/node-1');
  if (text !== undefined) world.disk.writeFileAtomic(PATH, Buffer.from(text));
  const file = new StoresFile(configuration, world.disk);
  const make = (name: string, pairs: [string, string][] = []) => {
    const store = parseStore(name, pairs, configuration);
    assert.ok(!(store instanceof Refusal));
    return store;
  };
  return { world, file, make };
}

test('what is written is read back, every option of it', () => {
  const { file, make } = openFile();
  assert.deepEqual(file.read(), []);
  const stores = [
    make('plain'),
    make('Full-1_x', [
      ['eviction_policy', 'w-tinylfu'],
      ['max_memory', '1mb'],
      ['default_ttl', '1500ms'],
      ['cuckoo_filter', 'yes'],
      ['persistence', 'none'],
      ['ownership', 'slot'],
      ['consistency', 'quorum'],
    ]),
  ];
  assert.equal(stores[1]?.maxMemoryBytes, 1_048_576);
  assert.equal(file.write(stores), null);
  assert.deepEqual(file.read(), stores);
  assert.equal(file.write([]), null);
  assert.deepEqual(file.read(), []);
});

test('a file is a promise: a missing option is the default, null is as the node', () => {
  const { file, make } = openFile(
    '{"version":1,"stores":[{"name":"a","max_memory":"1mb","persistence":null,"default_ttl":30}]}',
  );
  const expected = make('a', [
    ['max_memory', '1mb'],
    ['default_ttl', '30s'],
  ]);
  assert.deepEqual(file.read(), [expected]);
});

test('a file that cannot be used is refused with its name and the reason', () => {
  const store = (fields: string) => `{"version":1,"stores":[{${fields}}]}`;
  const wrong: [string, RegExp][] = [
    ['', /JSON/],
    ['{"version":1,"stores":[', /JSON/],
    ['[]', /version is not 1/],
    ['null', /version is not 1/],
    ['{"version":2,"stores":[]}', /version is not 1/],
    ['{"version":1}', /'stores' must be a list/],
    ['{"version":1,"stores":[],"csc":"1"}', /unknown field 'csc'/],
    ['{"version":1,"stores":[],"crc":"1"}', /'crc' does not fit/],
    ['{"version":1,"stores":[],"crc":null}', /'crc' does not fit/],
    ['{"version":1,"stores":{"a":1}}', /'stores' must be a list/],
    ['{"version":1,"stores":["a"]}', /entry 1 of 'stores' must be an object/],
    [store('"max_memory":1'), /entry 1 of 'stores' has no name/],
    [store('"name":1'), /entry 1 of 'stores' has no name/],
    [store('"name":"../a"'), /store '\.\.\/a': name: must be 1\.\.64 letters/],
    [store('"name":"default"'), /'default' cannot be in it/],
    [store('"name":"a"},{"name":"A"'), /store 'A' cannot be in it, or twice/],
    [store('"name":"a","eviction_policy":"best"'), /store 'a': eviction_policy: must be/],
    [store('"name":"a","eviction_policy":["lru"]'), /eviction_policy: must be one value/],
    [store('"name":"a","max_memory":{}'), /max_memory: must be one value/],
    [store('"name":"a","max_memory":-1'), /max_memory: must be a size/],
    [store('"name":"a","max_memory":true'), /max_memory: must be a size/],
    [store('"name":"a","cuckoo_filter":"maybe"'), /cuckoo_filter: must be true or false/],
    [store('"name":"a","__proto__":"x"'), /unknown setting of a store '__proto__'/],
  ];
  for (const [text, reason] of wrong) {
    const { file, world } = openFile(text);
    assert.throws(
      () => file.read(),
      (error) => {
        assert.ok(error instanceof NodeError, text);
        assert.equal(error.code, 'BAD_CONFIGURATION');
        assert.ok(error.message.startsWith(`${PATH} cannot be used: `), error.message);
        assert.match(error.message, reason);
        return true;
      },
    );
    assert.equal(Buffer.from(world.disk.readFile(PATH) ?? []).toString(), text, 'it stays');
  }
});

test('no flipped bit gives other stores than were written', () => {
  const { file, make, world } = openFile();
  const stores = [make('sessions', [['max_memory', '1mb']]), make('b', [['default_ttl', '30s']])];
  assert.equal(file.write(stores), null);
  const written = Buffer.from(world.disk.readFile(PATH) ?? []);
  let refusedCount = 0;
  for (let bit = 0; bit < written.length * 8; bit++) {
    const flipped = Buffer.from(written);
    flipped[bit >> 3] ^= 1 << (bit & 7);
    world.disk.writeFileAtomic(PATH, flipped);
    try {
      assert.deepEqual(file.read(), stores, `bit ${bit}`);
    } catch (error) {
      assert.ok(error instanceof NodeError, String(error));
      assert.equal(error.code, 'BAD_CONFIGURATION');
      refusedCount++;
    }
  }
  assert.ok(refusedCount > written.length * 4, String(refusedCount));
});

test('a directory that cannot be written is a reason, not a throw', () => {
  const { file, world, make } = openFile();
  world.disk.makeDirectory = () => {
    throw new NodeError('DISK_REFUSED', 'Cannot make directory /data/node-1: EACCES');
  };
  assert.equal(file.write([make('a')]), 'Cannot make directory /data/node-1: EACCES');
});
