/** Starts nodes as processes of their own, and waits until they are one cluster. */
import type { Configuration } from '../../base/configuration.ts';
import { NodeError } from '../../base/errors.ts';
import type { World } from '../../base/world.ts';
import { addressOf } from '../node/asked-node.ts';
import { askNode, whyRefused } from '../node/node-access.ts';
import type { ToolRun } from '../tool-arguments.ts';
import {
  type LocalNode,
  lives,
  type NodePorts,
  type NodeRecord,
  PORT_NAMES,
  runDirOf,
  writeRecord,
} from './local-nodes.ts';
import { stopNode } from './stop-nodes.ts';

export interface StartPlan {
  readonly tool: ToolRun;
  readonly baseDir: string;
  /** To be started. */
  readonly nodes: readonly { readonly node: LocalNode; readonly ports: NodePorts }[];
  /** Run already. */
  readonly running: readonly LocalNode[];
  /** Settings of all of them, as on a command line. */
  readonly settings: readonly string[];
  /** One of those that are started is ready. */
  onReady(node: LocalNode): void;
}

const READY_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 250;
const SILENCE_MS = 2_000;
const LOG_LINES_SHOWN = 8;

/**
 * @throws NodeError PORT_REFUSED before anything was started; PROCESS_REFUSED when one ended or
 *         did not become ready: then all that this call started are stopped again
 */
export async function startNodes(plan: StartPlan): Promise<void> {
  const { nodes, tool, baseDir } = plan;
  await refuseTakenPorts(tool.world, plan);
  tool.world.disk.makeDirectory(runDirOf(baseDir));
  const started: LocalNode[] = [];
  try {
    for (const { node, ports } of nodes) started.push(startNode(plan, node, ports));
    await waitUntilOneCluster(plan, started);
  } catch (error) {
    for (const node of started.reverse()) await stopNode(tool, node);
    throw error;
  }
}

function startNode(
  { nodes, running, settings, tool }: StartPlan,
  node: LocalNode,
  ports: NodePorts,
) {
  const { world, configuration } = tool;
  if (!world.disk.exists(node.settingsPath)) {
    const text = `# Settings of ${node.name} alone; its name, ports and directory are given.\n`;
    world.disk.writeFileAtomic(node.settingsPath, Buffer.from(text));
  }
  const others = [
    ...nodes.filter((each) => each.node !== node).map((each) => each.ports.gossip),
    ...running.map(({ record }) => record!.ports.gossip),
  ];
  const host = seedHost(configuration);
  const args = [
    'start',
    ...(namesFile(settings) ? [] : [node.settingsPath]),
    ...settings,
    ...flagsOf(node, ports),
    ...(others.length === 0 ? [] : ['--seeds', others.map((port) => `${host}:${port}`).join(',')]),
  ];
  const pid = world.host.processes.start({
    args,
    directory: world.host.workingDirectory,
    outputPath: node.logPath,
  });
  const record: NodeRecord = { pid, mark: world.host.processMark(pid), ports, settings };
  writeRecord(world, node, record);
  return { ...node, record, isRunning: true };
}

/** The command line wins over files and the environment, which all nodes share. */
function flagsOf(node: LocalNode, ports: NodePorts): string[] {
  return [
    ...['--node-id', node.name, '--data-dir', node.dataDir],
    ...['--port', String(ports.resp), '--http-port', String(ports.http)],
    ...['--gossip-port', String(ports.gossip), '--link-port', String(ports.link)],
    ...['--cluster.enabled=yes', '--http.enabled=yes', `--node.pid_file=${node.pidPath}`],
  ];
}

/** Whoever names a configuration file means it for all of them. */
function namesFile(settings: readonly string[]): boolean {
  const [first] = settings;
  return (
    (first !== undefined && !first.startsWith('--')) ||
    settings.some((word) => word === '--config' || word.startsWith('--config='))
  );
}

