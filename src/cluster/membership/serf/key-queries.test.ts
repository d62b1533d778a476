import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SILENT_LOGGER } from '../../../base/logger.ts';
import {
  areAllAlive,
  CLUSTER_KEY,
  createGossipKit,
  type Gossiper,
  type GossipKit,
} from '../../../testing/gossip-kit.ts';
import { formatKey, gossipKeyOf, Keyring } from '../wire/keyring.ts';
import { encodeKeyRequest, type KeyResponse } from '../wire/serf-messages.ts';
import { parseKeyResponse } from '../wire/serf-parsers.ts';
import { KEY_QUERY, KeyQueries } from './key-queries.ts';

const FIRST_KEY = gossipKeyOf(CLUSTER_KEY);
const NEXT_KEY = new Uint8Array(32).fill(9);

/** As `serf keys` does it. */
async function askAll(
  kit: GossipKit,
  { membership }: Gossiper,
  query: string,
  key: Uint8Array,
): Promise<Map<string, KeyResponse | null>> {
  const answers = await kit.fabric.await(membership.ask(query, encodeKeyRequest(key), 3_000));
  return new Map([...answers].map(([name, payload]) => [name, parseKeyResponse(payload)]));
}

test('keys are rotated without anybody left out, and known after a restart', async () => {
  const kit = createGossipKit(61);
  const gossipers = await kit.start(['node-1', 'node-2', 'node-3']);
  await kit.fabric.until('all to be alive', () => areAllAlive(gossipers), 3_000);
  const [first, second, third] = gossipers;
  const steps: [string, Uint8Array][] = [
    [KEY_QUERY.install, NEXT_KEY],
    [KEY_QUERY.use, NEXT_KEY],
    [KEY_QUERY.remove, FIRST_KEY],
  ];
  for (const [query, key] of steps) {
    const responses = await askAll(kit, first, query, key);
    assert.equal(responses.size, 3, query);
    for (const response of responses.values()) assert.equal(response?.isOk, true, query);
  }
  const lists = await askAll(kit, second, KEY_QUERY.list, FIRST_KEY);
  for (const response of lists.values()) {
    assert.deepEqual(
      [response?.keys, response?.primary],
      [[formatKey(NEXT_KEY)], formatKey(NEXT_KEY)],
    );
  }
  await kit.fabric.pass(60_000);
  assert.ok(areAllAlive(gossipers));
  const { address } = third.world.network;
  kit.fabric.kill(address, 'killed');
  const world = kit.fabric.addMachine({ address, disk: third.world.disk });
  const again = kit.add('node-3', {}, world);
  void again.membership.start();
  await kit.fabric.until('its return', () => areAllAlive([first, second, again]), 30_000);
});

test('what cannot be done is answered with a reason', () => {
  const ring = new Keyring([FIRST_KEY]);
  let changeCount = 0;
  const onChange = () => changeCount++;
  const queries = new KeyQueries({ keyring: ring, logger: SILENT_LOGGER, onChange });
  const refused = [
    queries.answer(KEY_QUERY.install, encodeKeyRequest(new Uint8Array(5))),
    queries.answer(KEY_QUERY.use, encodeKeyRequest(NEXT_KEY)),
    queries.answer(KEY_QUERY.remove, encodeKeyRequest(FIRST_KEY)),
    queries.answer(KEY_QUERY.install, Uint8Array.of(7, 0xff)),
    new KeyQueries({ keyring: null, logger: SILENT_LOGGER, onChange }).answer(
      KEY_QUERY.list,
      encodeKeyRequest(FIRST_KEY),
    ),
  ];
  for (const payload of refused) {
    const response = payload === null ? null : parseKeyResponse(payload);
    assert.equal(response?.isOk, false);
    assert.notEqual(response?.text, '');
  }
  assert.equal(changeCount, 0);
  assert.equal(queries.answer('something else', FIRST_KEY), null);
});

test('a list of many keys is cut to what a response may hold', () => {
  const keys = Array.from({ length: 40 }, (_, i) => new Uint8Array(32).fill(i));
  const keyring = new Keyring(keys);
  const queries = new KeyQueries({ keyring, logger: SILENT_LOGGER, onChange: () => {} });
  const payload = queries.answer(KEY_QUERY.list, encodeKeyRequest(FIRST_KEY));
  assert.ok(payload !== null && payload.length < 900);
  const response = parseKeyResponse(payload);
  assert.ok(response !== null && response.keys.length > 5 && response.keys.length < 40);
  assert.match(response.text, /Truncated key list response/);
  assert.equal(response.primary, formatKey(keys[0]));
});
