import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, isLoopback, parseAddress } from './ip-address.ts';

test('addresses come back in their usual form', () => {
  const cases: [string, string][] = [
    ['10.0.0.255', '10.0.0.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1:0:3:4:5:6:7:8', '1:0:3:4:5:6:7:8'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ];
  for (const [text, expected] of cases) {
    const bytes = parseAddress(text);
    assert.ok(bytes !== null, text);
    assert.equal(formatAddress(bytes), expected);
  }
});

test('what is no numeric address is none', () => {
  for (const text of [
    '',
    'host',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4.5',
    ':',
    ':::',
    '1::2::3',
    'g::',
  ]) {
    assert.equal(parseAddress(text), null, text);
  }
  for (const text of ['1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '12345::', '1:2:3:4:5:6:7::8:9']) {
    assert.equal(parseAddress(text), null, text);
  }
  assert.equal(formatAddress(new Uint8Array(5)), '');
});

test('loopback is the machine itself', () => {
  assert.ok(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].every(isLoopback));
  assert.ok(!['10.0.0.1', '128.0.0.1', '::', 'fe80::1', '0.0.0.0'].some(isLoopback));
});
