/** What the machine, or its container, gives a node. */
import { LIMITS } from '../../../base/limits.ts';
import { counted, describeBytes } from '../../terminal/units.ts';
import {
  type CheckRow,
  type Findings,
  failure,
  good,
  notice,
  type Patient,
  unknown,
  warning,
} from '../check-row.ts';
import type { NodeFacts } from '../node-facts.ts';
import { readSystemBytes, readSystemCount, readSystemText } from '../system-files.ts';

const MACHINE = ['stopped', 'here'] as const;

export const MACHINE_CHECKS: readonly CheckRow[] = [
  {
    name: 'node-version',
    about: 'the version of Node is one that HyperCache runs on',
    stages: ['stopped', 'here', 'afar'],
    look: checkNodeVersion,
  },
  {
    name: 'open-files',
    about: 'the process may open as many files and sockets as `network.max_clients` needs',
    stages: MACHINE,
    look: checkOpenFiles,
  },
  {
    name: 'memory-limit',
    about: 'the memory limit of the node fits the machine, or its container',
    stages: MACHINE,
    look: checkMemoryLimit,
  },
  {
    name: 'memory-free',
    about: 'what the node may still take is free',
    stages: MACHINE,
    look: checkMemoryFree,
  },
  {
    name: 'swap',
    about: 'nothing of the process lies in swap',
    stages: MACHINE,
    look: checkSwap,
  },
  {
    name: 'overcommit',
    about: 'the system gives memory that is not used yet',
    stages: MACHINE,
    look: checkOvercommit,
  },
  {
    name: 'huge-pages',
    about: 'the system does not make pages of 2 MiB of what is barely used',
    stages: MACHINE,
    look: checkHugePages,
  },
  {
    name: 'backlog',
    about: 'as many connections may wait to be accepted as `network.backlog` says',
    stages: MACHINE,
    look: checkBacklog,
  },
];

const NODE_MAJOR_MIN = 20;
const NODE_MINOR_MIN = 19;

function checkNodeVersion({ node, world }: Patient): Findings {
  const version = node?.statistics?.process.node_version ?? world.host.nodeVersion;
  const match = /^v(\d+)\.(\d+)\./.exec(version);
  if (match === null) return unknown(`the version ${version} of Node says nothing`);
  const [major, minor] = [Number(match[1]), Number(match[2])];
  const advice = 'install an even release of Node, such as 22 or 24';
  if (major < NODE_MAJOR_MIN || (major === NODE_MAJOR_MIN && minor < NODE_MINOR_MIN)) {
    return failure(`Node ${version} is older than ${NODE_MAJOR_MIN}.${NODE_MINOR_MIN}`, advice);
  }
  if (major % 2 === 0) return good(`Node ${version}`);
  return notice(`Node ${version} is an odd release, which gets repairs for half a year`, advice);
}

function checkOpenFiles(patient: Patient): Findings {
  const { configuration, world } = patient;
  const countMax = openFileCountMax(patient) ?? world.host.openFileCountMax;
  if (!Number.isFinite(countMax)) return unknown('the limit of open files is not known here');
  const { maxClients } = configuration.network;
  const clientCountMax = countMax - LIMITS.reservedFileCount;
  // A node that runs has lowered the setting to what is possible.
  const isLowered = patient.stage === 'here' && maxClients === clientCountMax;
  if (clientCountMax >= maxClients && !isLowered) {
    return good(`${countMax} files may be open, for ${maxClients} clients`);
  }
  const wanted = isLowered ? 'fewer than network.max_clients asked for' : `not ${maxClients}`;
  const countWanted = Math.max(maxClients, CLIENTS_USUAL) + LIMITS.reservedFileCount;
  return warning(
    `${countMax} files may be open: that is ${clientCountMax} clients, ${wanted}`,
    `raise the limit (ulimit -n ${countWanted}, ` +
      'LimitNOFILE= of a systemd unit, --ulimit of a container), or lower network.max_clients',
  );
}

const CLIENTS_USUAL = 10_000;

/** @returns null: no process runs here, or it cannot be seen */
function openFileCountMax({ node, stage, world }: Patient): number | null {
  const pid = node?.statistics?.process.pid;
  if (stage !== 'here' || pid === undefined) return null;
  const text = readSystemText(world, `/proc/${pid}/limits`) ?? '';
  const count = /^Max open files +(\d+)/m.exec(text)?.[1];
  return count === undefined ? null : Number(count);
}

/** Above it the process itself, which the limit does not count, has no room. */
const MEMORY_SHARE_MAX = 0.9;

