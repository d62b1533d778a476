/**
 * Containers without docker: the image's command in namespaces of its own. A network with an
 * address of its own on a bridge, a host name, process 1, a root file system that is read-only but
 * for /tmp and the volume, an /etc with the names that docker or Kubernetes would give, and the
 * image's user without capabilities. What differs from docker: all else of the root is this
 * machine's.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { plain } from '../cluster/local-cluster.ts';
import {
  addressOf,
  makeBridge,
  makeNamespace,
  namespaceOf,
  skipWithoutNamespaces,
} from '../cluster/namespaces.ts';
import { patiently } from '../support/patience.ts';
import { waitFor } from '../support/server.ts';
import { type Argument, WireClient } from '../support/wire-client.ts';
import type { ContainerImage } from './container-image.ts';

const RESP_PORT = 8080;
const HTTP_PORT = 9080;
const READY_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 15_000;

export interface ContainerOptions {
  readonly hostname: string;
  /** Its place in the network: the last number of its address. */
  readonly number: number;
  /** What it is given beside what the image says. */
  readonly environment: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Names that its resolver knows, and the numbers of the addresses behind each. */
  readonly names: Readonly<Record<string, readonly number[]>>;
  /** Texts below /etc. */
  readonly files?: Readonly<Record<string, string>>;
  /** Of one container the same in the next: the folder that is mounted. */
  readonly volume: string;
}

export interface Container {
  readonly hostname: string;
  readonly address: string;
  output(): string;
  /** As `docker exec`. @returns the exit code, and what was printed */
  run(...words: string[]): { code: number | null; output: string };
  /** By the image's HEALTHCHECK. */
  waitUntilHealthy(): Promise<void>;
  call(...args: Argument[]): Promise<unknown>;
  get(path: string, host?: string): Promise<{ status: number; json: Record<string, unknown> }>;
  /** SIGTERM to process 1. @returns the exit code */
  stop(): Promise<number | null>;
}

export interface ContainerHost {
  makeVolume(): string;
  addressOf(number: number): string;
  start(options: ContainerOptions): Container;
}

/** For `{ skip: ... }`. */
export function skipWithoutContainers(): string | false {
  const kinds = ['--mount', '--uts', '--pid', '--fork'];
  return skipWithoutNamespaces(...kinds, 'mount', '--make-rprivate', '/');
}

export async function openHost(t: TestContext, image: ContainerImage): Promise<ContainerHost> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-containers-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const subnet = await makeBridge(t);
  const numbers = new Set<number>();
  return {
    makeVolume() {
      const volume = fs.mkdtempSync(path.join(folder, 'volume-'));
      const [uid, gid] = image.user.split(':').map(Number) as [number, number];
      fs.chownSync(volume, uid, gid);
      return volume;
    },
    addressOf: (number) => addressOf(subnet, number),
    start(options) {
      if (numbers.has(options.number)) throw new Error(`address ${options.number} is taken`);
      numbers.add(options.number);
      makeNamespace(t, subnet, options.number);
      return startContainer(t, { ...options, image, folder, subnet });
    },
  };
}

/** All ready, each by the image's own check, and each sees all. */
export async function waitUntilOne(nodes: readonly Container[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.waitUntilHealthy()));
  for (const node of nodes) await waitForMembers(node, nodes.length);
}

export async function waitForMembers(node: Container, count: number): Promise<void> {
  await waitFor(`${node.hostname} to see ${count} nodes`, 20_000, async () => {
    const { status, json } = await node.get('/health');
    return (status === 200 && json['cluster_size'] === count) || undefined;
  });
}

export async function waitForValue(node: Container, key: string, value: string): Promise<void> {
  await waitFor(`${key} at ${node.hostname}`, 5_000, async () => {
    return (await node.call('GET', key)) === value || undefined;
  });
}

interface StartOptions extends ContainerOptions {
  readonly image: ContainerImage;
  readonly folder: string;
  readonly subnet: number;
}

function startContainer(t: TestContext, options: StartOptions): Container {
  const { hostname, image, subnet, environment } = options;
  const address = addressOf(subnet, options.number);
  const password = environment['HYPERCACHE_REQUIREPASS'] ?? '';
  const { child, closed, kill, output } = launch(options);
  t.after(async () => {
    kill();
    await closed;
  });
  let client: WireClient | null = null;
  t.after(() => client?.end());
  const connect = async (): Promise<WireClient> => {
    const opened = await WireClient.connectTo(net.connect(RESP_PORT, address));
    if (password !== '') await opened.call('AUTH', password);
    return opened;
  };
  const run = (...words: string[]) => {
    const place = ['-t', `${firstProcess(child) ?? -1}`, '--all', '--wd=/'];
    const ran = spawnSync('nsenter', [...place, ...asUser(image.user), ...words], {
      env: containerEnvironment(options),
      encoding: 'utf8',
    });
    return { code: ran.status, output: `${ran.stdout}${ran.stderr}` };
  };
  return {
    hostname,
    address,
    output,
    run,
    async waitUntilHealthy() {
      await waitFor(`${hostname} to be healthy`, READY_WITHIN_MS, () => {
        if (child.exitCode !== null) throw new Error(`${hostname} ended:\n${output()}`);
        return run(...image.healthcheck).code === 0 || undefined;
      });
    },
    async call(...args) {
      if (client === null || client.isClosed) client = await connect();
      return plain(await client.call(...args));
    },
    get: (at, host) => getJson(address, at, { password, host: host ?? address }),
    async stop() {
      const first = firstProcess(child);
      if (first === null) throw new Error(`${hostname} does not run:\n${output()}`);
      process.kill(first, 'SIGTERM');
      const timer = setTimeout(kill, patiently(STOP_WITHIN_MS));
      const code = await closed;
      clearTimeout(timer);
      return code;
    },
  };
}

