/** What a node needs to start that others may have. */
import { NodeError } from '../../../base/errors.ts';
import type { World } from '../../../base/world.ts';
import { reachable } from '../../node/asked-node.ts';
import { openTalk } from '../../resp/resp-talk.ts';
import { counted } from '../../terminal/units.ts';
import {
  type CheckRow,
  type Finding,
  type Findings,
  failure,
  good,
  notice,
  type Patient,
  warning,
} from '../check-row.ts';

export const START_CHECKS: readonly CheckRow[] = [
  {
    name: 'ports',
    about: 'every port can be bound, and no two are the same',
    stages: ['stopped'],
    look: checkPorts,
  },
  {
    name: 'seeds',
    about: 'the seeds have addresses, and somebody answers there',
    stages: ['stopped'],
    look: checkSeeds,
  },
];

interface WantedPort {
  readonly setting: string;
  readonly hosts: readonly string[];
  readonly port: number;
}

function wantedPorts({ configuration }: Patient): WantedPort[] {
  const { cluster, http, network, tls } = configuration;
  const resp = network.respBindAddresses;
  const wanted: (WantedPort & { readonly isOn: boolean })[] = [
    {
      setting: 'network.resp_port',
      hosts: resp,
      port: network.respPort,
      isOn: network.respEnabled,
    },
    { setting: 'tls.port', hosts: resp, port: tls.port, isOn: true },
    {
      setting: 'network.http_port',
      hosts: [network.httpBindAddr],
      port: network.httpPort,
      isOn: http.enabled,
    },
    ...(['gossip', 'link'] as const).map((kind) => ({
      setting: `network.${kind}_port`,
      hosts: [network.gossipBindAddr],
      port: kind === 'gossip' ? network.gossipPort : network.linkPort,
      isOn: cluster.enabled,
    })),
    {
      setting: 'network.redirect_port',
      hosts: resp,
      port: network.redirectPort,
      isOn: cluster.enabled,
    },
  ];
  // 0 is any free port, or none.
  return wanted.filter(({ isOn, port }) => isOn && port !== 0);
}

async function checkPorts(patient: Patient): Promise<Findings> {
  const wanted = wantedPorts(patient);
  const found: Finding[] = [];
  for (const { hosts, port, setting } of wanted) {
    const same = wanted.find((other) => other.port === port && other.setting < setting);
    if (same !== undefined) {
      found.push(failure(`${setting} and ${same.setting} are both ${port}`, 'change one of them'));
      continue;
    }
    for (const host of hosts) {
      const refusal = await tryPort(patient.world, host, port);
      if (refusal === '') continue;
      const isNode = setting === 'network.resp_port' && (await speaksResp(patient, { host, port }));
      const advice = isNode ? NODE_ADVICE : adviceOn(refusal);
      found.push(failure(`${setting}: ${refusal}`, advice));
    }
  }
  if (found.length > 0) return found;
  return good(`${counted(wanted.length, 'port')} can be bound`);
}

const NODE_ADVICE =
  'a server answers there: if it is the node, its HTTP port is another (--http-port), or off';

async function speaksResp(
  { world }: Patient,
  { host, port }: { host: string; port: number },
): Promise<boolean> {
  const nobody = { user: null, password: '', store: null };
  try {
    const talk = await openTalk(world, { host: reachable(host), port, tls: null }, nobody);
    // An error is an answer as well: it wants a password.
    await talk.ask(['PING']);
    talk.socket.destroy();
    return true;
  } catch (error) {
    if (error instanceof NodeError) return false;
    throw error;
  }
}

function adviceOn(refusal: string): string {
  if (refusal.includes('EACCES')) return 'ports below 1024 are for root: take another one';
  if (refusal.includes('EADDRNOTAVAIL')) return 'bind to an address that this machine has';
  return 'stop what listens there (ss -ltnp tells what that is), or take another port';
}

/** @returns '' or why it cannot be bound */
async function tryPort({ network }: World, bound: string, port: number): Promise<string> {
  const mayBeMissing = bound.startsWith('-');
  const host = bound.replace(/^-/, '');
  try {
    const listener = await network.listen(
      {
        ...{ host, port, backlog: 1, tls: null, socketPath: 'public', keepAliveS: 0 },
        ipv6Only: host.includes(':'),
      },
      (socket) => socket.destroy(),
    );
    await listener.close();
    return '';
  } catch (error) {
    if (!(error instanceof NodeError) || error.code !== 'PORT_REFUSED') throw error;
    return mayBeMissing && !error.message.includes('EADDRINUSE') ? '' : error.message;
  }
}

const DIAL_MS = 2_000;
const GOSSIP_PORT = 7946;

async function checkSeeds({ configuration, world }: Patient): Promise<Findings> {
  const { cluster, network } = configuration;
  if (!cluster.enabled || (cluster.seeds.length === 0 && cluster.seedDns === '')) return null;
  const places = cluster.seeds.map((seed) => placeOf(seed, GOSSIP_PORT));
  if (cluster.seedDns !== '') places.push({ host: cluster.seedDns, port: cluster.seedDnsPort });
  const outcomes = await Promise.all(
    places.map(async ({ host, port }) => {
      const isSelf = host === network.gossipBindAddr && port === network.gossipPort;
      return isSelf ? '' : await trySeed(world, host, port);
    }),
  );
  const refusals = outcomes.filter((outcome) => outcome !== '');
  if (refusals.length === 0) return good(`${counted(places.length, 'seed')} can be reached`);
  const reasons = refusals.join('; ');
  if (refusals.length < places.length) {
    return notice(`${reasons}; others answer, which is enough`);
  }
  return warning(
    `no seed answers: ${reasons}`,
    'start those nodes, or see addresses and firewalls; a node goes on alone and tries again',
  );
}

function placeOf(text: string, usualPort: number): { host: string; port: number } {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? text;
  return { host, port: Number(match?.[3] ?? usualPort) };
}

/** @returns '' or why nobody is reached */
async function trySeed({ network }: World, host: string, port: number): Promise<string> {
  try {
    const socket = await network.dial({ host, port, timeoutMs: DIAL_MS, secret: null });
    socket.setHandler({ onReadable() {}, onDrained() {}, onEnd() {}, onClose() {} });
    socket.destroy();
    return '';
  } catch (error) {
    if (error instanceof NodeError) return error.message;
    throw error;
  }
}
