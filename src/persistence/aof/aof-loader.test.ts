import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { StoreJournal } from '../../journal/store-journal.ts';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';
import { KeptNode } from '../../testing/kept-node.ts';
import { AofError, AofLoader, type AofLoaderOptions } from './aof-loader.ts';
import type { AofFile } from './aof-manifest.ts';
import { findRecords } from './log-damage.ts';

const DIRECTORY = '/log';
const BASE = 'a.1.base.rdb';
const NAME = 'a.1.incr.aof';
const NEXT = 'a.2.incr.aof';

/** What a node with a journal writes: one record a turn, with the digest of its data after each. */
async function write(turns: readonly (readonly string[])[], options: { synced?: number[] } = {}) {
  const kit = await createCommandKit(3, { records: false });
  const { services } = kit.node;
  services.configuration.security.enableDebugCommand = 'yes';
  const journal = new StoreJournal({ clock: services.clock, onFirst: () => {} });
  services.stores.default.sink.attach(journal);
  const records: Buffer[] = [];
  const digests = [digestOf(kit)];
  for (const [index, turn] of turns.entries()) {
    journal.syncedBytes = options.synced?.[index] ?? 0;
    for (const line of turn) {
      const [command, ...args] = line.split(' ');
      kit.run(command, ...args);
    }
    journal.seal();
    records.push(Buffer.from(journal.bytes.slice(journal.start, journal.sealedEnd)));
    journal.take(journal.sealedEnd);
    digests.push(digestOf(kit));
    kit.advance(1);
  }
  return { kit, journal, records, digests, log: Buffer.concat(records) };
}

function digestOf(kit: CommandKit): string {
  return String(kit.ask('DEBUG', 'DIGEST'));
}

type Contents = Record<string, Uint8Array | string>;

async function load(contents: Contents, options: Partial<AofLoaderOptions> = {}) {
  const kit = await createCommandKit(4, { records: false });
  kit.node.services.configuration.security.enableDebugCommand = 'yes';
  return { kit, ...loadInto(kit, contents, options) };
}

function loadInto(kit: CommandKit, contents: Contents, options: Partial<AofLoaderOptions> = {}) {
  const { disk } = kit.world;
  disk.makeDirectory(DIRECTORY);
  const files: AofFile[] = [];
  for (const [name, bytes] of Object.entries(contents)) {
    const file = disk.openWrite(`${DIRECTORY}/${name}`, 'create');
    const buffer = Buffer.from(bytes as string, 'latin1');
    file.write(buffer, 0, buffer.length);
    file.close();
    files.push({ name, sequence: files.length + 1, type: name === BASE ? 'b' : 'i' });
  }
  const node = kit.node.services;
  const store = node.stores.default;
  const loader = new AofLoader({
    disk,
    node,
    store,
    directory: DIRECTORY,
    files,
    cutsTail: true,
    cutsDamage: false,
    ...options,
  });
  while (!loader.step(() => true));
  return { loader, sizeOf: (name: string) => disk.readFile(`${DIRECTORY}/${name}`)?.length };
}

async function refusal(contents: Contents, options: Partial<AofLoaderOptions> = {}) {
  try {
    await load(contents, options);
  } catch (error) {
    assert.ok(error instanceof AofError, String(error));
    return error;
  }
  return assert.fail('the log was loaded');
}

const TURNS = [
  ['SET a 1', 'SET b 2'],
  ['RPUSH list x y z', 'INCR a'],
  ['MULTI', 'SET in 1', 'INCR a', 'DEL b', 'EXEC'],
  ['HSET h f v', 'HPEXPIREAT h 9999999999999 FIELDS 1 f'],
  ['SELECT 3', 'SADD set m', 'SELECT 0'],
  ['XADD stream 1-1 f v'],
  ['SET a 10'],
];

test('a log is loaded as it was written, and is left as it is', async () => {
  const { digests, log } = await write(TURNS);
  const { kit, loader, sizeOf } = await load({ [NAME]: log });
  assert.equal(digestOf(kit), digests.at(-1));
  assert.equal(loader.cut, '');
  assert.equal(sizeOf(NAME), log.length);
  assert.deepEqual([loader.loadedBytes, loader.totalBytes], [log.length, log.length]);
  assert.equal(loader.keyCount, 6);
  assert.deepEqual(kit.ask('HPEXPIRETIME', 'h', 'FIELDS', '1', 'f'), [9999999999999]);
});

