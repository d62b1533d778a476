/** The manifests and the chart: what an API server would say of them, and our own rules. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Ajv } from 'ajv';
import type { IStatefulSet } from 'kubernetes-models/apps/v1';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import type { ISecret, IService } from 'kubernetes-models/v1';
import { parse } from 'yaml';
import { configurationSchema } from '../../src/config/json-schema.ts';
import { MAIN, ROOT, scratchFolder } from '../support/server.ts';
import {
  buildRenderer,
  type ChartRenderer,
  defaultValues,
  findManifest,
  findRefusals,
  kustomize,
  type Manifest,
  mergeValues,
  readChart,
  skipWithoutGo,
  skipWithoutKubectl,
  type Values,
} from './manifests.ts';
import { podOf } from './pods.ts';

const GENERATOR = 'scripts/docs/chart-values-schema.mjs';
const withoutKubectl = skipWithoutKubectl();
const withoutGo = skipWithoutGo();
let chart: ChartRenderer;

before(() => {
  if (withoutGo === false) chart = buildRenderer();
});
after(() => chart?.remove());

/** What is switched on, and what is left out: each way through the templates at least once. */
const VALUES: Readonly<Record<string, Values>> = {
  'as they are': {},
  everything: {
    replicaCount: 5,
    imagePullSecrets: [{ name: 'registry' }],
    settings: { stores: [{ name: 'sessions', eviction_policy: 'ttl', max_memory: '100mb' }] },
    auth: { password: 'a: "b" {{c}}', clusterKey: 'a key' },
    cpu: 2,
    storage: { className: 'fast' },
    service: { type: 'LoadBalancer', annotations: { a: 'true' } },
    antiAffinity: 'required',
    nodeSelector: { disk: 'ssd' },
    tolerations: [{ key: 'cache', operator: 'Exists' }],
    priorityClassName: 'high',
    podAnnotations: { a: 'true' },
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
    rules: { enabled: true, labels: { release: 'prometheus' } },
    dashboards: { enabled: true },
  },
  little: {
    auth: { existingSecret: 'mine' },
    topologyKeys: [],
    networkPolicy: { clientLabels: null, monitoringNamespace: '' },
  },
  'no policy': { networkPolicy: { enabled: false } },
  'no operator': { rules: { enabled: true, kind: 'ConfigMap' } },
};

for (const overlay of ['local', 'production']) {
  test(`overlay ${overlay}: nothing of it is refused, all rules hold`, {
    skip: withoutKubectl,
  }, async () => {
    const manifests = kustomize(`overlays/${overlay}`);
    assert.deepEqual(await findRefusals(manifests), []);
    checkRules(manifests);
    const images = podOf(manifests).containers.map(({ image }) => image);
    assert.deepEqual(images, [`hypercache:${readVersion()}`]);
  });
}

