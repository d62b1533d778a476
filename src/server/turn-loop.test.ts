import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUTHENTICATED_LIMITS, FrameParser } from '../protocol/frame-parser.ts';
import { createCommandKit } from '../testing/command-kit.ts';
import { encodeCommand } from '../testing/reply-decoder.ts';

/** Looks ahead through a pipeline of one command over and over; whether each was a look. */
async function looksOf(args: (index: number) => string[], count: number): Promise<boolean[]> {
  const kit = await createCommandKit(1, { records: false });
  kit.run('SET', 'filler', new Uint8Array(5 * 1024 * 1024));
  kit.run(...args(0));
  const { loop } = kit.node;
  const bytes = Buffer.concat(Array.from({ length: 32 }, (_, i) => encodeCommand(args(i))));
  const looks: boolean[] = [];
  for (let i = 0; i < count; i++) {
    const parser = new FrameParser(AUTHENTICATED_LIMITS);
    parser.feed(bytes, 0, bytes.length);
    parser.next(loop.frame);
    loop.hints.count = 0;
    assert.equal(loop.warmAhead(parser, kit.session), 16);
    looks.push(loop.hints.count > 0);
  }
  return looks;
}

test('while the last look ahead found nothing to fetch, seven of eight are spared', async () => {
  const looks = await looksOf(() => ['LPUSH', 'list', 'element'], 17);
  assert.deepEqual(
    looks.map((isLook, i) => (isLook ? i : -1)).filter((i) => i >= 0),
    [0, 8, 16],
  );
});

test('each look ahead at keys that are worth it is made', async () => {
  const looks = await looksOf((i) => ['GET', `key:${i}`], 17);
  assert.ok(looks.every((isLook) => isLook));
});
