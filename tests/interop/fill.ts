/** Data of every type and every encoding that redis-server tells apart, and what stands beside. */
import { seededDraws } from '../../src/testing/seeded.ts';
import { drawStep } from '../crash/steps.ts';
import { pipeline } from '../support/keyspace-image.ts';
import type { Argument, WireClient } from '../support/wire-client.ts';

/** Later than any run; with milliseconds of its own. */
const FAR_MS = 4_000_000_000_123;

/** Fills databases 0 and 9, and libraries of functions. Both servers take every command. */
export async function fill(client: WireClient, seed: number): Promise<void> {
  await client.call('SELECT', '0');
  const commands = [...strings(), ...collections(), ...streams(), ...functions()];
  for (const [i, reply] of (await pipeline(client, commands)).entries()) {
    if (reply.kind !== 'error') continue;
    throw new Error(`${commands[i].join(' ').slice(0, 200)}: ${reply.text}`);
  }
  await client.call('SELECT', '9');
  const draw = seededDraws(seed);
  for (let count = 0; count < 600; count++) {
    const options = { draw, databaseCount: 1, nowMs: Date.now(), library: 'drawn' };
    // An error is as good a reply: what it leaves is compared.
    await pipeline(client, drawStep(options).commands);
  }
}

function strings(): Argument[][] {
  const commands: Argument[][] = [['SET', '', 'the empty key']];
  const values: Record<string, Argument> = {
    empty: '',
    zero: '0',
    negative: '-1',
    int8: '-128',
    int16: '32767',
    int32: '-2147483648',
    int64: '9223372036854775807',
    beyond: '9223372036854775808',
    padded: '0042',
    short: 'abc',
    'len-63': 'x'.repeat(63),
    'len-64': 'y'.repeat(64),
    'len-16383': 'ab'.repeat(8191).concat('c'),
    'len-16384': 'abcd'.repeat(4096),
    large: noise(200_000),
    binary: Uint8Array.from({ length: 256 }, (_, i) => i),
    lines: 'a|b\r\nc\n*1\r\n$4\r\nPING\r\n',
  };
  for (const [name, value] of Object.entries(values)) {
    commands.push(['SET', `string:${name}`, value]);
    commands.push(['SET', `string:${name}:brief`, value, 'PXAT', `${FAR_MS}`]);
  }
  commands.push(['PFADD', 'log', ...words('p', 2_000)], ['SETBIT', 'bits', '9999', '1']);
  return commands;
}

function collections(): Argument[][] {
  const commands: Argument[][] = [];
  for (const count of [1, 60, 3_000]) {
    const many = words('m', count);
    commands.push(['RPUSH', `list:${count}`, ...many]);
    commands.push(['SADD', `set:${count}`, ...many]);
    commands.push(['SADD', `intset:${count}`, ...many.map((_, i) => `${i * 7 - 50}`)]);
    commands.push(['HSET', `hash:${count}`, ...many.flatMap((word, i) => [word, `${i}`])]);
    commands.push(['ZADD', `zset:${count}`, ...many.flatMap((word, i) => [`${i / 7}`, word])]);
    commands.push(['PEXPIREAT', `hash:${count}`, `${FAR_MS + count}`]);
  }
  commands.push(['SADD', 'intset:32', '70000', '-70000'], ['SADD', 'intset:64', `${2n ** 40n}`]);
  commands.push(['ZADD', 'zset:special', 'inf', 'a', '-inf', 'b', '0', 'c', '-0', 'd']);
  commands.push(['ZADD', 'zset:exact', '0.1', 'a', '1e-300', 'b', '12345678901234567', 'c']);
  for (const [type, ...head] of [
    ['list', 'RPUSH'],
    ['set', 'SADD'],
  ]) {
    commands.push([...head, `${type}:long`, noise(100_000), 'short', 'abc'.repeat(50)]);
  }
  commands.push(['HSET', 'hash:long', 'f', noise(70_000), noise(100), '', '', 'empty field']);
  commands.push(['GEOADD', 'geo', '13.361389', '38.115556', 'Palermo']);
  return commands;
}

function streams(): Argument[][] {
  const commands: Argument[][] = [];
  for (let i = 1; i <= 500; i++) {
    const fields = i % 3 === 0 ? ['a', `${i}`, 'b', 'x'] : ['other', noise(i % 50)];
    commands.push(['XADD', 'stream', `${i * 10}-${i % 4}`, ...fields]);
  }
  commands.push(
    ['XDEL', 'stream', '30-3', '100-2', '5000-0'],
    ['XTRIM', 'stream', 'MAXLEN', '480'],
  );
  commands.push(
    ['XGROUP', 'CREATE', 'stream', 'group', '0'],
    ['XGROUP', 'CREATE', 'stream', 'at end', '$'],
  );
  for (const consumer of ['one', 'two']) {
    const words = ['GROUP', 'group', consumer, 'COUNT', '20', 'STREAMS', 'stream', '>'];
    commands.push(['XREADGROUP', ...words]);
  }
  commands.push(['XGROUP', 'CREATECONSUMER', 'stream', 'group', 'idle']);
  commands.push(['XACK', 'stream', 'group', '400-0', '410-1', '420-2']);
  commands.push(['XADD', 'stream:empty', '7-7', 'f', 'v'], ['XDEL', 'stream:empty', '7-7']);
  commands.push(['XGROUP', 'CREATE', 'stream:none', 'group', '0', 'MKSTREAM']);
  commands.push(['XADD', 'stream:large', '1-1', 'f', noise(90_000)]);
  return commands;
}

function functions(): Argument[][] {
  return ['first', 'second'].map((name) => {
    const body = `redis.register_function('call_${name}', function() return '${name}' end)`;
    return ['FUNCTION', 'LOAD', 'REPLACE', `#!lua name=${name}\n${body}`];
  });
}

function words(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

/** Does not compress, and is the same in each run. */
function noise(count: number): Uint8Array {
  const draw = seededDraws(count);
  return Uint8Array.from({ length: count }, () => draw(256));
}
