import { SILENT_LOGGER } from '../base/logger.ts';
import type {
  Member,
  MemberStatus,
  Membership,
  MembershipListener,
} from '../cluster/membership/membership.ts';
import { ClusterView } from '../cluster/placement/cluster-view.ts';
import { GossipOwnership } from '../cluster/placement/gossip-ownership.ts';
import { createSimulatedWorld, type SimulatedWorld } from '../world/simulated/simulated-world.ts';
import { type FakeBus, FakeNet } from './fake-net.ts';
import type { Draw } from './seeded.ts';

/** Nodes that see each other, and have no data: gossip and links do what the test says. */
export class ViewKit {
  readonly world: SimulatedWorld = createSimulatedWorld(1);
  readonly net = new FakeNet();
  readonly nodes: ViewNode[] = [];

  /** A node, or another process in the place of the one of that id. It knows nobody yet. */
  add(id: string, options: { incarnation?: number; expectsOthers?: boolean } = {}): ViewNode {
    const old = this.nodes.findIndex((node) => node.id === id);
    if (old >= 0) {
      this.nodes[old].view.stop();
      this.nodes.splice(old, 1);
    }
    const { incarnation = 1, expectsOthers = false } = options;
    const bus = this.net.add(id, incarnation);
    const node = new ViewNode(this, bus, expectsOthers);
    this.nodes.push(node);
    return node;
  }

  /** Gossip and links of all with all. */
  joinAll(): void {
    for (const node of this.nodes) {
      for (const other of this.nodes) if (other !== node) node.gossip.hear(other);
    }
    this.net.joinAll();
    this.net.deliver();
  }

  /** Time passes, and what it makes the nodes say arrives. */
  pass(ms: number, draw: Draw | null = null): void {
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.world.advance(Math.min(left, STEP_MS));
      this.net.deliver(draw);
    }
  }
}

const STEP_MS = 50;

export class ViewNode {
  readonly id: string;
  readonly bus: FakeBus;
  readonly gossip: FakeMembership;
  readonly view: ClusterView;
  readonly ownership: GossipOwnership;

  constructor(kit: ViewKit, bus: FakeBus, expectsOthers: boolean) {
    this.id = bus.id;
    this.bus = bus;
    this.gossip = new FakeMembership(kit, bus);
    this.view = new ClusterView({
      world: kit.world,
      logger: SILENT_LOGGER,
      membership: this.gossip,
      bus,
      tags: new Map([
        ['hc', '1'],
        ['inc', String(bus.incarnation)],
        ['link', '6946'],
      ]),
      expectsOthers,
    });
    this.ownership = new GossipOwnership(this.view, { placement: 'ring', replicationFactor: 0 });
    this.view.start();
  }
}

/** Everybody's gossip, as far as the test lets it through. */
export class FakeMembership implements Membership {
  readonly members: Member[];
  readonly port = 7946;
  readonly failure = '';
  readonly stats = {} as Membership['stats'];
  /** Names that were said to be gone for good. */
  readonly forced: string[] = [];
  /** Addresses of members that this node made itself known to. */
  readonly joined: string[] = [];
  /** Names that were asked about out of turn. */
  readonly checked: string[] = [];
  /** Nodes whose news do not arrive here. */
  readonly deafTo = new Set<string>();
  private readonly kit: ViewKit;
  private readonly listeners: MembershipListener[] = [];

  constructor(kit: ViewKit, bus: FakeBus) {
    this.kit = kit;
    this.members = [memberOf(bus.id, 'alive', new Map())];
  }

  listen(listener: MembershipListener): void {
    this.listeners.push(listener);
  }

  setTags(tags: ReadonlyMap<string, string>): void {
    this.members[0] = { ...this.members[0], tags };
    for (const { gossip, id } of this.kit.nodes) {
      const isKnown = gossip.members.some(({ name }) => name === this.members[0].name);
      if (id !== this.members[0].name && isKnown) gossip.take(this.members[0]);
    }
  }

  /** The news of another node arrive, as it is now. */
  hear(other: ViewNode): void {
    this.take(other.gossip.members[0]);
  }

  /** What is said of a member, whether it is true or not. */
  say(name: string, change: { status?: MemberStatus; isBusy?: boolean }): void {
    const member = this.members.find((known) => known.name === name);
    if (member !== undefined) this.take({ ...member, ...change });
  }

  take(member: Member): void {
    if (this.deafTo.has(member.name)) return;
    const index = this.members.findIndex(({ name }) => name === member.name);
    if (index < 0) this.members.push(member);
    else this.members[index] = member;
    for (const listener of this.listeners) listener.onMember(member);
  }

  check(name: string): void {
    this.checked.push(name);
  }

  forceLeave(name: string): void {
    this.forced.push(name);
  }

  async start(): Promise<void> {}
  sendEvent(): void {}
  async ask(): Promise<Map<string, Uint8Array>> {
    return new Map();
  }
  join(host: string): void {
    this.joined.push(host);
  }
  async leave(): Promise<void> {}
  stop(): void {}
}

export function memberOf(
  name: string,
  status: MemberStatus,
  tags: ReadonlyMap<string, string>,
): Member {
  return { name, address: '10.0.0.1', port: 7946, tags, status, isBusy: false, sinceMs: 0 };
}
