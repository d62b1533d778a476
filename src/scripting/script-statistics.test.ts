import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodeKit } from '../testing/node-kit.ts';

test('an error is counted once, and a script that tells of it has failed as well', async () => {
  const kit = await createNodeKit();
  const client = kit.connect();
  client.ask('RPUSH l 1');
  const countsOf = (script: string): string => {
    client.ask('CONFIG RESETSTAT');
    client.ask(`EVAL "${script}" 1 l`);
    const [, failed] =
      /cmdstat_eval:.*failed_calls=(\d+)/.exec(client.ask('INFO commandstats')) ?? [];
    const [, total] = /total_error_replies:(\d+)/.exec(client.ask('INFO stats')) ?? [];
    const codes = client.ask('INFO errorstats').match(/errorstat_.*(?=\r)/g) ?? [];
    return [`${failed} failed, ${total} errors`, ...codes].join(', ');
  };
  const wrongType = 'errorstat_WRONGTYPE:count=1';
  const get = "redis.pcall('get', KEYS[1])";
  assert.equal(countsOf(`return ${get}`), `1 failed, 1 errors, ${wrongType}`);
  assert.equal(countsOf("return redis.call('get', KEYS[1])"), `1 failed, 1 errors, ${wrongType}`);
  assert.equal(countsOf(`${get} return 1`), `0 failed, 1 errors, ${wrongType}`);
  const twice = '2 failed, 2 errors, errorstat_WRONGTYPE:count=2';
  assert.equal(countsOf(`return {${get}, ${get}}`), twice);
  assert.equal(countsOf("return {err='AA a'}"), '1 failed, 1 errors, errorstat_AA:count=1');
  const made = '1 failed, 2 errors, errorstat_AA:count=1, errorstat_BB:count=1';
  assert.equal(countsOf("return {{err='AA a'}, {{err='BB b'}}}"), made);
  const both = '2 failed, 2 errors, errorstat_AA:count=1, errorstat_WRONGTYPE:count=1';
  assert.equal(countsOf(`return {{err='AA a'}, ${get}}`), both);
  assert.equal(countsOf('return nothing'), '1 failed, 1 errors, errorstat_ERR:count=1');
});

test('an error whose first word has no end in 32 bytes counts as ERR', async () => {
  const kit = await createNodeKit();
  const client = kit.connect();
  for (const text of ['x', `${'y'.repeat(31)} z`, `${'y'.repeat(30)} z`]) {
    client.ask(`EVAL "return {err='${text}'}" 0`);
  }
  const codes = client.ask('INFO errorstats').match(/errorstat_.*(?=\r)/g);
  assert.deepEqual(codes, ['errorstat_ERR:count=2', `errorstat_${'y'.repeat(30)}:count=1`]);
});
