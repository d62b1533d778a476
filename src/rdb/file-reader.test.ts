import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc64 } from '../base/digest/crc64.ts';
import { beginSnapshot } from '../engine/snapshot/store-snapshot.ts';
import { type CommandKit, createCommandKit } from '../testing/command-kit.ts';
import { checkHoldings } from '../testing/holdings-check.ts';
import { CommandKeys, drawCommand, drawFilling } from '../testing/random-commands.ts';
import {
  bytesOf,
  fileOf,
  lengthBytes,
  listpackBytes,
  msBytes,
  stringBytes,
  wideBytes,
} from '../testing/rdb-bytes.ts';
import { type Draw, seededDraws, seedOfRun } from '../testing/seeded.ts';
import { RdbFileReader, type RdbSink } from './file-reader.ts';
import { RdbFileWriter } from './file-writer.ts';
import { RdbError } from './rdb-error.ts';

async function createKit(seed = 1): Promise<CommandKit> {
  const kit = await createCommandKit(seed, { records: false });
  kit.node.services.configuration.security.enableDebugCommand = 'yes';
  return kit;
}

interface Loaded {
  readonly reader: RdbFileReader;
  readonly functions: string[];
  readonly aux: [string, string][];
  readonly stepCount: number;
}

/** Loads it in the smallest steps there are, from a source that gives `pieceBytes` at once. */
function load(
  kit: CommandKit,
  file: Uint8Array,
  options: Partial<RdbSink> & { pieceBytes?: number } = {},
): Loaded {
  const { services } = kit.node;
  const functions: string[] = [];
  const aux: [string, string][] = [];
  const pieceBytes = options.pieceBytes ?? Number.POSITIVE_INFINITY;
  const source = {
    byteCount: file.length,
    read(into: Uint8Array, start: number, end: number, position: number): number {
      const count = Math.min(end - start, file.length - position, pieceBytes);
      into.set(file.subarray(position, position + count), start);
      return count;
    },
  };
  const reader = new RdbFileReader(source, {
    store: services.stores.default,
    limits: services.configuration.encoding,
    nowMs: services.clock.nowMs,
    onFunction: (code) => functions.push(Buffer.from(code).toString('latin1')),
    onAux: (name, value) => aux.push([name, value]),
    ...options,
  });
  let stepCount = 1;
  while (!reader.step(() => true)) stepCount++;
  return { reader, functions, aux, stepCount };
}

function write(kit: CommandKit): Buffer {
  const store = kit.node.services.stores.default;
  const writer = new RdbFileWriter({
    compresses: true,
    compressedBytesMax: 1024 * 1024,
    hasChecksum: true,
    use: 'none',
    listNodeSize: -2,
    nowMs: store.clock.nowMs,
  });
  const snapshot = beginSnapshot(store, writer);
  const facts = { createdS: 1, usedMemoryBytes: 1, isLogBase: false, functionCodes: [] };
  writer.begin(facts, snapshot.databases);
  while (!snapshot.step(() => false));
  writer.end();
  return Buffer.from(writer.takeBytes());
}

/** Every database's digest, deadlines of keys and of fields: all that must come back. */
function imageOf(kit: CommandKit): unknown {
  const image: unknown[] = [kit.ask('DEBUG', 'DIGEST')];
  for (const database of [0, 3]) {
    kit.ask('SELECT', database);
    for (const key of (kit.ask('KEYS', '*') as string[]).sort()) {
      const facts = [key, kit.ask('TYPE', key), kit.ask('PEXPIRETIME', key)];
      if (facts[1] === 'hash') {
        for (const field of (kit.ask('HKEYS', key) as string[]).sort()) {
          facts.push(field, kit.ask('HPEXPIRETIME', key, 'FIELDS', 1, field));
        }
      }
      if (facts[1] === 'stream') facts.push(kit.ask('XINFO', 'STREAM', key, 'FULL', 'COUNT', 0));
      image.push(facts);
    }
  }
  kit.ask('SELECT', 0);
  return image;
}

function fill(kit: CommandKit, draw: Draw): void {
  for (const database of [0, 3]) {
    kit.ask('SELECT', database);
    const keys = new CommandKeys(draw, 6);
    for (let i = 0; i < 12; i++) kit.run(...drawFilling(draw, keys));
    for (let i = 0; i < 400; i++) kit.run(...drawCommand(draw, keys));
  }
  kit.ask('SELECT', 0);
}

function refusal(run: () => unknown): RdbError {
  try {
    run();
  } catch (error) {
    if (error instanceof RdbError) return error;
    throw error;
  }
  return assert.fail('it was not refused');
}

