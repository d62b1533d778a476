/** `hypercache cluster <start|stop|add|status|rebalance|forget>`: a cluster on this machine. */
import { resolve } from 'node:path';
import { NodeError } from '../../base/errors.ts';
import type { World } from '../../base/world.ts';
import { FAILED, parseToolArguments, runTool, type ToolRun } from '../tool-arguments.ts';
import { type Asked, forgetNode, showRebalance, showStatus } from './cluster-status.ts';
import { type LocalNode, listLocalNodes, localNode, type NodePorts } from './local-nodes.ts';
import { startNodes } from './start-nodes.ts';
import { stopNode } from './stop-nodes.ts';

export interface ClusterCommand {
  readonly name: string;
  readonly usage: string;
  readonly description: string;
  /** Words that it takes before the settings. */
  readonly wordCount: number;
  readonly flags: readonly (readonly [string, string])[];
  run(tool: ToolRun): Promise<number>;
}

const BASE_DIR_FLAG = ['--base-dir <dir>', 'where the nodes keep what is theirs; ./data'] as const;
const URL_FLAGS = [
  ['--url <address>', 'of the HTTP port of any node; else one that runs here is asked'],
  ['--user <name>', 'who asks; the password is read from HYPERCACHE_PASSWORD'],
  ['--ca <file>', "who signed the node's certificate"],
] as const;

export const CLUSTER_COMMANDS: readonly ClusterCommand[] = [
  {
    name: 'start',
    usage: '[--nodes <count>] [settings of all of them, as for start]',
    description: 'run nodes on this machine as one cluster, and wait until they are',
    wordCount: 0,
    flags: [
      ['--nodes <count>', 'how many; 3, or as many as there were before'],
      ['--port <port>', 'RESP port of the first: 8080; all other ports move with it'],
      BASE_DIR_FLAG,
    ],
    run: start,
  },
  {
    name: 'stop',
    usage: '[node ...]',
    description: 'stop all nodes that run here, or those that are named, one after another',
    wordCount: Number.POSITIVE_INFINITY,
    flags: [BASE_DIR_FLAG],
    run: stop,
  },
  {
    name: 'add',
    usage: '',
    description: 'run one more node with the settings of the others, and wait until it is filled',
    wordCount: 0,
    flags: [BASE_DIR_FLAG],
    run: add,
  },
  {
    name: 'status',
    usage: '',
    description: 'tell of every member, as one node sees it',
    wordCount: 0,
    flags: [BASE_DIR_FLAG, ...URL_FLAGS],
    run: (tool) => showStatus(tool, urlOf(tool)),
  },
  {
    name: 'rebalance',
    usage: '',
    description: 'show how slots move to their owners until none has to',
    wordCount: 0,
    flags: [BASE_DIR_FLAG, ...URL_FLAGS],
    run: (tool) => showRebalance(tool, urlOf(tool)),
  },
  {
    name: 'forget',
    usage: '<node>',
    description: 'say that a node that is gone does not come back',
    wordCount: 1,
    flags: [BASE_DIR_FLAG, ...URL_FLAGS],
    run: (tool) => forgetNode(tool, urlOf(tool)),
  },
];

const VALUED = ['nodes', 'port', 'http-port', 'gossip-port', 'link-port'];
const VALUED_ALWAYS = ['base-dir', 'url', 'user', 'ca'];

export async function runCluster(
  command: ClusterCommand,
  args: readonly string[],
  world: World,
): Promise<number> {
  const valued = command.name === 'start' ? [...VALUED_ALWAYS, ...VALUED] : VALUED_ALWAYS;
  return runTool(
    parseToolArguments(args, { wordCount: command.wordCount, valued }),
    world,
    (tool) => command.run(tool),
  );
}

const FIRST_PORTS: NodePorts = { resp: 8080, http: 9080, gossip: 7946, link: 6946 };
const DEFAULT_NODE_COUNT = 3;
const NODE_COUNT_MAX = 64;

async function start(tool: ToolRun): Promise<number> {
  const { print, rest, world } = tool;
  const baseDir = baseDirOf(tool);
  const known = listLocalNodes(world, baseDir);
  const count = countOf(tool, known.at(-1)?.number ?? DEFAULT_NODE_COUNT);
  const wanted = Array.from({ length: count }, (_, i) => localNode(world, baseDir, i + 1));
  const running = known.filter((node) => node.isRunning);
  for (const { name, record } of running) {
    print(`${name} runs already: RESP ${record!.ports.resp}, process ${record!.pid}\n`);
  }
  const nodes = wanted
    .filter((node) => !node.isRunning)
    .map((node) => ({ node, ports: portsOf(tool, node) }));
  if (nodes.length > 0) await startNodes({ tool, baseDir, nodes, running, settings: rest });
  print(`${nodes.length + running.length} nodes are one cluster\n`);
  return 0;
}

