import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';
import { freezeNow } from '../../engine/snapshot/live-entry.ts';
import { StreamId } from '../../engine/values/stream/stream-id.ts';
import { markJson } from '../../engine/values/string/string-value.ts';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';
import { frameOf } from '../../testing/engine-fixture.ts';
import { OPCODE, OWN_AUX, PAYLOAD_FOOTER_BYTES, RDB_TYPE } from '../format.ts';
import { RdbBuffer } from '../rdb-buffer.ts';
import { ConsumerBatch } from './consumer-batch.ts';
import { dumpPayload } from './dump-payload.ts';
import { keyUseOf } from './write-options.ts';

const LATER_MS = 4_102_444_800_000;

let kit: CommandKit;

before(async () => {
  kit = await createCommandKit(1, { records: false });
});

beforeEach(() => {
  kit.run('FLUSHALL');
});

/** Payloads of redis-server 7.0.15 for the same commands. */
const PAYLOADS: readonly [string[][], string][] = [
  [[['SET', 'k', '-129']], '00c17fff0a001760822854808480'],
  [[['SET', 'k', '2147483648']], '000a323134373438333634380a00e7b129a34c1d76ee'],
  [
    [['RPUSH', 'k', 'a', 'b', '1', '-5', '12345678901234']],
    '1201021c1c00000005008161028162020101dffb02f4f22fce733a0b000009ff0a009c6d44afd2ce8071',
  ],
  [
    [['HSET', 'k', 'f', 'v', 'g', '1', 'h', 'x'.repeat(64)]],
    '10c31e4058165800000006008166028176028167020101816802e04078e036000142ff0a00704dc3dedab4e7f0',
  ],
  [[['HSET', 'k', 'f', 'x'.repeat(65)]], '04010166c3094041017878e034000178780a00f106d1071b265c18'],
  [[['SADD', 'k', '1', '200000']], '0b10040000000200000001000000400d03000a008e627b4d9a12e473'],
  [[['SADD', 'k', 'abc']], '0201036162630a00a3cbec4c8c2f31f0'],
  [
    [['ZADD', 'k', '1', 'x'.repeat(65), '2', 'b', '3.25', 'c']],
    '050301630000000000000a4001620000000000000040c3094041017878e03400017878000000000000f03f' +
      '0a0056d2c3d3547ae718',
  ],
  [
    [
      ['XADD', 'k', '1-1', 'a', 'b'],
      ['XADD', 'k', '1-2', 'a', '7'],
      ['XADD', 'k', '5-0', 'c', 'd'],
      ['XDEL', 'k', '1-2'],
    ],
    '130110000000000000000100000000000000013838000000160002010101010181610200010201000100' +
      '0181620204010301000101010701040100010401dfff0201018163028164020601ff0205000101010203' +
      '000a00d61b1f73e5159768',
  ],
  [
    [['XGROUP', 'CREATE', 'k', 'g', '$', 'MKSTREAM']],
    '13000000000000000000010167000081ffffffffffffffff00000a00a01a953dfb9cddde',
  ],
];

test('a payload is byte for byte that of redis-server', () => {
  for (const [commands, wanted] of PAYLOADS) {
    kit.run('FLUSHALL');
    for (const words of commands) kit.run(...words);
    assert.equal(dump().toString('hex'), wanted, `${commands[0]}`);
  }
});

test('DUMP of a key that is not there is nil, and of one that is a use of it', () => {
  assert.equal(kit.ask('DUMP', 'k'), null);
  kit.run('SET', 'k', 'text');
  const hits = () => /keyspace_hits:(\d+)/.exec(String(kit.ask('INFO', 'stats')))?.[1];
  const hitsBefore = Number(hits());
  assert.equal(dump().toString('latin1', 0, 6), '\0\x04text');
  assert.equal(Number(hits()), hitsBefore + 1);
});

test('rdbcompression no leaves texts as they are', () => {
  kit.run('SET', 'k', 'x'.repeat(100));
  const compressed = dump();
  kit.run('CONFIG', 'SET', 'rdbcompression', 'no');
  const plain = dump();
  kit.run('CONFIG', 'SET', 'rdbcompression', 'yes');
  assert.ok(compressed.length < 40);
  assert.equal(plain.toString('latin1', 0, 103), `\0\x40\x64${'x'.repeat(100)}`);
});

