import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeReply,
  encodeCommand,
  MalformedReply,
  plainReply,
  type Reply,
  ReplyDecoder,
} from './reply-decoder.ts';

const STREAM =
  '+OK\r\n-ERR no\r\n:-12\r\n:9223372036854775807\r\n$5\r\na\r\nbc\r\n$0\r\n\r\n' +
  '$-1\r\n*-1\r\n_\r\n' +
  '*2\r\n*0\r\n*1\r\n$1\r\nx\r\n%1\r\n+k\r\n:1\r\n~1\r\n#t\r\n>2\r\n+a\r\n+b\r\n,3.5\r\n,-inf\r\n' +
  '(123456789012345678901234567890\r\n=7\r\ntxt:abc\r\n%0\r\n';

const DESCRIBED = [
  '+OK',
  '-ERR no',
  ':-12',
  ':9223372036854775807',
  '"a\\r\\nbc"',
  '""',
  'null($)',
  'null(*)',
  'null(_)',
  '[[] ["x"]]',
  'map{+k=>:1}',
  'set{#t}',
  'push[+a +b]',
  ',3.5',
  ',-inf',
  '(123456789012345678901234567890',
  '=txt:"abc"',
  'map{}',
];

test('every kind of reply keeps its kind, whole or split at any byte', () => {
  const bytes = Buffer.from(STREAM, 'latin1');
  for (let cut = 0; cut <= bytes.length; cut++) {
    const decoder = new ReplyDecoder();
    const replies = [...decoder.feed(bytes.subarray(0, cut)), ...decoder.feed(bytes.subarray(cut))];
    assert.deepEqual(
      replies.map((reply) => describeReply(reply)),
      DESCRIBED,
      `cut at ${cut}`,
    );
    assert.equal(decoder.isAtBoundary, true);
  }
});

test('a stream that arrives byte by byte decodes the same', () => {
  const decoder = new ReplyDecoder();
  const replies: Reply[] = [];
  for (const byte of Buffer.from(STREAM, 'latin1')) replies.push(...decoder.feed(Buffer.of(byte)));
  assert.deepEqual(
    replies.map((reply) => describeReply(reply)),
    DESCRIBED,
  );
});

test('nesting ten thousand deep does not recurse while it decodes', () => {
  const decoder = new ReplyDecoder();
  const replies = decoder.feed(Buffer.from(`${'*1\r\n'.repeat(10_000)}:7\r\n`));
  assert.equal(replies.length, 1);
  let depth = 0;
  let reply: Reply = replies[0];
  while (reply.kind === 'array') {
    reply = reply.items[0];
    depth++;
  }
  assert.equal(depth, 10_000);
});

test('what Redis never sends is malformed', () => {
  const bad = ['?\r\n', ':01\r\n', ':+1\r\n', '$-2\r\n', '$01\r\nx\r\n', '$1\r\nxyz', '*x\r\n'];
  bad.push('#x\r\n', '_x\r\n', ',x\r\n', '(x\r\n', '=3\r\nabc\r\n', '+a\nb\r\n', '\r\n');
  for (const text of bad) {
    assert.throws(() => new ReplyDecoder().feed(Buffer.from(text)), MalformedReply, text);
  }
});

test('unordered description ignores the order of members only', () => {
  const decode = (text: string): Reply => new ReplyDecoder().feed(Buffer.from(text))[0];
  const one = decode('~2\r\n+a\r\n+b\r\n');
  const two = decode('~2\r\n+b\r\n+a\r\n');
  assert.equal(describeReply(one, false), describeReply(two, false));
  assert.notEqual(describeReply(one), describeReply(two));
});

test('plain values and encoded commands', () => {
  const [reply] = new ReplyDecoder().feed(Buffer.from('%1\r\n$1\r\nk\r\n*2\r\n:1\r\n_\r\n'));
  assert.deepEqual(plainReply(reply), new Map([['k', [1, null]]]));
  assert.equal(
    Buffer.from(encodeCommand(['SET', Buffer.of(0xff), 12])).toString('latin1'),
    '*3\r\n$3\r\nSET\r\n$1\r\n\xff\r\n$2\r\n12\r\n',
  );
});