/** Of some type each, small enough to be tried at every byte. */
function smallFile(): Buffer {
  const key = (type: number, name: string, ...body: Uint8Array[]): Buffer =>
    Buffer.concat([Buffer.of(type), stringBytes(name), ...body]);
  return fileOf([
    Buffer.of(250),
    stringBytes('redis-ver'),
    stringBytes('7.0.15'),
    Buffer.of(254, 0, 251, 4, 1),
    key(0, 's', stringBytes('value')),
    Buffer.of(252),
    msBytes(4_000_000_000_000),
    key(16, 'h', stringBytes(listpackBytes(['a', 1, 'b', 'two']))),
    Buffer.of(248, 9),
    key(18, 'l', lengthBytes(1), lengthBytes(2), stringBytes(listpackBytes(['x', 300]))),
    key(5, 'z', lengthBytes(1), stringBytes('m'), Buffer.alloc(8)),
    Buffer.of(245),
    stringBytes('#!lua name=f'),
  ]);
}

test('what is written is read: values of all types, deadlines of keys and fields', async () => {
  const seed = seedOfRun();
  const draw = seededDraws(seed);
  const kit = await createKit(seed);
  const other = await createKit(seed + 1);
  other.advance(kit.node.services.clock.nowMs - other.node.services.clock.nowMs);
  for (const each of [kit, other]) each.node.services.stores.default.activeExpiryEnabled = false;
  fill(kit, draw);
  const image = imageOf(kit);
  const { reader } = load(other, write(kit), { pieceBytes: 1 + draw(100_000) });
  assert.deepEqual(imageOf(other), image, `TEST_SEED=${seed}`);
  assert.equal(reader.expectedKeyCount, reader.keyCount);
  for (const database of other.node.services.stores.default.databases) checkHoldings(database);
  await kit.node.stop();
  await other.node.stop();
});

test('a large collection is loaded in many steps', async () => {
  const kit = await createKit();
  const count = 20_000;
  const pairs = Array.from({ length: count }, (_, i) => [stringBytes(`f${i}`), stringBytes('v')]);
  const file = fileOf([
    Buffer.of(4),
    stringBytes('h'),
    lengthBytes(count),
    ...pairs.flat(),
    Buffer.of(0),
    stringBytes('after'),
    stringBytes('v'),
  ]);
  const { stepCount } = load(kit, file);
  assert.ok(stepCount > count / 1000, `${stepCount} steps`);
  assert.equal(kit.ask('HLEN', 'h'), count);
  assert.equal(kit.ask('DBSIZE'), 2);
  await kit.node.stop();
});

test('expired keys are left out; what stood before a key is of that key alone', async () => {
  const kit = await createKit();
  const nowMs = kit.node.services.clock.nowMs;
  const key = (name: string, ...before: Uint8Array[]): Buffer =>
    Buffer.concat([...before, Buffer.of(0), stringBytes(name), stringBytes('v')]);
  const seconds = Buffer.alloc(5, 253);
  seconds.writeUInt32LE(Math.floor(nowMs / 1000) + 100, 1);
  const hash = Buffer.concat([
    Buffer.of(252),
    msBytes(nowMs - 5),
    Buffer.of(4),
    stringBytes('gone too'),
    lengthBytes(1),
    stringBytes('f'),
    stringBytes('v'),
  ]);
  const { reader } = load(
    kit,
    fileOf([
      key('gone', Buffer.of(252), msBytes(nowMs)),
      key('plain'),
      hash,
      key('later', Buffer.of(252), msBytes(nowMs + 1000)),
      key('seconds', seconds),
      key('beyond', Buffer.of(252), msBytes(2n ** 62n)),
      key('never', Buffer.of(252), msBytes(-1)),
    ]),
  );
  assert.equal(reader.expiredCount, 2);
  assert.equal(reader.keyCount, 5);
  assert.equal(kit.ask('DBSIZE'), 5);
  assert.equal(kit.ask('PTTL', 'plain'), -1);
  assert.equal(kit.ask('PTTL', 'later'), 1000);
  assert.equal(kit.ask('EXPIRETIME', 'seconds'), Math.floor(nowMs / 1000) + 100);
  assert.equal(kit.ask('PTTL', 'never'), -1);
  assert.equal(kit.ask('EXISTS', 'beyond'), 1);
  checkHoldings(kit.node.services.stores.default.databases[0]);
  await kit.node.stop();
});

