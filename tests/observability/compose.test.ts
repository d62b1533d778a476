/** docker-compose.cluster.yml: what one container expects is what the other one offers. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { type ComposeService, readCompose } from '../deploy/compose-files.ts';
import { ROOT } from '../support/server.ts';
import { readYaml } from './filebeat.ts';

const SECRETS = { HYPERCACHE_REQUIREPASS: 'pass', HYPERCACHE_CLUSTER_KEY: 'a key' };
const { services } = readCompose('docker-compose.cluster.yml', SECRETS);
const NODES = ['node-1', 'node-2', 'node-3'];

/** Place in the container -> what is mounted there. */
function mounts(name: string): Map<string, string> {
  const { volumes = [] } = services[name] as ComposeService;
  return new Map(
    volumes.map((volume) => volume.split(':').slice(0, 2).reverse() as [string, string]),
  );
}

function readFile(name: string): string {
  return fs.readFileSync(path.join(ROOT, name), 'utf8');
}

test('every file and folder that is mounted is there', () => {
  for (const name of Object.keys(services)) {
    for (const from of mounts(name).values()) {
      if (from.startsWith('./')) assert.ok(fs.existsSync(path.join(ROOT, from)), from);
    }
  }
});

test('Prometheus scrapes the nodes by their names, with the password from its secret', () => {
  const { rule_files, scrape_configs } = parse(readFile('deploy/prometheus/prometheus.yml'));
  const [job] = scrape_configs;
  assert.deepEqual(
    job.static_configs[0].targets,
    NODES.map((name) => `${name}:9080`),
  );
  for (const name of NODES) assert.equal(services[name]!.hostname, name);
  assert.equal(job.authorization.credentials_file, '/run/secrets/requirepass');
  const { secrets } = parse(readFile('docker-compose.cluster.yml'));
  assert.equal(secrets.requirepass.environment, 'HYPERCACHE_REQUIREPASS');
  assert.deepEqual(rule_files, ['rules/*.yml']);
  assert.equal(mounts('prometheus').get('/etc/prometheus/rules'), './deploy/prometheus/rules');
});

test('Grafana finds its sources by variables, and dashboards where they are mounted', () => {
  const sources = readFile('deploy/grafana/provisioning/datasources/hypercache.yml');
  const { environment } = services['grafana']!;
  for (const [, name] of sources.matchAll(/\$\{(\w+)\}/g)) {
    const host = new URL(environment[name!]!).hostname;
    assert.ok(host in services, `${name} is ${host}`);
  }
  const { providers } = parse(readFile('deploy/grafana/provisioning/dashboards/hypercache.yml'));
  const mounted = mounts('grafana').get(providers[0].options.path);
  assert.equal(mounted, './deploy/grafana/dashboards');
});

test('Filebeat reads the files that nodes write, those and no others', () => {
  const [input] = readYaml('inputs.d/file.yml') as { paths: string[] }[];
  const [, pattern] = /^\$\{HYPERCACHE_LOG_FILES:(.+)\}$/.exec(input!.paths[0]!)!;
  assert.equal(services['filebeat']!.environment['HYPERCACHE_LOGS'], 'file');
  const readable = mounts('filebeat');
  for (const name of NODES) {
    const { HYPERCACHE_LOGGING_ENABLE_FILE: isOn, HYPERCACHE_LOGGING_LOG_DIR: folder } =
      services[name]!.environment;
    assert.equal(isOn, 'yes');
    const volume = mounts(name).get(folder!)!;
    const [at] = [...readable].find(([, from]) => from === volume)!;
    assert.equal(at, `/var/log/hypercache/${name}`);
  }
  assert.equal(pattern, '/var/log/hypercache/*/hypercache.*.log');
});