test('cut at any byte, the whole records before are loaded and the rest is cut off', async () => {
  const { digests, log, records } = await write(TURNS);
  const kit = await createCommandKit(4, { records: false });
  kit.node.services.configuration.security.enableDebugCommand = 'yes';
  for (let length = 0; length < log.length; length++) {
    let wholeCount = 0;
    let wholeBytes = 0;
    while (wholeBytes + records[wholeCount].length <= length) {
      wholeBytes += records[wholeCount++].length;
    }
    kit.run('FLUSHALL');
    const { loader, sizeOf } = loadInto(kit, { [NAME]: log.subarray(0, length) });
    assert.equal(digestOf(kit), digests[wholeCount], `${length} bytes`);
    assert.equal(sizeOf(NAME), wholeBytes);
    assert.equal(loader.cut === '', length === wholeBytes, `${length} bytes: ${loader.cut}`);
  }
});

test('a torn tail refuses the log where aof-load-truncated is off', async () => {
  const { log, records } = await write(TURNS);
  const error = await refusal({ [NAME]: log.subarray(0, log.length - 1) }, { cutsTail: false });
  const lastBytes = records.at(-1)?.length ?? 0;
  assert.deepEqual([error.file, error.offset], [NAME, log.length - lastBytes]);
});

test('any bit turned in what was synced refuses the log, or does no harm', async () => {
  const sizes: number[] = [];
  let total = 0;
  for (const { length } of (await write(TURNS)).records) {
    sizes.push(total);
    total += length;
  }
  // Each record tells that all before it is synced.
  const { digests, log, records } = await write(TURNS, { synced: sizes });
  const kit = await createCommandKit(4, { records: false });
  kit.node.services.configuration.security.enableDebugCommand = 'yes';
  const lastBytes = records.at(-1)?.length ?? 0;
  let refusedCount = 0;
  for (let at = 0; at < log.length; at++) {
    const turned = Buffer.from(log);
    turned[at] ^= 1 << (at % 8);
    kit.run('FLUSHALL');
    try {
      const { loader } = loadInto(kit, { [NAME]: turned });
      const isLast = at >= log.length - lastBytes;
      if (loader.cut !== '') assert.ok(isLast, `byte ${at}: ${loader.cut}`);
      const expected = loader.cut === '' ? digests.at(-1) : digests.at(-2);
      assert.equal(digestOf(kit), expected, `byte ${at}`);
    } catch (error) {
      assert.ok(error instanceof AofError, `byte ${at}: ${error}`);
      assert.ok(error.offset <= at && error.file === NAME, `byte ${at}: ${error.message}`);
      refusedCount++;
    }
  }
  assert.ok(refusedCount > log.length * 0.6, `${refusedCount} of ${log.length}`);
});

test('a record lost before later ones ends the log where none was known to be synced', async () => {
  const { digests, log, records } = await write(TURNS);
  for (let lost = 0; lost < records.length; lost++) {
    const before = Buffer.concat(records.slice(0, lost)).length;
    for (const byte of [0, 0x55]) {
      const torn = Buffer.from(log);
      torn.fill(byte, before, before + records[lost].length);
      if (lost === 0 && byte !== 0) continue;
      const { kit, sizeOf } = await load({ [NAME]: torn });
      assert.equal(digestOf(kit), digests[lost], `record ${lost}`);
      assert.equal(sizeOf(NAME), before);
    }
  }
});

test('the same in what was synced refuses the log', async () => {
  const { log, records } = await write(TURNS, { synced: [0, 0, 0, 0, 500, 500, 500] });
  const torn = Buffer.from(log);
  torn.fill(0, records[0].length, records[0].length + 50);
  const error = await refusal({ [NAME]: torn });
  assert.equal(error.offset, records[0].length);
  const cut = await load({ [NAME]: torn }, { cutsDamage: true });
  assert.equal(cut.sizeOf(NAME), records[0].length);
  assert.match(cut.loader.cut, /a\.1\.incr\.aof/);
});

