import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHttpKit, type HttpKit } from '../../testing/http-kit.ts';

async function withKit(
  settings: Record<string, string>,
  work: (kit: HttpKit) => Promise<void>,
): Promise<void> {
  const kit = await createHttpKit(settings);
  try {
    await work(kit);
  } finally {
    await kit.stop();
  }
}

const MADE = {
  name: 'Sessions',
  eviction_policy: 'lru',
  max_memory: '1mb',
  default_ttl: 90,
  cuckoo_filter: true,
};

test('a store is made, told and dropped: the /api/stores/{name} routes are registered', () =>
  withKit({ 'persistence.enabled': 'no' }, async ({ ask }) => {
    const made = await ask('/api/stores', { method: 'POST', body: MADE });
    assert.equal(made.status, 201);
    const config = {
      eviction_policy: 'lru',
      max_memory: 1024 * 1024,
      default_ttl: '90s',
      cuckoo_filter: true,
      persistence: null,
      ownership: null,
      consistency: null,
      immutable: true,
    };
    const message = 'Store created';
    assert.deepEqual(made.json, { success: true, store: 'Sessions', message, config });
    const told = await ask('/api/stores/sessions');
    assert.equal(told.status, 200);
    assert.equal(told.json.name, 'Sessions');
    assert.deepEqual(told.json.config, config);
    assert.equal(told.json.stats.items, 0);
    assert.equal(told.json.stats.memory_limit, 1024 * 1024);
    const list = await ask('/api/stores');
    assert.equal(list.json.total_count, 2);
    assert.deepEqual(
      list.json.stores.map(({ name }) => name),
      ['default', 'Sessions'],
    );
    assert.equal(list.json.stores[0].config.immutable, false);
    const dropped = await ask('/api/stores/SESSIONS', { method: 'DELETE' });
    assert.equal(dropped.status, 200);
    assert.equal(dropped.json.store, 'Sessions');
    assert.equal((await ask('/api/stores/sessions')).status, 404);
    assert.equal((await ask('/api/stores/sessions', { method: 'DELETE' })).status, 404);
    assert.equal((await ask('/api/stores/sessions/stats')).status, 404);
  }));

test('a store that cannot be made is refused with the field that is wrong', () =>
  withKit({ 'persistence.enabled': 'no', 'cache.node_max_memory': '64mb' }, async ({ ask }) => {
    const cases: [unknown, string | undefined][] = [
      [{}, 'name'],
      [{ name: 7 }, 'name'],
      [{ name: '../x' }, 'name'],
      [{ name: '123' }, 'name'],
      [{ name: '' }, 'name'],
      [{ name: 'x', eviction_policy: 'bogus' }, 'eviction_policy'],
      [{ name: 'x', max_memory: '1zb' }, 'max_memory'],
      [{ name: 'x', max_memory: [1] }, 'max_memory'],
      [{ name: 'x', max_memory: '1tb' }, 'max_memory'],
      [{ name: 'x', default_ttl: 'soon' }, 'default_ttl'],
      [{ name: 'x', cuckoo_filter: 'perhaps' }, 'cuckoo_filter'],
      [{ name: 'x', persistence: 'tape' }, 'persistence'],
      [{ name: 'x', consistency: 'some' }, 'consistency'],
      [{ name: 'x', bogus: 1 }, 'bogus'],
      [[], undefined],
      ['{bad', undefined],
      ['', undefined],
    ];
    for (const [body, field] of cases) {
      const { json, status } = await ask('/api/stores', { method: 'POST', body });
      assert.equal(status, 400, JSON.stringify(body));
      assert.equal(json.success, false);
      assert.equal(json.field, field, JSON.stringify(body));
      if (field !== undefined) assert.ok(String(json.error).includes(field), String(json.error));
    }
    assert.equal((await ask('/api/stores')).json.total_count, 1);
  }));

test('409 for a name that is taken in any case, 429 at max_stores, 403 for default', () =>
  withKit({ 'persistence.enabled': 'no', 'cache.max_stores': '2' }, async ({ ask }) => {
    const make = (name: string) => ask('/api/stores', { method: 'POST', body: { name } });
    assert.equal((await make('one')).status, 201);
    assert.equal((await make('ONE')).status, 409);
    assert.equal((await make('default')).status, 409);
    assert.equal((await make('two')).status, 201);
    assert.equal((await make('three')).status, 429);
    const dropped = await ask('/api/stores/default', { method: 'DELETE' });
    assert.equal(dropped.status, 403);
    assert.match(String(dropped.json.error), /default/);
  }));

test("the original's profile of a store's persistence is understood", () =>
  withKit({ 'persistence.enabled': 'no' }, async ({ ask }) => {
    const make = async (name: string, persistence: unknown) => {
      const { json } = await ask('/api/stores', { method: 'POST', body: { name, persistence } });
      return json.config.persistence;
    };
    assert.equal(await make('a1', { enabled: true, strategy: 'aof' }), 'aof');
    assert.equal(await make('a2', { enabled: false, strategy: 'aof' }), 'none');
    assert.equal(await make('a3', { enabled: true }), null);
    assert.equal(await make('a4', false), 'none');
    assert.equal(await make('a5', null), null);
  }));

