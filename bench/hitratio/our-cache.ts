import type { Frame } from '../../src/base/frame.ts';
import { executeCommand } from '../../src/commands/execute-command.ts';
import { ReplyWriter } from '../../src/protocol/reply-writer.ts';
import { createCommandKit } from '../../src/testing/command-kit.ts';
import { frameOf } from '../../src/testing/engine-fixture.ts';
import { PAYLOAD_SCRIPT, type TraceCache } from './trace-cache.ts';
import { KEY_BYTES, VALUE_BYTES_MAX } from './traces.ts';

const KEY_DIGITS = 12;
const TTL_DIGITS = 12;
const ZERO = 48;
const MINUS = 45;

/** A whole node on a simulated clock, asked at its door, without a socket. */
export async function createOurCache(policy: string, seed: number): Promise<TraceCache> {
  const kit = await createCommandKit(seed, { records: false });
  const { store } = kit.session;
  const writer = new ReplyWriter();
  const key = `key:${'0'.repeat(KEY_DIGITS)}`;
  const value = 'v'.repeat(VALUE_BYTES_MAX);
  const get = frameOf('GET', key);
  const set = frameOf('SET', key, value);
  const setFor = frameOf('SET', key, value, 'PX', '0'.repeat(TTL_DIGITS));
  require(kit.ask('CONFIG', 'SET', 'maxmemory-policy', policy));
  const emptyBytes = store.countedBytes();

  const run = (frame: Frame): boolean => {
    writer.reset();
    executeCommand(kit.session, frame, writer);
    if (writer.bytes[0] === MINUS) throw new Error(firstLine(writer));
    // A null bulk is $-1.
    return writer.bytes[1] !== MINUS;
  };
  return {
    async reset(limitBytes) {
      kit.ask('FLUSHALL');
      require(kit.ask('CONFIG', 'SET', 'maxmemory', Math.round(emptyBytes + limitBytes)));
      // What a policy learned from other keys goes with it.
      store.setPolicy(policy);
    },
    async request({ count, keys, valueBytes, ttlMs }) {
      let missCount = 0;
      for (let i = 0; i < count; i++) {
        writeKey(get, keys[i]);
        if (run(get)) continue;
        missCount++;
        const frame = ttlMs[i] === 0 ? set : setFor;
        writeKey(frame, keys[i]);
        frame.lengths[2] = valueBytes[i];
        if (ttlMs[i] !== 0) writeTtl(frame, ttlMs[i]);
        run(frame);
      }
      return missCount;
    },
    advance: (ms) => kit.advance(ms),
    async payloadBytes() {
      return Number(kit.ask('EVAL', PAYLOAD_SCRIPT, 0));
    },
    stop: () => kit.node.stop(),
  };
}

function writeKey(frame: Frame, key: number): void {
  writeDigits(frame, frame.offsets[1] + KEY_BYTES, key, KEY_DIGITS);
}

/** The argument begins at its first digit that is not 0. */
function writeTtl(frame: Frame, ttlMs: number): void {
  const end = frame.offsets[4] + frame.lengths[4];
  const length = String(ttlMs).length;
  writeDigits(frame, end, ttlMs, length);
  frame.offsets[4] = end - length;
  frame.lengths[4] = length;
}

function writeDigits(frame: Frame, end: number, value: number, count: number): void {
  let rest = value;
  for (let at = end - 1; at >= end - count; at--) {
    frame.bytes[at] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

function require(answer: unknown): void {
  if (answer !== 'OK') throw new Error(String(answer));
}

function firstLine(writer: ReplyWriter): string {
  return Buffer.from(writer.bytes.subarray(0, writer.position)).toString('latin1');
}