function seedHost({ network }: Configuration): string {
  const host = network.gossipBindAddr;
  if (host === '0.0.0.0' || host === '') return '127.0.0.1';
  return host.includes(':') ? `[${host === '::' ? '::1' : host}]` : host;
}

async function refuseTakenPorts(world: World, { nodes }: StartPlan): Promise<void> {
  const taken: string[] = [];
  for (const { node, ports } of nodes) {
    for (const name of PORT_NAMES) {
      const port = ports[name];
      if (port > PORT_MAX) taken.push(`port ${port} of ${node.name} (${name}) is none`);
      else if (!(await isFree(world, port))) {
        taken.push(`port ${port} of ${node.name} (${name}) is taken`);
      }
    }
  }
  if (taken.length === 0) return;
  throw new NodeError('PORT_REFUSED', `${taken.join('; ')}. Nothing was started`);
}

const PORT_MAX = 65_535;

async function isFree({ network }: World, port: number): Promise<boolean> {
  try {
    const listener = await network.listen(
      { host: '127.0.0.1', port, backlog: 1, tls: null, socketPath: 'public', keepAliveS: 0 },
      (socket) => socket.destroy(),
    );
    await listener.close();
    return true;
  } catch (error) {
    if (!(error instanceof NodeError) || error.code !== 'PORT_REFUSED') throw error;
    return false;
  }
}

/** Each is ready, and sees all others. */
async function waitUntilOneCluster(plan: StartPlan, started: readonly LocalNode[]): Promise<void> {
  const { onReady, running, tool } = plan;
  const { world } = tool;
  const all = [...running, ...started];
  const told = new Set<LocalNode>();
  const deadlineMs = world.clock.monotonicMs() + READY_WITHIN_MS;
  for (;;) {
    const states = await Promise.all(all.map((node) => stateOf(plan, node)));
    for (const [i, node] of all.entries()) {
      if (!lives(world, node.record!)) throw endedEarly(world, node);
      if (states[i] === '' && !told.has(node) && started.includes(node)) {
        told.add(node);
        onReady(node);
      }
    }
    const late = all.flatMap((node, i) => (states[i] === '' ? [] : [`${node.name}: ${states[i]}`]));
    if (late.length === 0) return;
    if (world.clock.monotonicMs() >= deadlineMs) {
      const seconds = READY_WITHIN_MS / 1000;
      throw new NodeError('PROCESS_REFUSED', `No cluster after ${seconds} s: ${late.join('; ')}`);
    }
    await world.host.processes.pause(LOOK_EVERY_MS);
  }
}

/** @returns '' when it is ready and sees as many nodes as there are; else what is missing */
async function stateOf(plan: StartPlan, node: LocalNode): Promise<string> {
  const { nodes, running, tool } = plan;
  const wanted = nodes.length + running.length;
  const base = addressOf(tool.configuration, node.record!.ports.http);
  try {
    const ready = await askNode(tool, { url: `${base}/health/ready`, silenceMs: SILENCE_MS });
    if (ready.status === 401) return whyRefused(tool, ready);
    if (ready.status !== 200) return `it is ${String(ready.facts?.['status'] ?? 'not ready')}`;
    const { facts } = await askNode(tool, { url: `${base}/health`, silenceMs: SILENCE_MS });
    // Who is not logged in is not told how many there are.
    const size = facts?.['cluster_size'];
    if (size === undefined || size === wanted) return '';
    return `it sees ${String(size)} of ${wanted} nodes`;
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return 'it does not answer yet';
  }
}

function endedEarly({ disk }: World, { logPath, name }: LocalNode): NodeError {
  const log = disk.readFile(logPath);
  const lines = Buffer.from(log ?? [])
    .toString('utf8')
    .trimEnd()
    .split('\n');
  const tail = lines.slice(-LOG_LINES_SHOWN).join('\n  ');
  return new NodeError('PROCESS_REFUSED', `${name} has ended. ${logPath} says last:\n  ${tail}`);
}