test('a check of the filter tells the truth and counts neither hit nor miss', () =>
  withKit({ 'cache.cuckoo_filter': 'yes' }, async ({ ask, connect }) => {
    assert.equal(connect().ask('SET there 1'), '+OK\r\n');
    const there = await ask('/api/stores/default/filter/check/there');
    assert.deepEqual([there.json.filter_says, there.json.actually_exists], [true, true]);
    const before = (await ask('/api/cache/stats')).json.stats;
    const absent = await ask('/api/filter/check/a%2Fb/c');
    assert.equal(absent.status, 200);
    const said = { filter_says: false, actually_exists: false, false_positive: false };
    assert.deepEqual(absent.json, { store: 'default', key: 'a/b/c', ...said });
    const { json: after } = await ask('/api/stores/default/stats');
    assert.deepEqual([after.stats.hits, after.stats.misses], [before.hits, before.misses]);
    const stats = await ask('/api/stores/default/filter/stats');
    for (const name of ['size', 'capacity', 'load_factor', 'memory_usage', 'add_operations']) {
      assert.equal(typeof stats.json[name], 'number', name);
    }
    assert.equal(stats.json.size, 1);
    assert.equal((await ask('/api/stores/default')).json.config.cuckoo_filter, true);
    assert.equal(stats.json.false_positive_rate, 0.01);
  }));

test('a store without a filter has no filter routes', () =>
  withKit({}, async ({ ask }) => {
    for (const path of ['/api/filter/stats', '/api/filter/check/k']) {
      const { json, status } = await ask(path);
      assert.equal(status, 404);
      assert.match(String(json.error), /filter/);
    }
    assert.equal((await ask('/api/stores/none/filter/stats')).status, 404);
    assert.equal((await ask('/api/stores/none/filter/check/k')).status, 404);
  }));

test('members and status are this node alone', () =>
  withKit({ 'node.id': 'node-7' }, async ({ ask, node }) => {
    const { json } = await ask('/api/cluster/members');
    assert.equal(json.total_count, 1);
    const [member] = json.members;
    assert.deepEqual(Object.keys(member), [
      'node_id',
      'address',
      'port',
      'status',
      'metadata',
      'last_seen',
      'joined_at',
    ]);
    assert.equal(member.node_id, 'node-7');
    assert.equal(member.status, 'alive');
    assert.equal(member.port, node.respPort);
    const status = await ask('/api/cluster/status');
    assert.deepEqual([status.json.healthy, status.json.cluster_size], [true, 1]);
  }));

test('/stats tells of the process, the memory, the cluster and the stores', () =>
  withKit({}, async ({ ask }) => {
    const { json, status } = await ask('/stats');
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json), ['process', 'memory', 'cluster', 'stores']);
    assert.equal(json.stores.default.items, 0);
    assert.ok(Number(json.memory.limit) > 0);
  }));

test('/api/config tells the settings that hold, without secrets', () =>
  withKit({ 'security.requirepass': 'swordfish', 'cache.samples': '7' }, async ({ ask }) => {
    const headers = { authorization: 'Bearer swordfish' };
    const { json, status, text } = await ask('/api/config', { headers });
    assert.equal(status, 200);
    assert.equal(json.config.cache.samples, '7');
    assert.equal(json.config.security.requirepass, '***');
    assert.equal(json.config.cluster.key, '');
    assert.equal(json.config.redis, undefined);
    assert.doesNotMatch(text, /swordfish/);
  }));

test('the level of the log is told and changed, and only to one there is', () =>
  withKit({}, async ({ ask, node }) => {
    const path = '/api/admin/log-level';
    assert.deepEqual((await ask(path)).json, { success: true, level: 'info' });
    const changed = await ask(path, { method: 'PUT', body: { level: 'warn' } });
    assert.equal(changed.status, 200);
    assert.deepEqual(changed.json, { success: true, level: 'warn', previous_level: 'info' });
    assert.equal(node.services.configuration.logging.level, 'warn');
    for (const body of [{ level: 'loud' }, {}, { level: 3 }, [], undefined]) {
      const refused = await ask(path, { method: 'PUT', ...(body === undefined ? {} : { body }) });
      assert.equal(refused.status, 400, JSON.stringify(body));
      assert.equal(refused.json.success, false);
    }
    assert.equal((await ask(path)).json.level, 'warn');
  }));

test('who may not run the command may not take its route', () =>
  withKit({}, async ({ ask, node }) => {
    assert.equal(node.services.access.addConfigured(['bob on >pw +get ~* allstores']), null);
    const headers = { authorization: `Basic ${Buffer.from('bob:pw').toString('base64')}` };
    for (const path of [
      '/api/stores',
      '/api/stores/default',
      '/api/config',
      '/api/admin/log-level',
      '/stats',
      '/metrics',
      '/api/cluster/members',
      '/api/openapi.json',
      '/api/filter/stats',
    ]) {
      assert.equal((await ask(path, { headers })).status, 403, path);
    }
    assert.equal((await ask('/health', { headers })).status, 200);
  }));
