import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodeKit } from '../../testing/node-kit.ts';

test('CLIENT KILL MAXAGE closes who is connected for that long', async () => {
  const kit = await createNodeKit();
  const [asker, old] = [kit.connect(), kit.connect()];
  asker.ask('ping');
  old.ask('ping');
  kit.advance(60_000);
  const young = kit.connect();
  young.ask('ping');
  assert.equal(asker.ask('client kill maxage 61'), ':0\r\n');
  assert.equal(asker.ask('client kill maxage 30'), ':1\r\n');
  assert.deepEqual([old.isClosed, young.isClosed, asker.isClosed], [true, false, false]);
  assert.equal(
    asker.ask('client kill maxage x'),
    '-ERR maxage is not an integer or out of range\r\n',
  );
  assert.equal(asker.ask('client kill maxage 0'), '-ERR maxage should be greater than 0\r\n');
});