test('what the system must have written long ago is damage, synced or not', async () => {
  const turns = Array.from({ length: 6 }, (_, i) => [`SET k ${i}`]);
  const kit = await createCommandKit(3, { records: false });
  const { services } = kit.node;
  const journal = new StoreJournal({ clock: services.clock, onFirst: () => {} });
  services.stores.default.sink.attach(journal);
  const records: Buffer[] = [];
  for (const [line] of turns) {
    kit.run(...(line.split(' ') as [string]));
    journal.seal();
    records.push(Buffer.from(journal.bytes.slice(journal.start, journal.sealedEnd)));
    journal.take(journal.sealedEnd);
    kit.advance(60_000);
  }
  const log = Buffer.concat(records);
  log[records[0].length + 20] ^= 1;
  assert.equal((await refusal({ [NAME]: log })).offset, records[0].length);
});

test('a torn end of a file takes the files behind it along, unless they were synced', async () => {
  const first = await write(TURNS);
  const [whole, cutBytes] = [first.log, first.records.at(-1)?.length ?? 0];
  const continued = (syncedBytes: number): Buffer => {
    first.journal.beginFile(whole.length);
    first.kit.run('SET', 'later', '1');
    first.journal.seal();
    first.kit.run('SET', 'last', '1');
    first.journal.syncedBytes = syncedBytes;
    first.journal.seal();
    const bytes = Buffer.from(
      first.journal.bytes.slice(first.journal.start, first.journal.sealedEnd),
    );
    first.journal.take(first.journal.sealedEnd);
    return bytes;
  };
  for (const torn of [whole.subarray(0, whole.length - 3), whole.subarray(0, -cutBytes)]) {
    const { kit, loader, sizeOf } = await load({ [NAME]: torn, [NEXT]: continued(0) });
    assert.equal(digestOf(kit), first.digests.at(-2));
    assert.deepEqual([sizeOf(NAME), sizeOf(NEXT)], [whole.length - cutBytes, 0]);
    assert.match(loader.cut, /a\.2\.incr\.aof/);
    const error = await refusal({ [NAME]: torn, [NEXT]: continued(9) });
    assert.deepEqual([error.file, error.offset], [NAME, whole.length - cutBytes]);
  }
  const { kit } = await load({ [NAME]: whole, [NEXT]: continued(0) });
  assert.equal(kit.ask('GET', 'later'), '1');
});

test('a mark that was torn into the next record ends the log there', async () => {
  const { digests, log, records } = await write(TURNS);
  for (const kept of [1, 2, 3]) {
    const torn = Buffer.from(log).fill(0, kept, records[0].length + 5);
    const { kit, sizeOf } = await load({ [NAME]: torn });
    assert.equal(digestOf(kit), digests[0], `${kept} bytes are left of the mark`);
    assert.equal(sizeOf(NAME), 0);
  }
});

test('a torn file before one that is longer than what came of its data: both are cut', async () => {
  const { digests, log, records } = await write(TURNS);
  const torn = log.subarray(0, -3);
  for (const later of ['\0'.repeat(200), '#h']) {
    const { kit, sizeOf } = await load({ [NAME]: torn, [NEXT]: later });
    assert.equal(digestOf(kit), digests.at(-2));
    const left = log.length - (records.at(-1)?.length ?? 0);
    assert.deepEqual([sizeOf(NAME), sizeOf(NEXT)], [left, 0]);
  }
  const foreign = resp('SET k v');
  assert.equal((await refusal({ [NAME]: torn, [NEXT]: foreign })).file, NAME);
});

test('an increment behind a base tells of an increment that is gone, not of the base', async () => {
  const { journal, kit, log } = await write([['SET a 1']]);
  journal.beginFile(100_000);
  kit.run('SET', 'b', '2');
  journal.seal();
  const next = Buffer.from(journal.bytes.slice(journal.start, journal.sealedEnd));
  const loaded = await load(
    { [NAME]: log, [NEXT]: next },
    {
      files: [
        { name: NAME, sequence: 1, type: 'b' },
        { name: NEXT, sequence: 2, type: 'i' },
      ],
    },
  );
  assert.equal(loaded.loader.cut, '');
  assert.equal(loaded.kit.ask('GET', 'b'), '2');
});