test('fields of ours give a key its JSON bit and fields their deadlines', async () => {
  const kit = await createKit();
  const deadlineMs = kit.node.services.clock.nowMs + 5000;
  const aux = (name: string, value: Uint8Array): Buffer =>
    Buffer.concat([Buffer.of(250), stringBytes(name), stringBytes(value)]);
  const deadlines = (field: string): Buffer =>
    Buffer.concat([Buffer.of(0), stringBytes(field), msBytes(deadlineMs)]);
  load(
    kit,
    fileOf([
      aux('hc-json', bytesOf('1')),
      Buffer.of(0),
      ...[stringBytes('j'), stringBytes('[1]')],
      Buffer.of(0),
      ...[stringBytes('s'), stringBytes('[1]')],
      aux('hc-field-deadlines', deadlines('b')),
      aux('hc-field-deadlines', deadlines('not there')),
      Buffer.of(16),
      ...[stringBytes('h'), stringBytes(listpackBytes(['a', 1, 'b', 2]))],
    ]),
  );
  const replies = ['j', 's'].map((key) => {
    kit.ask('APPEND', `${key}2`, 'x');
    return kit.ask('COPY', key, `${key}2`, 'REPLACE');
  });
  assert.deepEqual(replies, [1, 1]);
  kit.node.services.stores.default.sink.attach({ onEffect: () => {} });
  assert.deepEqual(kit.ask('HPEXPIRETIME', 'h', 'FIELDS', 2, 'a', 'b'), [-1, deadlineMs]);
  checkHoldings(kit.node.services.stores.default.databases[0]);
  const written = write(kit).toString('latin1');
  assert.equal(written.split('hc-json').length - 1, 2, 'j and its copy');
  await kit.node.stop();
});

test('every prefix and every changed byte of a file is refused, and says where', async () => {
  const kit = await createKit();
  const file = smallFile();
  load(kit, file);
  assert.deepEqual(kit.ask('HGETALL', 'h'), ['a', '1', 'b', 'two']);
  assert.deepEqual(kit.ask('LRANGE', 'l', 0, -1), ['x', '300']);
  for (let length = 0; length < file.length; length++) {
    kit.ask('FLUSHALL');
    const error = refusal(() => load(kit, file.subarray(0, length)));
    assert.ok(error.offset <= length, `${error.message}, of ${length}`);
  }
  for (let at = 0; at < file.length; at++) {
    for (const flip of [1, 0x80, 0xff]) {
      kit.ask('FLUSHALL');
      const changed = Buffer.from(file);
      changed[at] ^= flip;
      const error = refusal(() => load(kit, changed));
      assert.match(error.message, / at offset \d+$/);
    }
    checkHoldings(kit.node.services.stores.default.databases[0]);
  }
  await kit.node.stop();
});

test('with its checksum made right a changed file is refused or sound', async () => {
  const kit = await createKit();
  const file = smallFile();
  const [database] = kit.node.services.stores.default.databases;
  let refusedCount = 0;
  for (let at = 0; at < file.length - 8; at++) {
    for (const value of [0, 1, 64, 128, 129, 195, 245, 250, 254, 255, file[at] ^ 1]) {
      kit.ask('FLUSHALL');
      const changed = Buffer.from(file);
      changed[at] = value;
      changed.set(crc64(changed, 0, changed.length - 8), changed.length - 8);
      try {
        load(kit, changed);
      } catch (error) {
        assert.ok(error instanceof RdbError, `byte ${at} is ${value}: ${error}`);
        refusedCount++;
      }
      checkHoldings(database);
    }
  }
  assert.ok(refusedCount > 500, `${refusedCount}`);
  await kit.node.stop();
});

test('a file without a checksum, and one of a version before there was any, is taken', async () => {
  const kit = await createKit();
  const entry = [Buffer.of(0), stringBytes('k'), stringBytes('v')];
  const none = fileOf(entry);
  none.fill(0, none.length - 8);
  load(kit, none);
  assert.equal(kit.ask('GET', 'k'), 'v');
  kit.ask('FLUSHALL');
  const { reader } = load(kit, fileOf(entry, '0004'));
  assert.equal(kit.ask('GET', 'k'), 'v');
  assert.equal(reader.offset, none.length - 8);
  for (const version of ['0000', '0012', '00x1']) {
    kit.ask('FLUSHALL');
    assert.match(refusal(() => load(kit, fileOf(entry, version))).reason, /version/);
  }
  assert.equal(refusal(() => load(kit, bytesOf('PREDIS0010 and more'))).reason, 'no RDB file');
  await kit.node.stop();
});

