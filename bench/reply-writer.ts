import { performance } from 'node:perf_hooks';
import { ReplyWriter } from '../src/protocol/reply-writer.ts';

/**
 * What writing one reply costs.
 *
 *     node .build/bench/reply-writer.js [--tiny]
 */
export interface WriterFigure {
  readonly name: string;
  readonly nsPerReply: number;
  readonly bytesPerReply: number;
}

export function measureReplyWriter(replyCount: number): WriterFigure[] {
  const bytes = new Uint8Array(4096).fill(65);
  const view = new DataView(bytes.buffer);
  return [
    figure('ok', replyCount, (reply) => reply.ok()),
    figure('null', replyCount, (reply) => reply.null()),
    figure('array head', replyCount, (reply) => reply.array(3)),
    figure('integer, 1 digit', replyCount, (reply) => reply.integer(7)),
    figure('integer, 6 digits', replyCount, (reply) => reply.integer(123_456)),
    figure('integer, 12 digits', replyCount, (reply) => reply.integer(123_456_789_012)),
    figure('bulk of 16 B', replyCount, (reply) => reply.bulk(bytes, 3, 16)),
    figure('bulk of 16 B by its view', replyCount, (reply) => reply.bulkView(bytes, view, 3, 16)),
    figure('bulk of 64 B by its view', replyCount, (reply) => reply.bulkView(bytes, view, 3, 64)),
    figure('bulk of 1 KiB', replyCount, (reply) => reply.bulk(bytes, 3, 1024)),
    figure('bulk of 6 digits', replyCount, (reply) => reply.bulkInteger(123_456)),
    figure('bulk of 11 chars', replyCount, (reply) => reply.bulkText('hello world')),
    figure('double', replyCount / 10, (reply) => reply.double(0.1)),
  ];
}

function figure(
  name: string,
  replyCount: number,
  write: (reply: ReplyWriter) => void,
): WriterFigure {
  const reply = new ReplyWriter();
  const run = (): void => {
    for (let i = 0; i < replyCount; i++) {
      write(reply);
      if (reply.position > 60_000) reply.reset();
    }
  };
  run();
  const startedMs = performance.now();
  run();
  const nsPerReply = ((performance.now() - startedMs) * 1e6) / replyCount;
  reply.reset();
  write(reply);
  return { name, nsPerReply, bytesPerReply: reply.position };
}

if (process.argv[1]?.endsWith('reply-writer.js')) {
  const replyCount = process.argv.includes('--tiny') ? 10_000 : 5_000_000;
  for (const { name, nsPerReply } of measureReplyWriter(replyCount)) {
    process.stdout.write(`${name.padEnd(36)} ${nsPerReply.toFixed(1).padStart(10)} ns\n`);
  }
}
