/** Several members in one simulation, each on a machine of its own. */
import { type LogFacts, type Logger, SILENT_LOGGER } from '../base/logger.ts';
import { GossipMembership } from '../cluster/membership/gossip-membership.ts';
import type {
  GossipQuery,
  Member,
  MemberStatus,
  MembershipOptions,
} from '../cluster/membership/membership.ts';
import { createFabric, type Fabric } from '../world/simulated/fabric.ts';
import type { SimulatedWorld } from '../world/simulated/simulated-world.ts';

export const GOSSIP_PORT = 7946;
export const CLUSTER_KEY = 'a key that all of them know';

export interface Gossiper {
  readonly name: string;
  readonly world: SimulatedWorld;
  readonly membership: GossipMembership;
  /** `name status` in the order in which they came. */
  readonly heard: string[];
  readonly events: string[];
  onQuery: ((query: GossipQuery) => void) | null;
  /** Its log, from level warn on. */
  readonly complaints: string[];
}

export interface GossipKit {
  readonly fabric: Fabric;
  add(name: string, options?: Partial<MembershipOptions>, world?: SimulatedWorld): Gossiper;
  /** Adds members that know the first one as their seed, and starts them. */
  start(names: readonly string[], options?: Partial<MembershipOptions>): Promise<Gossiper[]>;
}

export function createGossipKit(seed = 1): GossipKit {
  const fabric = createFabric(seed);
  const add: GossipKit['add'] = (name, options = {}, world = fabric.addMachine()) => {
    const complaints: string[] = [];
    const heard: string[] = [];
    const events: string[] = [];
    const membership = new GossipMembership({
      world,
      logger: complaintLogger(complaints),
      options: { ...defaultsOf(name, world), ...options },
    });
    const gossiper: Gossiper = {
      name,
      world,
      membership,
      heard,
      events,
      onQuery: null,
      complaints,
    };
    membership.listen({
      onMember: (member) => heard.push(`${member.name} ${member.status}`),
      onUserEvent: (event, payload) => events.push(`${event} ${Buffer.from(payload)}`),
      onQuery: (query) => gossiper.onQuery?.(query),
    });
    return gossiper;
  };
  const start: GossipKit['start'] = async (names, options = {}) => {
    const gossipers = names.map((name) => add(name, options));
    const seed = `${gossipers[0].world.network.address}:${GOSSIP_PORT}`;
    for (const { membership } of gossipers) {
      await fabric.await(membership.start());
      if (membership !== gossipers[0].membership) membership.join(...placeOf(seed));
    }
    return gossipers;
  };
  return { fabric, add, start };
}

/** How one sees the others: name -> status, its own name left out. */
export function viewOf({ membership, name }: Gossiper): Record<string, MemberStatus> {
  const others = membership.members.filter((member) => member.name !== name);
  return Object.fromEntries(others.map((member) => [member.name, member.status]));
}

export function memberOf(gossiper: Gossiper, name: string): Member {
  const found = gossiper.membership.members.find((member) => member.name === name);
  if (found === undefined) throw new Error(`${gossiper.name} does not know ${name}`);
  return found;
}

/** Every one sees every one alive. */
export function areAllAlive(gossipers: readonly Gossiper[]): boolean {
  return gossipers.every(({ membership }) =>
    gossipers.every(({ name }) =>
      membership.members.some((member) => member.name === name && member.status === 'alive'),
    ),
  );
}

function defaultsOf(nodeId: string, world: SimulatedWorld): MembershipOptions {
  return {
    nodeId,
    host: world.network.address,
    port: GOSSIP_PORT,
    advertiseHost: '',
    advertisePort: 0,
    clusterKey: CLUSTER_KEY,
    seeds: [],
    seedDns: '',
    seedDnsPort: GOSSIP_PORT,
    tags: new Map([
      ['hc', '1'],
      ['resp', '8080'],
    ]),
    directory: 'data/cluster',
  };
}

function placeOf(seed: string): [string, number] {
  const [host, port] = seed.split(':');
  return [host, Number(port)];
}

function complaintLogger(complaints: string[]): Logger {
  const complain = (action: string, message: string, facts: LogFacts = {}): void => {
    complaints.push(`${action}: ${message} ${JSON.stringify(facts)}`);
  };
  const logger: Logger = { ...SILENT_LOGGER, warn: complain, error: complain, child: () => logger };
  return logger;
}