const resp = (...commands: string[]): string =>
  commands
    .map((line) => line.split(' '))
    .map(
      (words) =>
        `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`,
    )
    .join('');

test('a log of redis-server is loaded, its times and comments included', async () => {
  const commands = resp('SELECT 0', 'SET a 1', 'MULTI', 'INCR a', 'SADD s m', 'EXEC');
  const log = `#TS:1700000000\r\n${commands}`;
  const { kit, loader } = await load({ [NAME]: `${log}#something else\r\n${resp('INCR a')}` });
  assert.deepEqual([kit.ask('GET', 'a'), kit.ask('SCARD', 's')], ['3', 1]);
  assert.equal(loader.failedCount, 0);
});

test('records may stand behind what redis-server wrote, and the other way round', async () => {
  const { log } = await write([['RPUSH n a'], ['RPUSH n b']]);
  const plain = resp('SELECT 0', 'RPUSH n c');
  for (const bytes of [plain + log.toString('latin1'), log.toString('latin1') + plain]) {
    const { kit } = await load({ [NAME]: bytes });
    assert.equal(kit.ask('LLEN', 'n'), 3);
  }
});

test('a log of redis-server that ends in the midst is cut at its last whole command', async () => {
  const head = resp('SELECT 0', 'SET a 1');
  const tail = resp('SET b 2');
  for (let length = 1; length < tail.length; length++) {
    const { kit, sizeOf } = await load({ [NAME]: head + tail.slice(0, length) });
    assert.equal(sizeOf(NAME), head.length);
    assert.equal(kit.ask('DBSIZE'), 1);
  }
  const group = resp('MULTI', 'SET b 2', 'SET c 3');
  const { kit, sizeOf } = await load({ [NAME]: head + group });
  assert.deepEqual([sizeOf(NAME), kit.ask('DBSIZE')], [head.length, 1]);
  const error = await refusal({ [NAME]: head + group, [NEXT]: resp('SELECT 0', 'SET d 4') });
  assert.equal(error.offset, head.length, 'only the last file may end so');
});

test('what is no log is refused and left as it is', async () => {
  const rows: [string, RegExp][] = [
    ['hello world', /no command/],
    [`${resp('SET a 1')}garbage`, /no command/],
    [resp('NOSUCH a'), /unknown/],
    [resp('SET a'), /arguments/],
    [resp('SELECT 99'), /database/],
    [resp('EXEC'), /begun/],
    ['*1\r\n$3\r\nSETxx', /no command/],
    ['*-1\r\n', /no command/],
    ['*1\r\n$99999999999\r\n', /no command/],
    ['#hc+ !!!\r\n*1\r\n$4\r\nPING\r\n#hc+ AAAA\r\n', /annotation|unknown/],
  ];
  for (const [text, reason] of rows) {
    const error = await refusal({ [NAME]: text });
    assert.match(error.reason, reason, text);
  }
  const missing = await refusal({}, { files: [{ name: 'gone.aof', sequence: 1, type: 'i' }] });
  assert.match(missing.message, /gone\.aof.*missing/);
});

test('time stands still: what was alive for a command then is alive for it now', async () => {
  const { kit: source, log } = await write([
    ['SET k 5 PX 50'],
    ['INCR k', 'PEXPIRE k 40'],
    ['SET other 1 PX 20'],
    ['APPEND other x', 'HSET h f 1', 'HPEXPIRE h 30 FIELDS 1 f'],
    ['HINCRBY h f 4'],
  ]);
  const deadlineMs = Number(source.ask('PEXPIRETIME', 'k'));
  const kit = await createCommandKit(4, { records: false });
  // Long after: everything has expired, but nobody has said so.
  kit.world.clock.setWallMs(deadlineMs + 10_000_000);
  kit.advance(0);
  kit.node.services.stores.default.activeExpiryEnabled = false;
  loadInto(kit, { [NAME]: log });
  const { stats } = kit.node.services.stores.default;
  assert.ok(stats !== null);
  assert.equal(kit.ask('DBSIZE'), 3, 'it goes in the usual way');
  assert.deepEqual(
    [kit.ask('EXISTS', 'k'), kit.ask('EXISTS', 'other'), kit.ask('HGET', 'h', 'f')],
    [0, 0, null],
  );
});