async function stop(tool: ToolRun): Promise<number> {
  const { print, world, words } = tool;
  const known = listLocalNodes(world, baseDirOf(tool));
  const unknown = words.filter((word) => !known.some(({ name }) => name === word));
  if (unknown.length > 0) throw new NodeError('BAD_CONFIGURATION', noNode(unknown[0]!, known));
  const chosen = words.length === 0 ? known : known.filter(({ name }) => words.includes(name));
  if (known.length === 0) print(`no node was started below ${baseDirOf(tool)}\n`);
  let code = 0;
  for (const node of chosen.reverse()) {
    const outcome = await stopNode(tool, node);
    print(`${node.name} ${outcome === 'killed' ? 'did not stop and was killed' : outcome}\n`);
    if (outcome === 'killed') code = FAILED;
  }
  return code;
}

async function add(tool: ToolRun): Promise<number> {
  const { print, rest, world } = tool;
  const baseDir = baseDirOf(tool);
  const known = listLocalNodes(world, baseDir);
  const running = known.filter((node) => node.isRunning);
  const [first] = running;
  if (first === undefined) {
    const reason = `No node runs below ${baseDir}: hypercache cluster start --nodes 3`;
    throw new NodeError('BAD_CONFIGURATION', reason);
  }
  const node = localNode(world, baseDir, known.at(-1)!.number + 1);
  const ports = shifted(first.record!.ports, node.number - first.number);
  const settings = [...first.record!.settings, ...rest];
  await startNodes({ tool, baseDir, nodes: [{ node, ports }], running, settings });
  print(`${running.length + 1} nodes are one cluster\n`);
  return 0;
}

function noNode(name: string, known: readonly LocalNode[]): string {
  const names = known.map((node) => node.name).join(', ');
  return `No node ${name} was started here${names === '' ? '' : `; there are ${names}`}`;
}

function baseDirOf({ flags, world }: ToolRun): string {
  return resolve(world.host.workingDirectory, flags.get('base-dir') ?? 'data');
}

function countOf({ flags }: ToolRun, usual: number): number {
  const text = flags.get('nodes');
  if (text === undefined) return usual;
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= NODE_COUNT_MAX) return count;
  throw new NodeError('BAD_CONFIGURATION', `--nodes: must be 1 to ${NODE_COUNT_MAX}`);
}

/** A node keeps the ports that it had, unless others are named now. */
function portsOf(tool: ToolRun, { number, record }: LocalNode): NodePorts {
  const named = ['port', 'http-port', 'gossip-port', 'link-port'].some((flag) =>
    tool.flags.has(flag),
  );
  if (!named && record !== null) return record.ports;
  const resp = portOf(tool, 'port') ?? FIRST_PORTS.resp;
  const first = shifted(FIRST_PORTS, resp - FIRST_PORTS.resp);
  return shifted(
    {
      resp,
      http: portOf(tool, 'http-port') ?? first.http,
      gossip: portOf(tool, 'gossip-port') ?? first.gossip,
      link: portOf(tool, 'link-port') ?? first.link,
    },
    number - 1,
  );
}

function portOf({ flags }: ToolRun, flag: string): number | null {
  const text = flags.get(flag);
  if (text === undefined) return null;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port > 0 && port <= 65_535) return port;
  throw new NodeError('BAD_CONFIGURATION', `--${flag}: must be a port, 1 to 65535`);
}

function shifted(ports: NodePorts, by: number): NodePorts {
  return {
    resp: ports.resp + by,
    http: ports.http + by,
    gossip: ports.gossip + by,
    link: ports.link + by,
  };
}

/** Named, or of a node that runs here; else the one that would start with these settings. */
function urlOf(tool: ToolRun): Asked {
  const url = tool.flags.get('url');
  if (url !== undefined) return { url: url.replace(/\/+$/, ''), port: null };
  const running = listLocalNodes(tool.world, baseDirOf(tool)).filter((node) => node.isRunning);
  return { url: null, port: running[0]?.record?.ports.http ?? null };
}
