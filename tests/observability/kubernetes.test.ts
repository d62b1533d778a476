/** What an overlay takes in for monitoring and logs. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { IDaemonSet, IStatefulSet } from 'kubernetes-models/apps/v1';
import type { IConfigMap } from 'kubernetes-models/v1';
import { parse } from 'yaml';
import {
  findManifest,
  findRefusals,
  type Manifest,
  readDocuments,
  skipWithoutKubectl,
} from '../deploy/manifests.ts';
import { ROOT, scratchFolder } from '../support/server.ts';
import { readDashboards } from './panels.ts';

const skip = skipWithoutKubectl();

/** As an overlay of somebody's own. */
function render(): Manifest[] {
  const folder = fs.realpathSync(scratchFolder());
  const below = (at: string) => path.relative(folder, path.join(ROOT, 'deploy', at));
  const components = [below('kubernetes/components/monitoring'), below('logs')];
  const overlay = { namespace: 'cache', resources: [below('kubernetes/base')], components };
  fs.writeFileSync(path.join(folder, 'kustomization.yaml'), JSON.stringify(overlay));
  return readDocuments(execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8' }));
}

test('an API server has nothing to say of them', { skip }, async () => {
  assert.deepEqual(await findRefusals(render()), []);
});

test('dashboards are small enough to be applied, and found by their label', { skip }, () => {
  const { data, metadata } = findManifest<IConfigMap>(render(), 'ConfigMap', '-dashboards');
  assert.deepEqual(metadata!.labels, { grafana_dashboard: '1' });
  const found = Object.values(data!).map((text) => JSON.parse(text).uid);
  assert.deepEqual(new Set(found), new Set(readDashboards().map(({ uid }) => uid)));
  // kubectl keeps what it applied last in an annotation, which has this limit.
  assert.ok(JSON.stringify(data).length < 256 * 1024);
});

test('Filebeat reads what the container of the node prints', { skip }, () => {
  const manifests = render();
  const { containers, volumes } = findManifest<IDaemonSet>(manifests, 'DaemonSet').spec!.template
    .spec!;
  const [filebeat] = containers as [(typeof containers)[0]];
  const given = new Set(filebeat.env!.map(({ name }) => name));
  const { data } = findManifest<IConfigMap>(manifests, 'ConfigMap', volumes![0]!.configMap!.name!);
  const texts = Object.values(data!).join('\n');
  for (const [, name, fallback] of texts.matchAll(/\$\{([A-Z_]+)(:[^}]*)?\}/g)) {
    assert.ok(given.has(name!) || fallback !== undefined, name);
  }
  const [input] = parse(data!['kubernetes.yml']!);
  const node = findManifest<IStatefulSet>(manifests, 'StatefulSet').spec!.template.spec!;
  const [{ name }] = node.containers as [{ name: string }];
  assert.deepEqual(input.paths, [`/var/log/containers/*_\${POD_NAMESPACE}_${name}-*.log`]);
  const mounted = filebeat.volumeMounts!.map(({ mountPath }) => mountPath);
  assert.ok(mounted.includes('/usr/share/filebeat/inputs.d/kubernetes.yml'));
});