interface Launched {
  readonly child: ChildProcess;
  /** The exit code, when it has ended. */
  readonly closed: Promise<number | null>;
  kill(): void;
  output(): string;
}

function launch(options: StartOptions): Launched {
  const { args, image, number, subnet } = options;
  const variables = Object.entries(containerEnvironment(options)).map(([k, v]) => `${k}=${v}`);
  const command = [
    ...[...asUser(image.user), 'env', '-i', ...variables],
    ...[...image.entrypoint, ...(args ?? image.command)],
  ];
  const words = [
    ...['netns', 'exec', namespaceOf(subnet, `node-${number}`)],
    ...['unshare', '--mount', '--uts', '--pid', '--fork', '--mount-proc'],
    ...['sh', '-ec', STAGE, 'stage', ...command],
  ];
  const child = spawn('ip', words, {
    env: stageEnvironment(options),
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
  }
  return {
    child,
    closed: new Promise((resolve) => child.once('close', resolve)),
    output: () => output,
    kill() {
      // With process 1 all of its namespace end; --kill-child would not outlive the change of user.
      const first = firstProcess(child);
      if (first === null) child.kill('SIGKILL');
      else process.kill(first, 'SIGKILL');
    },
  };
}

async function getJson(
  address: string,
  at: string,
  { host, password }: { host: string; password: string },
): Promise<{ status: number; json: Record<string, unknown> }> {
  const headers = { host, ...(password === '' ? {} : { authorization: `Bearer ${password}` }) };
  const request = http.get({ host: address, port: HTTP_PORT, path: at, headers });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const json = JSON.parse(Buffer.concat(chunks).toString());
  return { status: response.statusCode!, json };
}

/** What root does before the image's command begins: the words after it are that command. */
const STAGE = `
mount --make-rprivate /
mount -t tmpfs tmpfs /opt
mkdir /opt/hypercache /opt/bin
mount --bind "$IMAGE/opt/hypercache" /opt/hypercache
ln -s "$NODE" /opt/bin/node
cp -P "$IMAGE"/usr/local/bin/* /opt/bin/
mount -t tmpfs tmpfs /var/lib
mkdir "$VOLUME_AT"
mount --bind "$VOLUME" "$VOLUME_AT"
if [ -n "$LOGS_AT" ]; then
  [ -d "$IMAGE$LOGS_AT" ] || exit 1
  mount -t tmpfs tmpfs "\${LOGS_AT%/*}"
  mkdir "$LOGS_AT"
  mount -t tmpfs -o "uid=\${RUN_AS%:*}" tmpfs "$LOGS_AT"
fi
mount --bind "$ETC" /etc
mount -t tmpfs -o mode=1777 tmpfs /tmp
hostname "$NAME"
for at in / /opt /opt/hypercache /var/lib /etc; do mount -o remount,bind,ro "$at"; done
cd "$WORKING_DIRECTORY"
exec "$@"
`;

function stageEnvironment(options: StartOptions): Record<string, string> {
  const { environment, image, volume, hostname } = options;
  return {
    PATH: process.env['PATH'] ?? '',
    IMAGE: image.folder,
    NODE: process.execPath,
    VOLUME: volume,
    VOLUME_AT: image.volume,
    // A volume as well, of which docker gives who runs in it what the image has there.
    LOGS_AT: environment['HYPERCACHE_LOGGING_LOG_DIR'] ?? '',
    RUN_AS: image.user,
    WORKING_DIRECTORY: image.workingDirectory,
    ETC: layEtc(options),
    NAME: hostname,
  };
}

function containerEnvironment({ image, environment, hostname }: StartOptions) {
  const path = '/opt/bin:/usr/local/bin:/usr/bin:/bin';
  return { PATH: path, HOSTNAME: hostname, ...image.environment, ...environment };
}

/** As docker's --cap-drop ALL and no-new-privileges. */
function asUser(user: string): string[] {
  const [uid, gid] = user.split(':') as [string, string];
  const ids = ['--reuid', uid, '--regid', gid, '--clear-groups'];
  return ['setpriv', ...ids, '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];
}

/** Its own name first, as docker and Kubernetes write it. */
function layEtc({ folder, files = {}, hostname, names, number, subnet }: StartOptions): string {
  const etc = fs.mkdtempSync(path.join(folder, 'etc-'));
  const lines = ['127.0.0.1 localhost', `${addressOf(subnet, number)} ${hostname}`];
  for (const [name, numbers] of Object.entries(names)) {
    for (const other of numbers) lines.push(`${addressOf(subnet, other)} ${name}`);
  }
  const texts = {
    hosts: `${lines.join('\n')}\n`,
    'nsswitch.conf': 'hosts: files\n',
    'host.conf': 'multi on\n',
    ...files,
  };
  for (const [name, text] of Object.entries(texts)) {
    fs.mkdirSync(path.dirname(path.join(etc, name)), { recursive: true });
    fs.writeFileSync(path.join(etc, name), text);
  }
  fs.chmodSync(etc, 0o755);
  return etc;
}

/** Process 1 of the container, by its number outside. */
function firstProcess(child: ChildProcess): number | null {
  try {
    const text = fs.readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
    return text === '' ? null : Number(text);
  } catch {
    return null;
  }
}