test('nodes of a list hold as much as list-max-listpack-size says', () => {
  kit.run('RPUSH', 'k', ...Array.from({ length: 1_000 }, (_, i) => `element ${i}`));
  const nodeCounts = [1, 100, 5_000, -1, -2, -5].map((size) => {
    const { bytes } = payloadOf('k', { listNodeSize: size });
    assert.equal(bytes[0], RDB_TYPE.LIST_QUICKLIST_2);
    return bytes[1] < 64 ? bytes[1] : ((bytes[1] & 63) << 8) | bytes[2];
  });
  assert.deepEqual(nodeCounts, [1_000, 10, 2, 4, 2, 1]);
});

test('a hash whose listpack is a tree here is one listpack there', () => {
  const pairs = Array.from({ length: 100 }, (_, i) => [`field${i}`, `value ${i}`]).flat();
  kit.run('HSET', 'k', ...pairs);
  assert.equal(kit.ask('OBJECT', 'ENCODING', 'k'), 'listpack');
  assert.equal(dump()[0], RDB_TYPE.HASH_LISTPACK);
  kit.run('HSET', 'k', 'long', 'x'.repeat(100));
  assert.equal(dump()[0], RDB_TYPE.HASH);
});

test('deadlines of fields stand behind the value, fields that have expired nowhere', () => {
  for (const count of [3, 300, 3_000]) {
    kit.run('FLUSHALL');
    const fields = Array.from({ length: count }, (_, i) => `f${i}`);
    kit.run('HSET', 'k', ...fields.flatMap((field) => [field, 'v']));
    kit.run('HPEXPIREAT', 'k', LATER_MS, 'FIELDS', 1, 'f0');
    kit.run('HPEXPIREAT', 'k', LATER_MS + 1, 'FIELDS', 1, 'f1');
    const whole = payloadOf('k');
    assert.ok(whole.text.includes(`${OWN_AUX.FIELD_DEADLINES}\x17\0\x02f0`) || count > 3);
    assert.deepEqual(deadlinesIn(whole.bytes), { f0: LATER_MS, f1: LATER_MS + 1 });
    const later = payloadOf('k', { nowMs: LATER_MS });
    assert.deepEqual(deadlinesIn(later.bytes), { f1: LATER_MS + 1 });
    const last = payloadOf('k', { nowMs: LATER_MS + 1 });
    assert.ok(!last.text.includes(OWN_AUX.PREFIX));
    if (count > 1_000) assert.equal(last.bytes[1] & 63, (count - 2) >> 8);
  }
});

test('of a hash whose fields have all expired nothing is written', () => {
  for (const count of [1, 600]) {
    const fields = Array.from({ length: count }, (_, i) => `f${i}`);
    kit.run('HSET', 'k', ...fields.flatMap((field) => [field, 'v']));
    kit.run('HPEXPIREAT', 'k', LATER_MS, 'FIELDS', count, ...fields);
    assert.ok(payloadOf('k', { nowMs: LATER_MS - 1 }).bytes.length > 10);
    assert.equal(payloadOf('k', { nowMs: LATER_MS }).bytes.length, 0);
  }
});

test('the JSON bit stands behind the value', () => {
  kit.run('SET', 'k', '17');
  const { database } = kit.session;
  markJson(database, database.find(frameOf('k'), 0));
  const payload = dump();
  const aux = Buffer.from(`${String.fromCharCode(OPCODE.AUX)}\x07${OWN_AUX.JSON}\x011`, 'latin1');
  assert.deepEqual(payload.subarray(0, 3), Buffer.from([0, 0xc0, 17]));
  assert.deepEqual(payload.subarray(3, -PAYLOAD_FOOTER_BYTES), aux);
});