test('time stands still from the base on: what the log keeps alive is not lost', async () => {
  const node = await KeptNode.start({ 'cache.eviction_policy': 'lru' });
  await node.ask('SET k 1 PX 90000', 'RPUSH l x', 'PEXPIRE l 90000', 'SET gone 1 PX 90000');
  await node.ask('HSET h f 1 g 2', 'HPEXPIRE h 90000 FIELDS 2 f g', 'BGREWRITEAOF');
  await node.untilIdle();
  await node.ask('PERSIST k', 'PEXPIRE l 900000000', 'HPERSIST h FIELDS 1 f');
  const [base, log] = node
    .files('/data/appendonlydir')
    .map((file) => node.disk.readFile(file) ?? new Uint8Array());
  const kit = await createCommandKit(4, { records: false });
  kit.world.clock.setWallMs(node.kit.world.clock.wallMs() + 100_000);
  kit.advance(0);
  loadInto(kit, { [BASE]: base, [NAME]: log });
  assert.deepEqual(
    [kit.ask('GET', 'k'), kit.ask('LLEN', 'l'), kit.ask('GET', 'gone')],
    ['1', 1, null],
  );
  assert.deepEqual(kit.ask('HGETALL', 'h'), ['f', '1']);
  // And how long they were not used is counted from when the base was written.
  assert.ok(Number(kit.ask('OBJECT', 'IDLETIME', 'k')) < 1_000);
});

test('a default time to live is not given once more', async () => {
  const kit = await createCommandKit(4, { records: false });
  kit.node.services.stores.default.defaultTtlMs = 1000;
  loadInto(kit, { [NAME]: resp('SELECT 0', 'SET a 1', 'RPUSH l x') });
  assert.deepEqual([kit.ask('PTTL', 'a'), kit.ask('PTTL', 'l')], [-1, -1]);
  assert.equal(kit.node.services.stores.default.defaultTtlMs, 1000);
});

test('a log larger than any buffer is read in slices, and its clock is given back', async () => {
  const value = 'x'.repeat(700_000);
  const log = resp('SELECT 0', ...Array.from({ length: 9 }, (_, i) => `SET k${i} ${value}`));
  const kit = await createCommandKit(4, { records: false });
  const { nowMs } = kit.node.services.clock;
  const { loader } = loadInto(kit, { [NAME]: log });
  assert.equal(loader.loadedBytes, log.length);
  assert.equal(kit.ask('STRLEN', 'k8'), 700_000);
  assert.equal(kit.node.services.clock.nowMs, nowMs);
  assert.equal(kit.node.services.stores.default.isLoading, false);
});

test('what a client wrote to look like a record of ours is none', async () => {
  const forged = (synced: number) => {
    const rest = ` synced=${synced} at=1790000000000\r\n`;
    const crc = crc32(Buffer.from(rest)).toString(16).padStart(8, '0');
    return `#hc len=0 crc=${crc}${rest}`;
  };
  const long = '#hc len=99000000 crc=00000000 synced=0 at=0\r\n';
  const value = `${forged(99_999_999)}${long}`.repeat(50);
  const bytes = Buffer.from(`garbage in place of a record's line\r\n${value}`);
  let readBytes = 0;
  const source = {
    byteCount: 100_100_000,
    read(into: Uint8Array, start: number, end: number, position: number) {
      const part = bytes.subarray(position, position + end - start);
      into.set(part, start);
      const length = Math.min(end - start, 100_100_000 - position);
      readBytes += length;
      return length;
    },
  };
  const seen = findRecords(source, 0);
  assert.deepEqual([seen.count, seen.syncedBytes], [0, 0]);
  assert.ok(readBytes < 4 * source.byteCount, `${readBytes} bytes read`);
  // With a place that it could have, it is taken for what it looks like.
  const plausible = Buffer.from(`${' '.repeat(600)}${forged(500)}`);
  const small = { byteCount: plausible.length, read: readFrom(plausible) };
  assert.equal(findRecords(small, 0).syncedBytes, 500);
});

function readFrom(bytes: Uint8Array) {
  return (into: Uint8Array, start: number, end: number, position: number): number => {
    const part = bytes.subarray(position, position + end - start);
    into.set(part, start);
    return part.length;
  };
}
