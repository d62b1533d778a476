import { performance } from 'node:perf_hooks';
import { Frame } from '../src/base/frame.ts';
import { AUTHENTICATED_LIMITS, FrameParser, READY } from '../src/protocol/frame-parser.ts';
import { InboxSpare } from '../src/protocol/inbox.ts';
import { encodeCommand } from '../src/testing/reply-decoder.ts';

/**
 * What finding one command costs, by how it arrives. Target: a SET of three arguments in a pipeline
 * of 64 at most 60 ns.
 *
 *     node .build/bench/frame-parser.js [--tiny]
 */
export interface ParserFigure {
  readonly name: string;
  readonly nsPerCommand: number;
}

export function measureFrameParser(commandCount: number): ParserFigure[] {
  const set = encodeCommand(['SET', 'key:000000000001', 'v'.repeat(64)]);
  const get = encodeCommand(['GET', 'key:000000000001']);
  const mset = encodeCommand(['MSET', ...Array<string>(20).fill('key:000000000001')]);
  const inline = Buffer.from('SET key:000000000001 value\r\n');
  const big = encodeCommand(['SET', 'k', 'v'.repeat(1 << 20)]);
  return [
    figure('SET, 64 whole per read', repeated(set, 64), 64, Infinity, commandCount),
    figure('GET, 64 whole per read', repeated(get, 64), 64, Infinity, commandCount),
    figure('SET, 1 whole per read', set, 1, Infinity, commandCount),
    figure('MSET of 10, 16 whole per read', repeated(mset, 16), 16, Infinity, commandCount / 4),
    figure('inline SET, 64 whole per read', repeated(inline, 64), 64, Infinity, commandCount / 4),
    figure('SET, stream cut every 4,000 bytes', repeated(set, 640), 640, 4000, commandCount),
    figure('SET, stream cut every 50 bytes', repeated(set, 64), 64, 50, commandCount / 4),
    figure('SET of 1 MiB, cut every 64 KiB', big, 1, 65_536, Math.ceil(commandCount / 10_000)),
  ];
}

function repeated(command: Uint8Array, times: number): Uint8Array {
  return Buffer.concat(Array<Uint8Array>(times).fill(command));
}

function figure(
  name: string,
  stream: Uint8Array,
  streamCommands: number,
  cutBytes: number,
  commandCount: number,
): ParserFigure {
  const shared = new Uint8Array(stream);
  const parser = new FrameParser(AUTHENTICATED_LIMITS, new InboxSpare());
  const frame = new Frame();
  const rounds = Math.max(1, Math.ceil(commandCount / streamCommands));
  let found = 0;
  const run = (): void => {
    found = 0;
    for (let round = 0; round < rounds; round++) {
      for (let start = 0; start < shared.length; start += cutBytes) {
        parser.feed(shared, start, Math.min(start + cutBytes, shared.length));
        while (parser.next(frame) === READY) found++;
      }
    }
  };
  run();
  const startedMs = performance.now();
  run();
  const nsPerCommand = ((performance.now() - startedMs) * 1e6) / found;
  if (found !== rounds * streamCommands) throw new Error(`${name}: found ${found} commands`);
  return { name, nsPerCommand };
}

if (process.argv[1]?.endsWith('frame-parser.js')) {
  const commandCount = process.argv.includes('--tiny') ? 10_000 : 5_000_000;
  for (const { name, nsPerCommand } of measureFrameParser(commandCount)) {
    process.stdout.write(`${name.padEnd(36)} ${nsPerCommand.toFixed(1).padStart(10)} ns\n`);
  }
}