test('what each consumer has pending comes back with it', () => {
  const count = 3_000;
  for (let i = 1; i <= count; i++) kit.run('XADD', 'k', `${i}-0`, 'f', 'v');
  kit.run('XGROUP', 'CREATE', 'k', 'g', '0');
  for (let i = 0; i < 60; i++) {
    kit.run('XREADGROUP', 'GROUP', 'g', `c${i % 7}`, 'COUNT', i, 'STREAMS', 'k', '>');
    kit.advance(10);
  }
  const payload = dump();
  assert.equal(kit.ask('RESTORE', 'restored', 0, payload), 'OK');
  assert.deepEqual(kit.ask('XPENDING', 'restored', 'g'), kit.ask('XPENDING', 'k', 'g'));
  const idleOf = (key: string) =>
    (kit.ask('XINFO', 'CONSUMERS', key, 'g') as unknown[][]).map((facts) => facts.slice(0, 6));
  assert.deepEqual(idleOf('restored'), idleOf('k'));
  const pendingOf = (key: string) => kit.ask('XPENDING', key, 'g', '-', '+', count, 'c1');
  assert.deepEqual(pendingOf('restored'), pendingOf('k'));
  assert.ok(dump('restored').equals(payload));
});

test('consumers share a walk while there is room for what they have', () => {
  const batch = new ConsumerBatch(10);
  batch.add(7, 12);
  assert.equal(batch.takes(0), false);
  batch.clear();
  batch.add(3, 4);
  assert.equal(batch.takes(7), false);
  assert.equal(batch.takes(6), true);
  batch.add(1, 6);
  const id = new StreamId();
  for (let i = 0; i < 10; i++) {
    assert.equal(batch.isOpen, true);
    batch.note(i % 5 < 2 ? 3 : 1, id.set(i, 1));
  }
  assert.equal(batch.isOpen, false);
  assert.deepEqual([batch.has(3), batch.has(4)], [true, false]);
  const buffer = new RdbBuffer({ compresses: false, compressedBytesMax: 0 });
  batch.writeIds(buffer, 3);
  const times = [0, 1, 2, 3].map((i) => buffer.view.getUint32(16 * i + 4));
  assert.deepEqual([buffer.length, times], [64, [0, 1, 5, 6]]);
});

test('of a key’s use is written what redis-server would write', () => {
  assert.equal(keyUseOf('allkeys-lru'), 'idle');
  assert.equal(keyUseOf('volatile-lru'), 'idle');
  assert.equal(keyUseOf('allkeys-lfu'), 'frequency');
  for (const other of ['noeviction', 'volatile-ttl', 'allkeys-random', 's3fifo']) {
    assert.equal(keyUseOf(other), 'none', other);
  }
});

function dump(key = 'k'): Buffer {
  const reply = kit.run('DUMP', key);
  assert.equal(reply.kind, 'bulk');
  return Buffer.from((reply as { bytes: Uint8Array }).bytes);
}

/** The payload with other options than DUMP's, without its footer. */
function payloadOf(key: string, options: { nowMs?: number; listNodeSize?: number } = {}) {
  const { database } = kit.session;
  const entry = database.find(frameOf(key), 0);
  const { bytes, length } = dumpPayload(freezeNow(database, entry), {
    compresses: false,
    listNodeSize: -2,
    nowMs: 0,
    ...options,
  });
  const body = Buffer.from(bytes.subarray(0, Math.max(0, length - PAYLOAD_FOOTER_BYTES)));
  return { bytes: body, text: body.toString('latin1') };
}

/** What the AUX field at the end says. */
function deadlinesIn(payload: Buffer): Record<string, number> {
  const found: Record<string, number> = {};
  const at = payload.indexOf(OWN_AUX.FIELD_DEADLINES);
  assert.equal(payload[at - 2], OPCODE.AUX);
  const value = payload.subarray(at + OWN_AUX.FIELD_DEADLINES.length);
  assert.equal(value[0], value.length - 1);
  assert.equal(value[1], 0);
  for (let place = 2; place < value.length; ) {
    const end = place + 1 + value[place];
    found[value.toString('latin1', place + 1, end)] = Number(value.readBigInt64LE(end));
    place = end + 8;
  }
  return found;
}
