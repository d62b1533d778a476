/** `hypercache store`, and what every tool that asks a node has in common. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startWithHttp } from '../http/http-server.ts';
import { findFreePort, skipWithout } from '../support/server.ts';
import { readTool, runTool } from './run-tool.ts';

interface StoreFacts {
  readonly config: { readonly max_memory: number };
  readonly stats: { readonly items: number };
}

test('stores are made, listed, described and dropped', async (t) => {
  const { origin, httpPort } = await startWithHttp(t);
  const at = ['--url', origin];
  const options = ['--max-memory', '64mb', '--eviction-policy=lfu', '--default-ttl', '30s'];
  const made = await runTool(['store', 'create', 'Sessions', ...options, ...at]);
  assert.deepEqual([made.code, made.out, made.error], [0, 'Sessions is made\n', '']);
  // The port of the settings leads to the same node.
  const list = await runTool(['store', 'list', '--http-port', `${httpPort}`]);
  assert.match(
    list.out,
    /^store +keys +memory +limit .*\ndefault .*\nSessions +0 .* 64 MiB .* lfu +30s/,
  );
  const told = await readTool<StoreFacts>(['store', 'info', 'sessions', ...at]);
  assert.equal(told.facts.config.max_memory, 64 * 1024 ** 2);
  assert.equal(told.facts.stats.items, 0);
  assert.match(
    (await runTool(['store', 'info', 'sessions', ...at])).out,
    /\nmax_memory +67108864\n/,
  );

  const again = await runTool(['store', 'create', 'sessions', ...at]);
  assert.equal(again.code, 1);
  assert.match(again.error, /409: STOREEXISTS/);
  const wrong = await runTool(['store', 'create', 'x', '--max-memory', 'lots', ...at]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.error, /400: max_memory: must be a size/);
  const choice = await runTool(['store', 'create', 'x', '--eviction-policy', 'best', ...at]);
  assert.match(choice.error, /'best' is invalid. Allowed choices are noeviction, lru/);

  assert.equal(
    (await readTool<{ success: boolean }>(['store', 'drop', 'sessions', ...at])).facts.success,
    true,
  );
  const gone = await runTool(['store', 'drop', 'sessions', ...at]);
  assert.equal(gone.code, 1);
  assert.match(gone.error, /404: /);
  const kept = await runTool(['store', 'drop', 'default', ...at]);
  assert.match(kept.error, /403: /);
  assert.match((await runTool(['store', 'info'])).error, /missing required argument 'name'/);
});

test('a node that is not there, and a password that is missing or wrong, are told', async (t) => {
  const port = await findFreePort();
  const nobody = await runTool(['store', 'list', '--http-port', `${port}`]);
  assert.equal(nobody.code, 1);
  assert.match(nobody.error, new RegExp(`^hypercache: .*${port}.*ECONNREFUSED`));

  const { origin } = await startWithHttp(t, ['--requirepass', 'right']);
  const ask = (HYPERCACHE_PASSWORD: string) =>
    runTool(['store', 'list', '--url', origin], {
      env: HYPERCACHE_PASSWORD === '' ? {} : { HYPERCACHE_PASSWORD },
    });
  assert.match((await ask('')).error, /401: it wants a password: HYPERCACHE_PASSWORD/);
  assert.match((await ask('wrong')).error, /401: the password, or the user, is wrong/);
  assert.equal((await ask('right')).code, 0);
});

const ESCAPE = '\x1b[';

test('colours are for terminals, and for who wants them', {
  skip: skipWithout('script'),
}, async (t) => {
  const { origin } = await startWithHttp(t);
  const list = ['store', 'list', '--url', origin];
  const inTerminal = (words: readonly string[]): string[] => {
    return ['script', '-qec', words.join(' '), '/dev/null'];
  };
  const terminal = { wrap: inTerminal, env: { TERM: 'xterm', NO_COLOR: '', FORCE_COLOR: '' } };
  assert.ok((await runTool(list, terminal)).out.includes(`${ESCAPE}1mstore`));
  const plain = await runTool(list, { ...terminal, env: { ...terminal.env, NO_COLOR: '1' } });
  assert.ok(!plain.out.includes(ESCAPE));
  assert.ok(!(await runTool(list)).out.includes(ESCAPE));
  assert.ok((await runTool(list, { env: { FORCE_COLOR: '1' } })).out.includes(ESCAPE));
});