for (const [name, values] of Object.entries(VALUES)) {
  test(`chart, values ${name}: nothing of it is refused, all rules hold`, {
    skip: withoutGo,
  }, async () => {
    const { manifests, notes } = chart.render(values);
    assert.deepEqual(judgeValues(values), []);
    assert.deepEqual(await findRefusals(manifests), []);
    checkRules(manifests);
    assert.doesNotMatch(notes, /<no value>|\{\{/);
  });
}

test('a field that does not exist, a wrong type and what is missing are refused', {
  skip: withoutKubectl,
}, async () => {
  const manifests = kustomize('overlays/production');
  const { containers } = podOf(manifests);
  Object.assign(containers[0]!, { imagePullPolice: 'Always' });
  const service = findManifest<IService>(manifests, 'Service', 'nodes');
  Object.assign(service.spec!, { ports: [{ name: 'resp', port: 'eighty' }] });
  Object.assign(findManifest<IPodDisruptionBudget>(manifests, 'PodDisruptionBudget').spec!, {
    maxUnavailabel: 1,
  });
  Object.assign(findManifest(manifests, 'ServiceMonitor'), { spec: { selector: {} } });
  const text = (await findRefusals(manifests)).join('\n');
  for (const word of ['imagePullPolice', 'port', 'maxUnavailabel', 'endpoints']) {
    assert.ok(text.includes(word), `${word} in:\n${text}`);
  }
});

test('values that mean nothing are refused before anything is installed', () => {
  const refused: Values[] = [
    { replicas: 3 },
    { memory: '1 gigabyte' },
    { settings: { cache: { max_memroy: '1gb' } } },
    { settings: { cache: { eviction_policy: 'newest' } } },
    { terminationGracePeriodSeconds: 5 },
  ];
  for (const values of refused) assert.equal(judgeValues(values).length > 0, true, `${values}`);
});

test('random secrets stay as they are when a release is upgraded', { skip: withoutGo }, () => {
  const first = secretOf(chart.render().manifests);
  assert.equal(Buffer.from(first['requirepass']!, 'base64').length, 32);
  assert.notDeepEqual(secretOf(chart.render().manifests), first);
  const found = { 'Secret/demo-hypercache': { data: first } };
  assert.deepEqual(secretOf(chart.render({}, found).manifests), first);
});

test('values.schema.json is what the setting table says', async () => {
  const { chartValuesSchema } = await import(path.join(ROOT, GENERATOR));
  const hint = 'out of date: npm run docs';
  assert.equal(readChart('values.schema.json'), chartValuesSchema(configurationSchema()), hint);
});

test('chart, manifests and package have one version; the schema is of draft 7', () => {
  const { version, appVersion } = parse(readChart('Chart.yaml'));
  assert.deepEqual([version, appVersion], [readVersion(), readVersion()]);
  // Words of later drafts would mean nothing to Helm, in silence.
  const later =
    /"(unevaluated\w+|prefixItems|dependentRequired|dependentSchemas|\$defs|minContains)":/;
  assert.doesNotMatch(readChart('values.schema.json'), later);
});

function secretOf(manifests: readonly Manifest[]): Readonly<Record<string, string>> {
  return findManifest<ISecret>(manifests, 'Secret').data!;
}

/** As helm does with values.schema.json. */
function judgeValues(values: Values): string[] {
  const ajv = new Ajv({ allErrors: true, strict: false });
  ajv.validate(JSON.parse(readChart('values.schema.json')), mergeValues(defaultValues(), values));
  return (ajv.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}

function readVersion(): string {
  return JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')).version;
}

/** What holds for every way to install, and what no schema sees: that names meet. */
function checkRules(manifests: readonly Manifest[]): void {
  const set = findManifest<IStatefulSet>(manifests, 'StatefulSet').spec!;
  const pod = podOf(manifests);
  const [container] = pod.containers as [(typeof pod.containers)[0]];
  const labels = set.template.metadata!.labels!;

  const nodes = findManifest<IService>(manifests, 'Service', '-nodes');
  const seedDns = container.env!.find(({ name }) => name === 'HYPERCACHE_SEED_DNS')!.value;
  assert.equal(set.serviceName, nodes.metadata!.name);
  assert.equal(seedDns, `${nodes.metadata!.name}.$(POD_NAMESPACE).svc`);
  assert.equal(nodes.spec!.clusterIP, 'None');
  assert.equal(nodes.spec!.publishNotReadyAddresses, true);
  assert.equal(set.podManagementPolicy, 'Parallel');

  const selectors = [
    set.selector.matchLabels,
    ...manifests
      .filter(({ kind }) => kind === 'Service')
      .map((one) => (one as IService).spec!.selector),
    findManifest<IPodDisruptionBudget>(manifests, 'PodDisruptionBudget').spec!.selector!
      .matchLabels,
  ];
  for (const selector of selectors) assert.deepEqual({ ...labels, ...selector }, labels);

  const ports = container.ports!.map(({ name }) => name!);
  const used = [
    ...manifests
      .flatMap((one) => (one as IService).spec?.ports ?? [])
      .map((port) => port.targetPort),
    ...policyPorts(manifests),
    container.startupProbe!.httpGet!.port,
    container.livenessProbe!.httpGet!.port,
    container.readinessProbe!.httpGet!.port,
  ];
  for (const port of used) assert.ok(ports.includes(`${port}`), `port ${port} has no container`);

  assert.equal(container.resources!.limits!['memory'], container.resources!.requests!['memory']);
  assert.equal(pod.enableServiceLinks, false);
  assert.equal(pod.securityContext!.runAsNonRoot, true);
  assert.equal(container.securityContext!.readOnlyRootFilesystem, true);
  assert.deepEqual(container.securityContext!.capabilities!.drop, ['ALL']);
  checkSettings(manifests);
}

/** Named ones: DNS is elsewhere. */
function policyPorts(manifests: readonly Manifest[]): unknown[] {
  const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy') as INetworkPolicy[];
  return policies
    .flatMap(({ spec }) => [...(spec!.ingress ?? []), ...(spec!.egress ?? [])])
    .flatMap(({ ports }) => ports ?? [])
    .map(({ port }) => port)
    .filter((port) => typeof port === 'string');
}

/** The ConfigMap that the pod mounts is a file that a node starts with. */
function checkSettings(manifests: readonly Manifest[]): void {
  const volumes = podOf(manifests).volumes!;
  const name = volumes.find((volume) => volume.configMap !== undefined)!.configMap!.name!;
  const text = findManifest(manifests, 'ConfigMap', name).data!['hypercache.yaml']!;
  const file = path.join(scratchFolder(), 'hypercache.yaml');
  fs.writeFileSync(file, text);
  const run = spawnSync(process.execPath, [MAIN, 'config', 'validate', file], { encoding: 'utf8' });
  assert.equal(run.status, 0, `${run.stdout}${run.stderr}${text}`);
}
