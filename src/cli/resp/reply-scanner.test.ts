import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyScanner } from './reply-scanner.ts';

const REPLIES: readonly (readonly [text: string, told: string])[] = [
  ['+OK\r\n', 'reply'],
  [':-42\r\n', 'reply'],
  ['$5\r\na\r\n:b\r\n', 'reply'],
  ['$0\r\n\r\n', 'reply'],
  ['$-1\r\n', 'null'],
  ['*-1\r\n', 'null'],
  ['*0\r\n', 'reply'],
  ['*2\r\n$-1\r\n*2\r\n:1\r\n+x\r\n', 'reply'],
  ['-ERR no such thing\r\n', 'error ERR no such thing'],
  ['*2\r\n:1\r\n-WRONGTYPE of one\r\n', 'error WRONGTYPE of one'],
  ['*1\r\n*-1\r\n', 'reply'],
];

function scanIn(pieceLength: number): string[] {
  const bytes = Buffer.from(REPLIES.map(([text]) => text).join(''));
  const told: string[] = [];
  const scanner = new ReplyScanner();
  const onReply = (isError: boolean, isNull: boolean): void => {
    told.push(isError ? `error ${scanner.errorText}` : isNull ? 'null' : 'reply');
  };
  for (let start = 0; start < bytes.length; start += pieceLength) {
    const end = Math.min(start + pieceLength, bytes.length);
    assert.ok(scanner.scan(bytes, start, end, { onReply }));
  }
  return told;
}

test('each reply is told once when it is whole, however the stream is cut', () => {
  const wanted = REPLIES.map(([, told]) => told);
  for (const pieceLength of [1, 2, 3, 5, 7, 1000]) {
    assert.deepEqual(scanIn(pieceLength), wanted, `in pieces of ${pieceLength}`);
  }
});

test('what is no RESP2 is told at its first byte', () => {
  const scanner = new ReplyScanner();
  const sink = { onReply: () => assert.fail('there is no reply') };
  const bytes = Buffer.from('HTTP/1.1 400 Bad Request\r\n');
  assert.equal(scanner.scan(bytes, 0, bytes.length, sink), false);
});