test('what no store can take is refused: modules, unknown databases, a key twice', async () => {
  const kit = await createKit();
  const entry = Buffer.concat([Buffer.of(0), stringBytes('k'), stringBytes('v')]);
  // `testrdb__`, version 0, as redis-server's modules count their letters.
  const name = 'testrdb__';
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const id = [...name].reduce((sum, letter) => sum * 64n + BigInt(letters.indexOf(letter)), 0n);
  const parts = [
    ...[Buffer.of(1, 5, 2, 9, 3), Buffer.alloc(4), Buffer.of(4), Buffer.alloc(8)],
    ...[Buffer.of(5), stringBytes('text'), Buffer.of(0)],
  ];
  const beside = [Buffer.of(247), wideBytes(id << 10n), Buffer.of(2, 1), ...parts];
  const keyed = [Buffer.of(7), stringBytes('m'), wideBytes(id << 10n), ...parts];
  const refused: [Uint8Array[], RegExp][] = [
    [beside, /data of the module testrdb__/],
    [keyed, /value of a module/],
    [[Buffer.of(254, 16)], /database 16/],
    [[entry, entry], /key twice/],
    [[Buffer.of(246)], /release candidate/],
    [[Buffer.of(244)], /unknown opcode 244/],
    [[Buffer.of(99), stringBytes('k')], /unknown type 99/],
  ];
  for (const [body, reason] of refused) {
    kit.ask('FLUSHALL');
    assert.match(refusal(() => load(kit, fileOf(body))).reason, reason);
  }
  kit.ask('FLUSHALL');
  const { reader } = load(kit, fileOf([...beside, ...keyed, entry]), { skipsModules: true });
  assert.equal(reader.skippedCount, 2);
  assert.equal(kit.ask('DBSIZE'), 1);
  load(kit, fileOf([Buffer.of(0), stringBytes('k'), stringBytes('new')]), { replacesKeys: true });
  assert.equal(kit.ask('GET', 'k'), 'new');
  checkHoldings(kit.node.services.stores.default.databases[0]);
  await kit.node.stop();
});

test('how long ago and how often a key was used is told to the policy', async () => {
  const key = (name: string, ...before: number[]): Buffer =>
    Buffer.concat([Buffer.of(...before, 0), stringBytes(name), stringBytes('v')]);
  const kit = await createKit();
  load(kit, fileOf([key('idle', 248, 50), key('fresh')]));
  assert.equal(kit.ask('OBJECT', 'IDLETIME', 'idle'), 50);
  assert.equal(kit.ask('OBJECT', 'IDLETIME', 'fresh'), 0);
  kit.ask('FLUSHALL');
  kit.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
  load(kit, fileOf([key('often', 249, 200), key('seldom')]));
  assert.equal(kit.ask('OBJECT', 'FREQ', 'often'), 200);
  assert.notEqual(kit.ask('OBJECT', 'FREQ', 'seldom'), 200);
  await kit.node.stop();
});

test('a lying length is refused before memory is taken for it', async () => {
  const kit = await createKit();
  const before = process.memoryUsage().arrayBuffers;
  const claim = Buffer.concat([Buffer.of(0x80), Buffer.of(0x7f, 0xff, 0xff, 0xff)]);
  const bodies = [
    [Buffer.of(0), stringBytes('k'), claim],
    [Buffer.of(0), claim],
    [Buffer.of(0), stringBytes('k'), Buffer.of(0xc3), lengthBytes(8), claim, Buffer.alloc(8)],
    [
      ...[Buffer.of(0), stringBytes('k'), Buffer.of(0xc3), lengthBytes(8)],
      ...[lengthBytes(500 * 1024 * 1024), Buffer.alloc(8)],
    ],
    ...[1, 2, 3, 4, 5, 14, 15, 18, 19].map((type) => [Buffer.of(type), stringBytes('k'), claim]),
    [Buffer.of(0), stringBytes('k'), wideBytes(2n ** 63n)],
  ];
  for (const body of bodies) {
    const { reason } = refusal(() => load(kit, fileOf(body)));
    // Not what is said of bytes that were unpacked, or looked for, in vain.
    assert.match(reason, /announced|claims more|end of data|out of range/);
    assert.equal(kit.ask('DBSIZE'), 0);
    checkHoldings(kit.node.services.stores.default.databases[0]);
  }
  const grown = process.memoryUsage().arrayBuffers - before;
  assert.ok(grown < 64 * 1024 * 1024, `${grown} bytes`);
  await kit.node.stop();
});
