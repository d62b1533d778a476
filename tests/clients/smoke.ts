import assert from 'node:assert/strict';

/** What a smoke needs of a client library, one word per command. */
export type Call = (...args: string[]) => Promise<unknown>;

interface Step {
  readonly args: readonly string[];
  /** What the library hands back, or a check of it. */
  readonly expect: unknown | ((reply: unknown) => void);
}

const isBetween = (min: number, max: number) => (reply: unknown) => {
  assert.ok(Number(reply) >= min && Number(reply) <= max, `${reply} is not in ${min}..${max}`);
};

const has = (member: string) => (reply: unknown) => {
  assert.ok(JSON.stringify(reply).includes(member), `${JSON.stringify(reply)} lacks ${member}`);
};

/** Forty calls over every family there is; keys begin with `prefix`, so that runs do not meet. */
function steps(prefix: string): Step[] {
  const key = (name: string) => `${prefix}:${name}`;
  return [
    { args: ['PING'], expect: 'PONG' },
    { args: ['ECHO', 'käse'], expect: 'käse' },
    { args: ['SET', key('a'), '1'], expect: 'OK' },
    { args: ['GET', key('a')], expect: '1' },
    { args: ['INCR', key('a')], expect: 2 },
    { args: ['INCRBY', key('a'), '40'], expect: 42 },
    { args: ['DECR', key('a')], expect: 41 },
    { args: ['INCRBYFLOAT', key('f'), '1.5'], expect: '1.5' },
    { args: ['GET', key('missing')], expect: null },
    { args: ['SET', key('b'), 'x', 'EX', '100'], expect: 'OK' },
    { args: ['TTL', key('b')], expect: isBetween(98, 100) },
    { args: ['PTTL', key('b')], expect: isBetween(98_000, 100_000) },
    { args: ['PERSIST', key('b')], expect: 1 },
    { args: ['TTL', key('b')], expect: -1 },
    { args: ['EXPIRE', key('b'), '50'], expect: 1 },
    { args: ['SET', key('b'), 'y', 'NX'], expect: null },
    { args: ['SET', key('b'), 'y', 'XX', 'GET'], expect: 'x' },
    { args: ['APPEND', key('b'), 'z'], expect: 2 },
    { args: ['STRLEN', key('b')], expect: 2 },
    { args: ['GETRANGE', key('b'), '0', '-1'], expect: 'yz' },
    { args: ['SETRANGE', key('b'), '5', '!'], expect: 6 },
    { args: ['MSET', key('m1'), 'one', key('m2'), 'two'], expect: 'OK' },
    { args: ['MGET', key('m1'), key('m2'), key('no')], expect: ['one', 'two', null] },
    { args: ['EXISTS', key('m1'), key('no')], expect: 1 },
    { args: ['TYPE', key('m1')], expect: 'string' },
    { args: ['RENAME', key('m1'), key('m3')], expect: 'OK' },
    { args: ['COPY', key('m3'), key('m4')], expect: 1 },
    { args: ['GETDEL', key('m4')], expect: 'one' },
    { args: ['SETBIT', key('bits'), '7', '1'], expect: 0 },
    { args: ['BITCOUNT', key('bits')], expect: 1 },
    { args: ['BITFIELD', key('bits'), 'GET', 'u8', '0'], expect: [1] },
    { args: ['OBJECT', 'ENCODING', key('a')], expect: 'int' },
    { args: ['SCAN', '0', 'MATCH', key('*'), 'COUNT', '100000'], expect: has(key('m3')) },
    { args: ['KEYS', key('m3')], expect: [key('m3')] },
    { args: ['DBSIZE'], expect: isBetween(1, 1e9) },
    { args: ['PUBLISH', key('channel'), 'hello'], expect: 0 },
    { args: ['INFO', 'server'], expect: has('redis_version:') },
    { args: ['CONFIG', 'GET', 'maxclients'], expect: has('maxclients') },
    { args: ['DEL', key('a'), key('b')], expect: 2 },
    { args: ['UNLINK', key('m2'), key('m3'), key('bits'), key('f')], expect: 4 },
  ];
}

/** One call after the other. */
export async function runSmoke(call: Call, prefix: string): Promise<number> {
  const all = steps(prefix);
  for (const step of all) check(step, await call(...step.args));
  return all.length;
}

/** All calls at once: what a library that batches turns into one write. */
export async function runSmokeAtOnce(call: Call, prefix: string): Promise<number> {
  const all = steps(prefix);
  const replies = await Promise.all(all.map((step) => call(...step.args)));
  for (const [i, step] of all.entries()) check(step, replies[i]);
  return all.length;
}

function check({ args, expect }: Step, reply: unknown): void {
  if (typeof expect === 'function') (expect as (reply: unknown) => void)(reply);
  else assert.deepEqual(reply, expect, args.join(' '));
}
