/** The compose files by the Compose Specification, whose schema dclint carries; the Dockerfile. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { validate } from 'dockerfile-utils';
import { ROOT, scratchFolder } from '../support/server.ts';
import { interpolate, readCompose } from './compose-files.ts';

const FILES = ['docker-compose.yml', 'docker-compose.cluster.yml'];
/** Images of others, which write where they like. */
const MONITORS = new Set(['prometheus', 'grafana', 'elasticsearch', 'filebeat']);
const VARIABLES = { HYPERCACHE_REQUIREPASS: 'pass', HYPERCACHE_CLUSTER_KEY: 'a key' };

for (const name of FILES) {
  test(`${name}: nothing that Compose does not know, nothing published to the world`, () => {
    const text = interpolate(fs.readFileSync(path.join(ROOT, name), 'utf8'), VARIABLES);
    assert.deepEqual(lint(name, text), []);
  });

  test(`${name}: what a container may do is what it needs`, () => {
    for (const [role, service] of Object.entries(readCompose(name, VARIABLES).services)) {
      assert.deepEqual(service.cap_drop, ['ALL']);
      assert.deepEqual(service.security_opt, ['no-new-privileges:true']);
      if (MONITORS.has(role)) continue;
      assert.equal(service.read_only, true);
      assert.equal(service.stop_grace_period, '30s');
      assert.match(service.volumes![0]!, /:\/var\/lib\/hypercache$/);
    }
  });

  test(`${name}: a field that Compose does not know is refused`, () => {
    const text = interpolate(fs.readFileSync(path.join(ROOT, name), 'utf8'), VARIABLES);
    const wrong = text.replace('read_only:', 'read_olny:');
    assert.match(lint(name, wrong).join('\n'), /must NOT have additional properties/);
  });
}

test('password and key are asked for; an empty password is one that was chosen', () => {
  const { HYPERCACHE_CLUSTER_KEY, HYPERCACHE_REQUIREPASS } = VARIABLES;
  assert.throws(() => readCompose('docker-compose.yml', {}), /HYPERCACHE_REQUIREPASS is required/);
  for (const key of [{}, { HYPERCACHE_CLUSTER_KEY: '' }]) {
    const variables = { HYPERCACHE_REQUIREPASS, ...key };
    assert.throws(
      () => readCompose('docker-compose.cluster.yml', variables),
      /HYPERCACHE_CLUSTER_KEY is required/,
    );
  }
  const open = readCompose('docker-compose.yml', { HYPERCACHE_REQUIREPASS: '' });
  assert.equal(open.services['hypercache']!.environment['HYPERCACHE_REQUIREPASS'], '');
  readCompose('docker-compose.cluster.yml', { HYPERCACHE_CLUSTER_KEY, HYPERCACHE_REQUIREPASS });
});

test('make docker-up makes secrets that nobody else has', () => {
  const script = path.join(ROOT, 'deploy/container/secrets.sh');
  const texts = [1, 2].map(() => spawnSync('sh', [script], { encoding: 'utf8' }).stdout);
  for (const text of texts) {
    assert.match(
      text,
      /^HYPERCACHE_REQUIREPASS=[0-9a-f]{48}\nHYPERCACHE_CLUSTER_KEY=[0-9a-f]{64}\n$/,
    );
  }
  assert.notEqual(texts[0], texts[1]);
});

test('the Dockerfile has no instruction or flag that docker does not know', () => {
  const text = fs.readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8');
  assert.deepEqual(validate(text), []);
  assert.notDeepEqual(validate(text.replace('--chmod=', '--chmood=')), []);
});

/** What is wrong. Two of its questions of taste are answered: the image is what `build` makes. */
function lint(name: string, text: string): string[] {
  const file = path.join(scratchFolder(), name);
  fs.writeFileSync(file, text);
  const program = path.join(ROOT, 'node_modules/dclint/bin/dclint.cjs');
  const taste = ['no-build-and-image', 'service-image-require-explicit-tag'];
  const flags = ['--quiet', '--formatter', 'json', '--disable-rule', ...taste];
  const run = spawnSync(process.execPath, [program, file, ...flags], { encoding: 'utf8' });
  const reports = JSON.parse(run.stdout) as { messages: { type: string; message: string }[] }[];
  const messages = reports.flatMap((report) => report.messages);
  return messages.filter(({ type }) => type === 'error').map(({ message }) => message);
}