function checkMemoryLimit({ configuration, node, world }: Patient): Findings {
  const limitBytes = configuration.cache.nodeMaxMemoryBytes;
  const machineBytes = world.host.memoryBytesTotal;
  const machine = describeBytes(machineBytes);
  if (limitBytes === 0) {
    return warning(
      `there is no limit: when the ${machine} of this machine are used the system ends the process`,
      'set cache.node_max_memory to at most 80 % of the memory',
    );
  }
  const limit = `cache.node_max_memory is ${describeBytes(limitBytes)}`;
  const advice = `lower it to ${describeBytes(machineBytes * 0.8)}, or give more memory`;
  if (limitBytes > machineBytes) return failure(`${limit}, and there are ${machine}`, advice);
  if (limitBytes > machineBytes * MEMORY_SHARE_MAX) {
    return warning(`${limit} of ${machine}: nothing is left for the process itself`, advice);
  }
  const nodeCount = countNeighbours(node);
  if (nodeCount * limitBytes <= machineBytes) return good(`${limit} of ${machine}`);
  return notice(
    `${limit}, and ${nodeCount} nodes share the ${machine} of this machine`,
    `give each ${describeBytes((machineBytes * 0.8) / nodeCount)}, if all are to become full`,
  );
}

/** Nodes of the cluster at the address of this one, itself included. */
function countNeighbours(node: NodeFacts | null): number {
  if (node === null || node.statistics === null) return 1;
  const { cluster, process: self } = node.statistics;
  const alive = cluster.members.filter(({ status }) => status === 'alive');
  const address = alive.find(({ node_id }) => node_id === self.id)?.address;
  return Math.max(1, alive.filter((member) => member.address === address).length);
}

function checkMemoryFree({ configuration, node, world }: Patient): Findings {
  const freeBytes = readSystemBytes(world, '/proc/meminfo', 'MemAvailable');
  const limitBytes = configuration.cache.nodeMaxMemoryBytes;
  if (freeBytes === null) return unknown('what memory is free is not known here');
  if (limitBytes === 0) return null;
  const mayTakeBytes = Math.max(0, limitBytes - (node?.statistics?.memory.resident ?? 0));
  const free = describeBytes(freeBytes);
  const taken = describeBytes(mayTakeBytes);
  if (mayTakeBytes <= freeBytes) return good(`${free} are free, ${taken} may be taken`);
  return notice(
    `the node may still take ${taken}, and only ${free} are free`,
    'lower cache.node_max_memory, or see what else runs on this machine',
  );
}

function checkSwap({ node, stage, world }: Patient): Findings {
  if (stage === 'here') {
    const path = `/proc/${node?.statistics?.process.pid ?? 0}/status`;
    const bytes = readSystemBytes(world, path, 'VmSwap');
    if (bytes === null) return unknown('what of the process lies in swap is not known here');
    if (bytes === 0) return good('nothing of the process lies in swap');
    return warning(
      `${describeBytes(bytes)} of the process lie in swap: what is there is read from disk`,
      'lower cache.node_max_memory, or set vm.swappiness to 1; swapoff and swapon bring it back',
    );
  }
  const lines = readSystemText(world, '/proc/swaps')?.trim().split('\n');
  if (lines === undefined) return unknown('whether there is swap is not known here');
  if (lines.length < 2) return good('there is no swap');
  const swappiness = readSystemCount(world, '/proc/sys/vm/swappiness');
  if (swappiness !== null && swappiness <= SWAPPINESS_GOOD) return good('swap is a last resort');
  return notice(
    `there is swap, and vm.swappiness is ${swappiness ?? 'not known'}: idle keys may go there`,
    'sysctl vm.swappiness=1',
  );
}

const SWAPPINESS_GOOD = 10;
/** /proc/sys/vm/overcommit_memory: nothing is promised that is not there. */
const STRICT = 2;

function checkOvercommit({ world }: Patient): Findings {
  const mode = readSystemCount(world, '/proc/sys/vm/overcommit_memory');
  if (mode === null) return unknown('how the system gives memory is not known here');
  if (mode !== STRICT) return good(`vm.overcommit_memory is ${mode}`);
  return warning(
    'vm.overcommit_memory is 2: V8 reserves much more memory than it uses, and may be refused',
    'sysctl vm.overcommit_memory=0; 1 is not needed, as snapshots do not fork',
  );
}

function checkHugePages({ world }: Patient): Findings {
  const text = readSystemText(world, '/sys/kernel/mm/transparent_hugepage/enabled');
  if (text === null) return unknown('whether there are huge pages is not known here');
  if (!text.includes('[always]')) return good('transparent huge pages are given on request only');
  return notice(
    'transparent huge pages are always on: the process may use more memory than is counted',
    'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled',
  );
}

function checkBacklog({ configuration, world }: Patient): Findings {
  const countMax = readSystemCount(world, '/proc/sys/net/core/somaxconn');
  if (countMax === null) return unknown('how many connections may wait is not known here');
  const { backlog } = configuration.network;
  if (countMax >= backlog) return good(`${counted(backlog, 'connection')} may wait`);
  return notice(
    `net.core.somaxconn lets ${countMax} connections wait, network.backlog asks for ${backlog}`,
    `sysctl net.core.somaxconn=${backlog}`,
  );
}
