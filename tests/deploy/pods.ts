/** What Kubernetes would make of a StatefulSet's template: what a pod's container starts with. */
import type { IStatefulSet } from 'kubernetes-models/apps/v1';
import type { IEnvVar, IPodSpec } from 'kubernetes-models/v1';
import { findManifest, type Manifest } from './manifests.ts';

export interface PodFacts {
  readonly name: string;
  readonly address: string;
  readonly namespace: string;
  readonly secret: Readonly<Record<string, string>>;
}

export interface PodStart {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Below /etc, of the ConfigMap that is mounted there. */
  readonly files: Readonly<Record<string, string>>;
  /** The name whose addresses are the seeds. */
  readonly seedName: string;
}

export function startOf(manifests: readonly Manifest[], facts: PodFacts): PodStart {
  const { containers, volumes } = podOf(manifests);
  const [container] = containers as [IPodSpec['containers'][0]];
  const environment: Record<string, string> = {};
  for (const variable of container.env!) {
    environment[variable.name] = resolve(variable, facts, environment);
  }
  const files: Record<string, string> = {};
  for (const { name, mountPath } of container.volumeMounts!) {
    const map = volumes!.find((volume) => volume.name === name)?.configMap?.name;
    if (map === undefined) continue;
    for (const [file, text] of Object.entries(findManifest(manifests, 'ConfigMap', map).data!)) {
      files[`${mountPath.replace(/^\/etc\//, '')}/${file}`] = text;
    }
  }
  const seedName = environment['HYPERCACHE_SEED_DNS']!;
  return { args: container.args!, environment, files, seedName };
}

export function podOf(manifests: readonly Manifest[]): IPodSpec {
  return findManifest<IStatefulSet>(manifests, 'StatefulSet').spec!.template.spec!;
}

/** `$(NAME)` is a variable that stands before it. */
function resolve(
  { name, value, valueFrom }: IEnvVar,
  { address, name: podName, namespace, secret }: PodFacts,
  before: Readonly<Record<string, string>>,
): string {
  if (value !== undefined) {
    return value.replaceAll(/\$\((\w+)\)/g, (whole, other: string) => before[other] ?? whole);
  }
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': podName,
    'metadata.namespace': namespace,
    'status.podIP': address,
  };
  const { fieldRef, secretKeyRef } = valueFrom!;
  const found = fieldRef ? fields[fieldRef.fieldPath] : secret[secretKeyRef!.key];
  if (found === undefined) throw new Error(`${name} has no value`);
  return found;
}
