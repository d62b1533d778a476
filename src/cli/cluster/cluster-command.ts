/** `hypercache cluster <start|stop|add|status|rebalance|forget>`: a cluster on this machine. */
import { NodeError } from '../../base/errors.ts';
import { BASE_DIR_FLAG, baseDirOf, NODE_FLAGS } from '../node/asked-node.ts';
import { LOGIN_FLAGS } from '../node/node-access.ts';
import { FAILED, runTool, type ToolRun } from '../tool-arguments.ts';
import { findCount } from '../tool-flags.ts';
import { JSON_FLAG, type ToolGroup, type ToolRow, type WordsRow } from '../tool-row.ts';
import { forgetNode, showRebalance, showStatus } from './cluster-status.ts';
import { type LocalNode, listLocalNodes, localNode, type NodePorts } from './local-nodes.ts';
import { type StartPlan, startNodes } from './start-nodes.ts';
import { stopNode } from './stop-nodes.ts';

const LOCAL_FLAGS = [BASE_DIR_FLAG, ...LOGIN_FLAGS, JSON_FLAG];

export const CLUSTER_GROUP: ToolGroup = {
  name: 'cluster',
  description: 'run a cluster on this machine, and tell of any',
  tools: [
    clusterTool(start, {
      name: 'start',
      description: 'run nodes on this machine as one cluster, and wait until they are',
      words: null,
      flags: [
        { usage: '--nodes <count>', help: 'how many; 3, or as many as there were before' },
        { usage: '--port <port>', help: 'RESP port of the first: 8080; all others move with it' },
        { usage: '--http-port <port>', help: 'HTTP port of the first' },
        { usage: '--gossip-port <port>', help: 'gossip port of the first' },
        { usage: '--link-port <port>', help: 'port of the first for links between nodes' },
        ...LOCAL_FLAGS,
      ],
    }),
    clusterTool(stop, {
      name: 'stop',
      description: 'stop all nodes that run here, or those that are named, one after another',
      words: nodeWords('[node...]', Number.POSITIVE_INFINITY),
      flags: [BASE_DIR_FLAG, JSON_FLAG],
    }),
    clusterTool(add, {
      name: 'add',
      description: 'run one more node with the settings of the others, and wait until it is filled',
      words: null,
      flags: LOCAL_FLAGS,
    }),
    clusterTool(showStatus, {
      name: 'status',
      description: 'tell of every member, as one node sees it',
      words: null,
      flags: [...NODE_FLAGS, JSON_FLAG],
    }),
    clusterTool(showRebalance, {
      name: 'rebalance',
      description: 'show how slots move to their owners until none has to',
      words: null,
      flags: [...NODE_FLAGS, JSON_FLAG],
    }),
    clusterTool(forgetNode, {
      name: 'forget',
      description: 'say that a node that is gone does not come back',
      words: nodeWords('<node>', 1),
      flags: [...NODE_FLAGS, JSON_FLAG],
    }),
  ],
};

function clusterTool(
  run: (tool: ToolRun) => Promise<number>,
  row: Omit<ToolRow, 'run' | 'takesSettings'>,
): ToolRow {
  return { ...row, takesSettings: true, run: (args, world) => runTool(args, world, run) };
}

function nodeWords(usage: string, countMax: number): WordsRow {
  return { usage, help: 'by its id, such as node-2', countMax };
}

const FIRST_PORTS: NodePorts = { resp: 8080, http: 9080, gossip: 7946, link: 6946 };
const DEFAULT_NODE_COUNT = 3;
const NODE_COUNT_MAX = 64;
const PORT_MAX = 65_535;

async function start(tool: ToolRun): Promise<number> {
  const { rest, world } = tool;
  const baseDir = baseDirOf(tool);
  const known = listLocalNodes(world, baseDir);
  const usual = known.at(-1)?.number ?? DEFAULT_NODE_COUNT;
  const count = findCount(tool, 'nodes', { min: 1, max: NODE_COUNT_MAX }) ?? usual;
  const wanted = Array.from({ length: count }, (_, i) => localNode(world, baseDir, i + 1));
  const running = known.filter((node) => node.isRunning);
  for (const { name, record } of running) {
    note(tool, `${name} runs already: RESP ${record!.ports.resp}, process ${record!.pid}\n`);
  }
  const nodes = wanted
    .filter((node) => !node.isRunning)
    .map((node) => ({ node, ports: portsOf(tool, node) }));
  if (nodes.length > 0) await startAll(tool, { baseDir, nodes, running, settings: rest });
  tellNodes(tool, baseDir);
  return 0;
}

function startAll(tool: ToolRun, plan: Omit<StartPlan, 'onReady' | 'tool'>): Promise<void> {
  return startNodes({
    ...plan,
    tool,
    onReady: ({ name, record }) => {
      const { pid, ports } = record!;
      const places = `RESP ${ports.resp}, HTTP ${ports.http}, gossip ${ports.gossip}`;
      note(tool, `${name} is ready: ${places}, link ${ports.link}, process ${pid}\n`);
    },
  });
}

/** What is under way is for people; programs get the outcome. */
function note({ flags, print }: ToolRun, text: string): void {
  if (!flags.has('json')) print(text);
}

function tellNodes(tool: ToolRun, baseDir: string): void {
  const running = listLocalNodes(tool.world, baseDir).filter((node) => node.isRunning);
  const nodes = running.map(({ name, dataDir, logPath, record }) => ({
    ...{ node_id: name, process: record!.pid, ports: record!.ports },
    ...{ data_dir: dataDir, log: logPath },
  }));
  tool.tell({ facts: { nodes }, text: `${nodes.length} nodes are one cluster\n` });
}

async function stop(tool: ToolRun): Promise<number> {
  const { world, words } = tool;
  const known = listLocalNodes(world, baseDirOf(tool));
  const unknown = words.filter((word) => !known.some(({ name }) => name === word));
  if (unknown.length > 0) throw new NodeError('BAD_CONFIGURATION', noNode(unknown[0]!, known));
  const chosen = words.length === 0 ? known : known.filter(({ name }) => words.includes(name));
  if (known.length === 0) note(tool, `no node was started below ${baseDirOf(tool)}\n`);
  const outcomes: [string, string][] = [];
  for (const node of chosen.reverse()) {
    const { name } = node;
    const outcome = await stopNode(tool, node);
    outcomes.push([name, outcome]);
    note(tool, `${name} ${outcome === 'killed' ? 'did not stop and was killed' : outcome}\n`);
  }
  tool.tell({ facts: { nodes: Object.fromEntries(outcomes) }, text: '' });
  return outcomes.some(([, outcome]) => outcome === 'killed') ? FAILED : 0;
}

async function add(tool: ToolRun): Promise<number> {
  const { rest, world } = tool;
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
  await startAll(tool, { baseDir, nodes: [{ node, ports }], running, settings });
  tellNodes(tool, baseDir);
  return 0;
}

function noNode(name: string, known: readonly LocalNode[]): string {
  const names = known.map((node) => node.name).join(', ');
  return `No node ${name} was started here${names === '' ? '' : `; there are ${names}`}`;
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

function portOf(tool: ToolRun, flag: string): number | null {
  return findCount(tool, flag, { min: 1, max: PORT_MAX });
}

function shifted(ports: NodePorts, by: number): NodePorts {
  return {
    resp: ports.resp + by,
    http: ports.http + by,
    gossip: ports.gossip + by,
    link: ports.link + by,
  };
}
