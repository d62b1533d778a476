/**
 * The nodes of the cluster as commands, HTTP and metrics tell of them: one object a node, which
 * reads what is known when it is asked.
 *
 * Clients are told the table of slots also where one node owns a whole store: any node answers
 * them, so that their reads are spread, and each key is written and read by way of one node.
 */
import type { ClusterConfiguration } from '../../base/configuration-sections.ts';
import { sha1 } from '../../base/digest/sha1.ts';
import type { Clock } from '../../base/world.ts';
import type { ClusterNode } from '../../commands/cluster-service.ts';
import type { Store } from '../../engine/store.ts';
import type { Member, Membership } from '../membership/membership.ts';
import type { PeerBus } from '../peers/peer-bus.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Ownership } from './ownership.ts';
import { isOwnedBySlot } from './store-ownership.ts';
import { viewIssues } from './view-issues.ts';

export interface ClusterDirectoryOptions {
  readonly clock: Clock;
  readonly view: ClusterView;
  readonly membership: Membership;
  readonly bus: PeerBus;
  readonly ownership: Ownership;
  readonly settings: Pick<ClusterConfiguration, 'replicationFactor'>;
}

export class ClusterDirectory {
  readonly self: ClusterNode;
  private readonly options: ClusterDirectoryOptions;
  private readonly nodesById = new Map<string, DirectoryNode>();

  constructor(options: ClusterDirectoryOptions) {
    this.options = options;
    this.self = this.require(options.view.selfId);
  }

  /** This node first, then the others by their ids; those that left or failed as well. */
  get nodes(): readonly ClusterNode[] {
    const { selfId, records } = this.options.view;
    const known = [...records].filter(({ member }) => member !== null).map(({ id }) => id);
    for (const id of this.nodesById.keys()) {
      if (id !== selfId && !known.includes(id)) this.nodesById.delete(id);
    }
    return [selfId, ...known.sort()].map((id) => this.require(id));
  }

  get tableVersion(): number {
    return this.options.ownership.table.version;
  }

  get tableDigest(): string {
    return this.options.ownership.table.digest;
  }

  ownerOfSlot(slot: number): ClusterNode | null {
    const id = this.options.ownership.table.ownerOfSlot(slot);
    return id === '' ? null : this.require(id);
  }

  holdersOfSlot(slot: number): readonly ClusterNode[] {
    return this.options.ownership.table.holdersOfSlot(slot).map((id) => this.require(id));
  }

  /** Null: none is known, or each slot of it has an owner of its own. */
  ownerOfStore({ configuration, name }: Pick<Store, 'configuration' | 'name'>): ClusterNode | null {
    const { ownership, settings } = this.options;
    if (isOwnedBySlot(configuration, settings)) return null;
    const id = ownership.table.ownerOfStore(name);
    return id === '' ? null : this.require(id);
  }

  /** By its gossip: links may say otherwise. */
  isAlive(id: string): boolean {
    return this.options.view.find(id)?.isAlive === true;
  }

  /** What is wrong, in sentences. */
  issues(): string[] {
    const { clock, view, membership } = this.options;
    const issues = viewIssues(view, clock.monotonicMs());
    if (membership.failure !== '') issues.push(`cluster: ${membership.failure}`);
    return issues;
  }

  /** Joins whoever's gossip listens there. */
  meet(host: string, gossipPort: number): void {
    this.options.membership.join(host, gossipPort);
  }

  /** @returns false, and nothing happened, of a node that lives or is not known */
  forgetNode(id: string): boolean {
    const { view } = this.options;
    const record = view.find(id);
    if (record === null || record.isLive || record.member === null) return false;
    view.forget(id);
    return true;
  }

  private require(id: string): DirectoryNode {
    let node = this.nodesById.get(id);
    if (node === undefined) {
      node = new DirectoryNode(id, this.options);
      this.nodesById.set(id, node);
    }
    return node;
  }
}

class DirectoryNode implements ClusterNode {
  readonly id: string;
  readonly hexId: string;
  private readonly options: ClusterDirectoryOptions;

  constructor(id: string, options: ClusterDirectoryOptions) {
    this.id = id;
    this.hexId = Buffer.from(sha1(Buffer.from(id, 'utf8'))).toString('hex');
    this.options = options;
  }

  get isSelf(): boolean {
    return this.id === this.options.view.selfId;
  }

  get status(): ClusterNode['status'] {
    const { view } = this.options;
    if (this.isSelf) return view.state;
    const record = view.find(this.id);
    const status = record?.member?.status ?? 'left';
    if (record === null || status === 'left') return 'left';
    if (!record.isLive) return 'failed';
    if (record.isSilent) return 'suspect';
    return status === 'leaving' ? 'leaving' : record.state;
  }

  get address(): string {
    return this.member?.address ?? '';
  }

  get gossipPort(): number {
    return this.member?.port ?? 0;
  }

  get respPort(): number {
    return this.portOf('resp');
  }

  get httpPort(): number {
    return this.portOf('http');
  }

  get linkPort(): number {
    return this.portOf('link');
  }

  get tlsPort(): number {
    return this.portOf('tls');
  }

  get redirectPort(): number {
    return this.portOf('redirect');
  }

  get joinedMs(): number {
    return this.member?.sinceMs ?? 0;
  }

  get seenMs(): number {
    const { bus, clock } = this.options;
    const peer = bus.find(this.id);
    if (this.isSelf || peer?.isHeard) return clock.wallMs();
    const heardMs = peer?.heardMs ?? 0;
    // Only by its gossip, so far; a link that nothing came by has been silent for ever.
    if (!(heardMs > 0)) return this.joinedMs;
    return clock.wallMs() - Math.round(clock.monotonicMs() - heardMs);
  }

  get doubtCount(): number {
    let count = 0;
    for (const { hearing, isAlive, isSilent } of this.options.view.records) {
      if (isAlive && !isSilent && hearing.get(this.id) === true) count++;
    }
    return count;
  }

  get tags(): ReadonlyMap<string, string> {
    return this.member?.tags ?? NO_TAGS;
  }

  private get member(): Member | null {
    const { membership, view } = this.options;
    return this.isSelf ? membership.members[0] : (view.find(this.id)?.member ?? null);
  }

  private portOf(tag: string): number {
    return Number(this.tags.get(tag) ?? 0);
  }
}

const NO_TAGS: ReadonlyMap<string, string> = new Map();
