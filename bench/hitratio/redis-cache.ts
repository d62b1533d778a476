import { encodeCommand, plainReply } from '../../src/testing/reply-decoder.ts';
import { startRedis } from '../../tests/support/server.ts';
import { WireClient } from '../../tests/support/wire-client.ts';
import { PAYLOAD_SCRIPT, type TraceCache } from './trace-cache.ts';
import type { TraceClock } from './trace-clock.ts';
import { SLOT_REQUESTS } from './traces.ts';

/**
 * One request: GET, and on a miss SET. A script run of its own each, so that room is made between
 * any two of them and the order of a pipeline is the order of the trace. GET counts as an access,
 * SET over nothing as a new key: the same as two commands of a client.
 */
const REQUEST_SCRIPT = `
if redis.call('GET', KEYS[1]) then return 0 end
if ARGV[2] == '0' then
  redis.call('SET', KEYS[1], string.rep('v', ARGV[1]))
else
  redis.call('SET', KEYS[1], string.rep('v', ARGV[1]), 'PX', ARGV[2])
end
return 1`;
const USED_MEMORY_SCRIPT = `
return tonumber(string.match(redis.call('INFO', 'memory'), 'used_memory:(%d+)'))`;

const WARM_BATCH = Buffer.concat(
  Array.from({ length: SLOT_REQUESTS }, () => encodeCommand(['ECHO', 'x'.repeat(100)])),
);

/** @param clock  null: the real one */
export async function startRedisCache(
  policy: string,
  clock: TraceClock | null,
): Promise<TraceCache> {
  const args = ['--maxmemory-policy', policy];
  const server = await startRedis({ args, env: clock?.environment ?? {} });
  // One connection for all: redis-server counts the buffers of each.
  const client = await WireClient.connect(server.port);
  const ask = async (...words: (string | number)[]): Promise<unknown> => {
    const answer = plainReply(await client.call(...words.map(String)));
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const digest = await ask('SCRIPT', 'LOAD', REQUEST_SCRIPT);
  return {
    async reset(limitBytes) {
      await ask('CONFIG', 'SET', 'maxmemory', 0);
      await ask('FLUSHALL');
      // Its buffers for a batch are there before it begins.
      client.send(WARM_BATCH);
      await client.take(SLOT_REQUESTS);
      const emptyBytes = Number(await ask('EVAL', USED_MEMORY_SCRIPT, 0));
      await ask('CONFIG', 'SET', 'maxmemory', Math.round(emptyBytes + limitBytes));
    },
    async request({ count, keys, valueBytes, ttlMs }) {
      let text = '';
      for (let i = 0; i < count; i++) {
        const bytes = String(valueBytes[i]);
        const ttl = String(ttlMs[i]);
        text +=
          `*6\r\n$7\r\nEVALSHA\r\n$40\r\n${digest}\r\n$1\r\n1\r\n` +
          `$16\r\nkey:${String(keys[i]).padStart(12, '0')}\r\n` +
          `$${bytes.length}\r\n${bytes}\r\n$${ttl.length}\r\n${ttl}\r\n`;
      }
      client.send(Buffer.from(text, 'latin1'));
      let missCount = 0;
      for (const reply of await client.take(count)) {
        if (reply.kind !== 'integer') throw new Error(String(plainReply(reply)));
        missCount += Number(reply.value);
      }
      return missCount;
    },
    advance: (ms) => clock?.advance(ms),
    payloadBytes: async () => Number(await ask('EVAL', PAYLOAD_SCRIPT, 0)),
    async stop() {
      client.end();
      // Its shutdown waits for a timer, and the time stands still.
      await server.stop('SIGKILL');
    },
  };
}
