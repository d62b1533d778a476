/**
 * What Kubernetes would be given, and what it would say to it. Manifests come from `kubectl
 * kustomize`, or from the chart through Go's own template engine (chart/render.go). They are
 * judged by what kubernetes-models has made of Kubernetes' own API description: its validators
 * refuse wrong types and what is missing, and its types, by the compiler, every field that does
 * not exist.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { ROOT, skipWithout } from '../support/server.ts';

/** Where Debian's packages put Go's libraries. */
const GO_PATH = '/usr/share/gocode';
const CHART = path.join(ROOT, 'deploy/helm/hypercache');

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Labels;
  };
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
}

export type Labels = Readonly<Record<string, string>>;
/** As a values.yaml or --set has them. */
export type Values = Readonly<Record<string, unknown>>;

/** For `{ skip: ... }`. */
export function skipWithoutKubectl(): string | false {
  if (spawnSync('kubectl', ['kustomize', '--help']).status === 0) return false;
  return skipWithout('kubectl');
}

/** For `{ skip: ... }`. */
export function skipWithoutGo(): string | false {
  const hasSprig = fs.existsSync(path.join(GO_PATH, 'src/github.com/Masterminds/sprig'));
  if (hasSprig && spawnSync('go', ['version']).status === 0) return false;
  return skipWithout('go');
}

/** @param folder  below deploy/kubernetes */
export function kustomize(folder: string): Manifest[] {
  const at = path.join(ROOT, 'deploy/kubernetes', folder);
  return readDocuments(execFileSync('kubectl', ['kustomize', at], { encoding: 'utf8' }));
}

export function readDocuments(text: string): Manifest[] {
  const documents = parseAllDocuments(text, { uniqueKeys: true });
  for (const { errors } of documents) if (errors.length > 0) throw errors[0]!;
  return documents.map((document) => document.toJS()).filter((manifest) => manifest !== null);
}

export interface ChartRenderer {
  /** @param values  over those of values.yaml */
  render(values?: Values, found?: Values): { manifests: Manifest[]; notes: string };
  remove(): void;
}

/** Of Debian's golang-go, golang-github-masterminds-sprig-dev and golang-k8s-sigs-yaml-dev. */
export function buildRenderer(): ChartRenderer {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-chart-'));
  const program = path.join(folder, 'render');
  execFileSync('go', ['build', '-o', program, path.join(ROOT, 'tests/deploy/chart/render.go')], {
    env: {
      ...process.env,
      GO111MODULE: 'off',
      GOPATH: GO_PATH,
      GOCACHE: path.join(os.tmpdir(), 'hypercache-go-cache'),
    },
  });
  return {
    render: (values = {}, found = {}) => renderChart(program, values, found),
    remove: () => fs.rmSync(folder, { recursive: true, force: true }),
  };
}

function renderChart(program: string, values: Values, found: Values) {
  const { name, version, appVersion } = parse(readChart('Chart.yaml'));
  const files: Record<string, string> = {};
  for (const file of fs.readdirSync(path.join(CHART, 'templates'))) {
    files[`templates/${file}`] = readChart(`templates/${file}`);
  }
  const others: Record<string, string> = {};
  for (const file of fs.readdirSync(path.join(CHART, 'files'), { recursive: true }).map(String)) {
    const name = `files/${file}`;
    if (fs.statSync(path.join(CHART, name)).isFile()) others[name] = readChart(name);
  }
  const input = {
    files,
    others,
    found,
    context: {
      Values: mergeValues(defaultValues(), values),
      Chart: { Name: name, Version: version, AppVersion: appVersion },
      Release: { Name: 'demo', Namespace: 'hypercache', Service: 'Helm' },
    },
  };
  const run = spawnSync(program, { input: JSON.stringify(input), encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  const texts = Object.entries(JSON.parse(run.stdout) as Record<string, string>);
  const yaml = texts.filter(([file]) => file.endsWith('.yaml'));
  const notes = texts.find(([file]) => file.endsWith('NOTES.txt'));
  return { manifests: yaml.flatMap(([, text]) => readDocuments(text)), notes: notes![1] };
}

export function defaultValues(): Record<string, unknown> {
  return parse(readChart('values.yaml'));
}

export function readChart(file: string): string {
  return fs.readFileSync(path.join(CHART, file), 'utf8');
}

/** As helm does with its --values: maps are merged, null takes away, all else is replaced. */
export function mergeValues(under: Values, over: Values): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...under };
  for (const [name, value] of Object.entries(over)) {
    const below = under[name];
    if (value === null) delete merged[name];
    else merged[name] = isMap(below) && isMap(value) ? mergeValues(below, value) : value;
  }
  return merged;
}

function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @returns one line for each thing that an API server would refuse */
export async function findRefusals(manifests: readonly Manifest[]): Promise<string[]> {
  const refusals = findUnknownFields(manifests);
  for (const manifest of manifests) {
    const models = await import(moduleOf(manifest));
    const Model = models[manifest.kind];
    try {
      new Model(manifest).validate();
    } catch (error) {
      refusals.push(`${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`);
    }
  }
  return refusals;
}

/** By the compiler, all at once: an object literal may only have what its type has. */
function findUnknownFields(manifests: readonly Manifest[]): string[] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-manifests-'));
  fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  fs.writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  const lines = manifests.map((manifest, i) => {
    const type = `import('${moduleOf(manifest)}').I${manifest.kind}`;
    return `export const manifest${i}: ${type} = ${JSON.stringify(manifest)};`;
  });
  fs.writeFileSync(path.join(folder, 'manifests.ts'), lines.join('\n'));
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--skipLibCheck'];
  const run = spawnSync(process.execPath, [tsc, ...flags, 'manifests.ts'], {
    cwd: folder,
    encoding: 'utf8',
  });
  fs.rmSync(folder, { recursive: true, force: true });
  return run.stdout.split('\n').filter((line) => line.includes('error'));
}

function moduleOf({ apiVersion }: Manifest): string {
  const isOfOperator = apiVersion.startsWith('monitoring.coreos.com/');
  const name = isOfOperator ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models';
  return `${name}/${apiVersion}`;
}

/** @typeParam T  what it is by kubernetes-models */
export function findManifest<T = Manifest>(
  manifests: readonly Manifest[],
  kind: string,
  suffix = '',
): T {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name.endsWith(suffix));
  if (found === undefined) throw new Error(`no ${kind} ${suffix}`);
  return found as T;
}
