import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { crc64 } from '../base/digest/crc64.ts';
import { freezeNow } from '../engine/snapshot/live-entry.ts';
import { beginSnapshot } from '../engine/snapshot/store-snapshot.ts';
import { type CommandKit, createCommandKit } from '../testing/command-kit.ts';
import { frameOf } from '../testing/engine-fixture.ts';
import { type RdbDatabaseSize, type RdbFileFacts, RdbFileWriter } from './file-writer.ts';
import type { RdbWriteOptions } from './write/write-options.ts';

const LATER_MS = 4_102_444_800_001;
const FACTS: RdbFileFacts = {
  createdS: 1_700_000_000,
  usedMemoryBytes: 2 ** 33,
  isLogBase: true,
  functionCodes: [],
};
const HEAD =
  'REDIS0010' +
  '\xfa\x09redis-ver\x067.0.15' +
  '\xfa\x0aredis-bits\xc0\x40' +
  '\xfa\x05ctime\xc2\x00\xf1\x53\x65' +
  '\xfa\x08used-mem\x0a8589934592' +
  '\xfa\x08aof-base\xc0\x01';

let kit: CommandKit;

beforeEach(async () => {
  kit = await createCommandKit(1, { records: false });
});

test('a file begins with what redis-server writes of itself, functions, and what is ours', () => {
  const code = Buffer.from("#!lua name=l\nredis.register_function('f', function() end)", 'latin1');
  const writer = new RdbFileWriter(options());
  const auxFields = [{ name: 'hc-stamp', value: '17' }];
  writer.begin({ ...FACTS, functionCodes: [code], auxFields }, []);
  const library = `\xf5${String.fromCharCode(code.length)}${code.toString('latin1')}`;
  assert.equal(takeText(writer), `${HEAD}\xfa\x08hc-stamp\x0217${library}`);
});

test('a database is selected when it changes; its sizes are told once', () => {
  kit.run('SET', 'a', 'x');
  kit.run('SELECT', 3);
  kit.run('SET', 'b', 'y', 'PXAT', LATER_MS);
  const writer = begin([
    { index: 0, keyCount: 1, deadlineCount: 0 },
    { index: 3, keyCount: 300, deadlineCount: 70 },
  ]);
  for (const [index, key] of [
    [0, 'a'],
    [0, 'a'],
    [3, 'b'],
    [0, 'a'],
  ] as const) {
    writer.writeSmall(frozen(index, key));
  }
  const deadline = '\xfc\x01\xd8\xc3\x2c\xbb\x03\0\0';
  const first = '\0\x01a\x01x';
  const second = `${deadline}\0\x01b\x01y`;
  assert.equal(
    takeText(writer),
    `\xfe\0\xfb\x01\0${first}${first}\xfe\x03\xfb\x41\x2c\x40\x46${second}\xfe\0${first}`,
  );
});

