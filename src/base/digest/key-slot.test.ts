import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc16, SLOT_COUNT, slotOfKey } from './key-slot.ts';

function slotOf(key: string): number {
  const bytes = Buffer.from(`..${key}..`, 'latin1');
  return slotOfKey(bytes, 2, key.length);
}

test('crc16 gives the check value of its family', () => {
  assert.equal(crc16(Buffer.from('123456789'), 0, 9), 0x31c3);
});

test('slotOfKey goes by the sum of all bytes, however many they are', () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => (i * 89 + 7) & 0x7a);
  for (let start = 0; start < 4; start++) {
    for (let end = start; end <= bytes.length; end++) {
      const slot = crcByBits(bytes.subarray(start, end)) % SLOT_COUNT;
      assert.equal(slotOfKey(bytes, start, end - start), slot, `${start} ${end}`);
    }
  }
});

test('slotOfKey is what CLUSTER KEYSLOT of redis-server answers', () => {
  const slots: [string, number][] = [
    ['', 0],
    ['foo', 12182],
    ['somekey', 11058],
    ['foo{hash_tag}', 2515],
    ['{user1000}.following', 3443],
    ['user1000', 3443],
  ];
  for (const [key, slot] of slots) assert.equal(slotOf(key), slot, key);
});

test('slotOfKey takes what is between the first brace and the next closing one', () => {
  assert.equal(slotOf('foo{}{bar}'), crcSlot('foo{}{bar}'));
  assert.equal(slotOf('foo{{bar}}zap'), crcSlot('{bar'));
  assert.equal(slotOf('foo{bar}{zap}'), crcSlot('bar'));
  assert.equal(slotOf('foo{bar'), crcSlot('foo{bar'));
  assert.equal(slotOf('foo}bar{zap}'), crcSlot('zap'));
  assert.equal(slotOf('{'), crcSlot('{'));
  assert.equal(slotOf('{a}'), crcSlot('a'));
});

function crcSlot(text: string): number {
  return crc16(Buffer.from(text, 'latin1'), 0, text.length) % SLOT_COUNT;
}

function crcByBits(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let i = 0; i < 8; i++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    crc &= 0xffff;
  }
  return crc;
}
