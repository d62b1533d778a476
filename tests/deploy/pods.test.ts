/** The manifests and the chart, each as three pods: see containers.ts. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { buildImage, type ContainerImage } from './container-image.ts';
import {
  type Container,
  openHost,
  skipWithoutContainers,
  waitForMembers,
  waitForValue,
  waitUntilOne,
} from './containers.ts';
import { kustomize, type Manifest, skipWithoutKubectl } from './manifests.ts';
import { startOf } from './pods.ts';

const NAMESPACE = 'hypercache';
const skip = skipWithoutContainers() || skipWithoutKubectl();
let image: ContainerImage;

before(() => {
  if (skip === false) image = buildImage();
});
after(() => image?.remove());

test('three pods find each other by DNS, and one returns at another address', {
  skip,
}, async (t) => {
  const { pods, restart } = await startPods(t, kustomize('overlays/local'));
  await waitUntilOne(pods);
  const [first, , third] = pods as [Container, Container, Container];
  assert.equal(await first.call('SET', 'from', 'first'), 'OK');
  await waitForValue(third, 'from', 'first');
  // By the names of the Services.
  for (const name of ['hypercache', 'hypercache-0.hypercache-nodes.hypercache.svc']) {
    assert.equal((await first.get('/health', `${name}:9080`)).status, 200, name);
  }
  assert.equal(await third.stop(), 0, third.output());
  assert.equal(await first.call('SET', 'from', 'first, while the third was away'), 'OK');
  const returned = restart(third, 4);
  await waitUntilOne([...pods.slice(0, 2), returned]);
  await waitForValue(returned, 'from', 'first, while the third was away');
  for (const pod of pods.slice(0, 2)) await waitForMembers(pod, 3);
});

interface Pods {
  readonly pods: Container[];
  /** With the volume of before, at an address that no pod had. */
  restart(pod: Container, number: number): Container;
}

async function startPods(t: TestContext, manifests: readonly Manifest[]): Promise<Pods> {
  const host = await openHost(t, image);
  const volumes = new Map<string, string>();
  const start = (name: string, number: number): Container => {
    const volume = volumes.get(name) ?? host.makeVolume();
    volumes.set(name, volume);
    const pod = startOf(manifests, {
      name,
      address: host.addressOf(number),
      namespace: NAMESPACE,
      secret: { requirepass: 'pass', 'cluster-key': 'the key of this test' },
    });
    const { args, environment, files, seedName } = pod;
    // The resolver of Kubernetes knows the first three at all times, whether they are ready or not.
    const names = { [seedName]: [1, 2, 3] };
    return host.start({ hostname: name, number, names, volume, args, environment, files });
  };
  return {
    pods: [1, 2, 3].map((number) => start(`hypercache-${number - 1}`, number)),
    restart: (pod, number) => start(pod.hostname, number),
  };
}