test('the use of a key stands in front of it where the policy keeps one', () => {
  kit.run('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  kit.run('SET', 'a', 'x');
  kit.advance(70_000);
  const idle = begin([], { use: 'idle' });
  idle.writeSmall(frozen(0, 'a'));
  assert.equal(takeText(idle), '\xfe\0\xf8\x40\x46\0\x01a\x01x');
  kit.run('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
  kit.run('SET', 'b', 'x');
  const frequency = begin([], { use: 'frequency' });
  frequency.writeSmall(frozen(0, 'b'));
  assert.equal(takeText(frequency), '\xfe\0\xf9\x05\0\x01b\x01x');
});

test('entries written while a large one is under way stand whole behind it', () => {
  kit.run('RPUSH', 'large', ...Array.from({ length: 3_000 }, (_, i) => `element ${i}`));
  kit.run('SET', 'a', 'x');
  kit.run('SELECT', 2);
  kit.run('SET', 'b', 'y');
  const writer = begin([]);
  const [a, b] = ['\0\x01a\x01x', '\0\x01b\x01y'];
  const writeLarge = (early: readonly [number, string][]) => {
    const steps = writer.writeLarge(frozen(0, 'large'));
    let stepCount = 0;
    for (; steps.next().done !== true; stepCount++) {
      const next = early[stepCount - 1];
      if (next !== undefined) writer.writeSmall(frozen(...next));
    }
    assert.ok(stepCount > early.length);
    assert.equal(writer.heldBytes, 0);
    const text = takeText(writer);
    return text.slice(text.lastIndexOf('element 2999'));
  };
  writer.writeSmall(frozen(0, 'a'));
  const early = writeLarge([
    [2, 'b'],
    [2, 'b'],
    [0, 'a'],
    [2, 'b'],
  ]);
  assert.ok(early.endsWith(`\xfe\x02${b}${b}\xfe\0${a}\xfe\x02${b}`));
  writer.writeSmall(frozen(2, 'b'));
  assert.equal(takeText(writer), b);
  assert.ok(writeLarge([[2, 'b']]).endsWith(`\xfe\x02${b}`));
  assert.ok(!writeLarge([]).includes('\xfe'));
  writer.writeSmall(frozen(0, 'a'));
  assert.equal(takeText(writer), a);
});

test('taken in pieces or whole, a file is the same, and its checksum is of all before it', () => {
  for (let i = 0; i < 500; i++) kit.run('SET', `key${i}`, `value ${i}`.repeat(1 + (i % 40)));
  const [whole] = writeAll(Number.POSITIVE_INFINITY);
  const [pieces, pieceCount] = writeAll(1);
  assert.ok(pieceCount > 5);
  assert.ok(pieces.equals(whole));
  const end = whole.length - 8;
  assert.equal(whole[end - 1], 0xff);
  assert.deepEqual(whole.subarray(end), Buffer.from(crc64(whole.subarray(0, end))));
  const [unchecked] = writeAll(7, { hasChecksum: false });
  assert.ok(unchecked.equals(Buffer.concat([whole.subarray(0, end), Buffer.alloc(8)])));
});

test('a string that is written in steps is not compressed, a shorter one is', () => {
  kit.run('SET', 'k', 'x'.repeat(3_000_000));
  const [whole] = writeAll(2);
  assert.ok(whole.length > 3_000_000);
  assert.ok(whole.includes('x'.repeat(3_000_000)));
  kit.run('SET', 'k', 'x'.repeat(1_000_000));
  assert.ok(writeAll(2)[0].length < 50_000);
});

function options(changes: Partial<RdbWriteOptions> = {}): RdbWriteOptions {
  return {
    compresses: true,
    compressedBytesMax: 1024 * 1024,
    hasChecksum: true,
    use: 'none',
    listNodeSize: -2,
    nowMs: kit.node.services.clock.nowMs,
    ...changes,
  };
}

/** A file whose head has been taken. */
function begin(
  databases: readonly RdbDatabaseSize[],
  changes: Partial<RdbWriteOptions> = {},
): RdbFileWriter {
  const writer = new RdbFileWriter(options(changes));
  writer.begin(FACTS, databases);
  assert.equal(writer.pendingBytes, HEAD.length);
  assert.equal(takeText(writer), HEAD);
  assert.equal(writer.pendingBytes, 0);
  return writer;
}

function frozen(index: number, key: string) {
  const database = kit.node.services.stores.default.databases[index];
  return freezeNow(database, database.find(frameOf(key), 0));
}

function takeText(writer: RdbFileWriter): string {
  return Buffer.from(writer.takeBytes()).toString('latin1');
}

/** The store as a file, taken after each so many steps. @returns it, and in how many pieces */
function writeAll(stepsPerPiece: number, changes: Partial<RdbWriteOptions> = {}): [Buffer, number] {
  const writer = new RdbFileWriter(options(changes));
  const snapshot = beginSnapshot(kit.node.services.stores.default, writer);
  writer.begin(FACTS, snapshot.databases);
  const pieces: Buffer[] = [];
  for (;;) {
    let left = stepsPerPiece;
    if (snapshot.step(() => --left <= 0)) break;
    pieces.push(Buffer.from(writer.takeBytes()));
  }
  writer.end();
  const { byteCount } = writer;
  pieces.push(Buffer.from(writer.takeBytes()));
  const file = Buffer.concat(pieces);
  assert.equal(byteCount, file.length);
  assert.equal(writer.byteCount, file.length);
  return [file, pieces.length];
}
