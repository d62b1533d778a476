/**
 * Members as Serf names their status. SWIM tells who can be reached; an intent, which is news of
 * its own, tells that somebody means to leave: who is gone after that has left, others failed.
 *
 *     alive --leave intent--> leaving --gone--> left
 *     alive --gone--> failed --leave intent (of an operator)--> left
 *
 * @source https://github.com/hashicorp/serf (serf.go)
 */
import { LIMITS } from '../../../base/limits.ts';
import type { World } from '../../../base/world.ts';
import type { Member, MemberStatus } from '../membership.ts';
import type { SwimNode } from '../swim/node-table.ts';
import { type Intent, SERF } from '../wire/serf-messages.ts';
import { STATE } from '../wire/swim-messages.ts';
import type { LamportClock } from './lamport-clock.ts';
import { parseTags } from './tags.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** An intent of somebody unknown is kept so long: the news of who it is may come later. */
const INTENT_MS = 5 * 60 * 1000;

export interface BookMember extends Member {
  address: string;
  port: number;
  tags: ReadonlyMap<string, string>;
  status: MemberStatus;
  isBusy: boolean;
  sinceMs: number;
  /** Lamport time of the last intent. */
  statusTime: number;
}

type IntentType = typeof SERF.leave | typeof SERF.join;

export class MemberBook {
  private readonly world: World;
  private readonly selfName: string;
  private readonly clock: LamportClock;
  private readonly onMember: (member: Member) => void;
  private readonly byName = new Map<string, BookMember>();
  private readonly earlyIntents = new Map<string, { type: IntentType; time: number; ms: number }>();

  constructor(options: {
    world: World;
    selfName: string;
    clock: LamportClock;
    onMember: (member: Member) => void;
  }) {
    this.world = options.world;
    this.selfName = options.selfName;
    this.clock = options.clock;
    this.onMember = options.onMember;
  }

  /** The first is this node. */
  get members(): readonly BookMember[] {
    return [...this.byName.values()];
  }

  get aliveCount(): number {
    let count = 0;
    for (const { status } of this.byName.values()) if (status === 'alive') count++;
    return count;
  }

  find(name: string): BookMember | null {
    return this.byName.get(name) ?? null;
  }

  onAlive(node: SwimNode): void {
    const known = this.byName.get(node.name);
    if (known === undefined) {
      this.add(node);
      return;
    }
    known.address = node.address;
    known.port = node.port;
    known.tags = parseTags(node.meta);
    known.isBusy = false;
    this.changeStatus(known, 'alive');
  }

  onChanged(node: SwimNode): void {
    const member = this.byName.get(node.name);
    if (member === undefined) return;
    member.address = node.address;
    member.port = node.port;
    member.tags = parseTags(node.meta);
    this.onMember(member);
  }

  onGone(node: SwimNode): void {
    const member = this.byName.get(node.name);
    if (member === undefined) return;
    const hasLeft = member.status === 'leaving' || node.state === STATE.left;
    if (member.status === 'alive' || member.status === 'leaving') {
      this.changeStatus(member, hasLeft ? 'left' : 'failed');
    }
  }

  onBusy(name: string, isBusy: boolean): void {
    const member = this.byName.get(name);
    if (member === undefined || member.isBusy === isBusy) return;
    member.isBusy = isBusy;
    this.onMember(member);
  }

  /** @returns whether it is news, to be passed on */
  hearLeave(intent: Intent): boolean {
    this.clock.witness(intent.time);
    const member = this.byName.get(intent.node);
    if (member === undefined) return this.keepEarly(SERF.leave, intent);
    if (intent.time <= member.statusTime) return false;
    member.statusTime = intent.time;
    if (member.status === 'alive') this.changeStatus(member, 'leaving');
    else if (member.status === 'failed') this.changeStatus(member, 'left');
    if (intent.isPrune && member.name !== this.selfName) this.prune(member);
    return true;
  }

  /** @returns whether it is news, to be passed on */
  hearJoin(intent: Intent): boolean {
    this.clock.witness(intent.time);
    const member = this.byName.get(intent.node);
    if (member === undefined) return this.keepEarly(SERF.join, intent);
    if (intent.time <= member.statusTime) return false;
    member.statusTime = intent.time;
    // The intent to leave was an older one.
    if (member.status === 'leaving') this.changeStatus(member, 'alive');
    return true;
  }

  /** Forgets who is gone for a day. */
  reap(): void {
    const wallMs = this.world.clock.wallMs();
    for (const { name, status, sinceMs } of this.members) {
      const isGone = status === 'failed' || status === 'left';
      if (isGone && wallMs - sinceMs > DAY_MS && name !== this.selfName) this.byName.delete(name);
    }
    const nowMs = this.world.clock.monotonicMs();
    for (const [name, { ms }] of this.earlyIntents) {
      if (nowMs - ms > INTENT_MS) this.earlyIntents.delete(name);
    }
  }

  private add(node: SwimNode): void {
    const early = this.earlyIntents.get(node.name);
    this.earlyIntents.delete(node.name);
    if (this.byName.size >= LIMITS.gossipMemberCountMax) this.dropLongestGone();
    const member: BookMember = {
      name: node.name,
      address: node.address,
      port: node.port,
      tags: parseTags(node.meta),
      status: early?.type === SERF.leave ? 'leaving' : 'alive',
      isBusy: false,
      sinceMs: this.world.clock.wallMs(),
      statusTime: early?.time ?? 0,
    };
    this.byName.set(member.name, member);
    this.onMember(member);
  }

  private changeStatus(member: BookMember, status: MemberStatus): void {
    member.status = status;
    member.sinceMs = this.world.clock.wallMs();
    this.onMember(member);
  }

  private prune(member: BookMember): void {
    if (member.status === 'left' || member.status === 'failed') this.byName.delete(member.name);
  }

  private keepEarly(type: IntentType, { node, time }: Intent): boolean {
    const early = this.earlyIntents.get(node);
    if (early !== undefined && time <= early.time) return false;
    if (early === undefined && this.earlyIntents.size >= LIMITS.gossipMemberCountMax) return false;
    this.earlyIntents.set(node, { type, time, ms: this.world.clock.monotonicMs() });
    return true;
  }

  private dropLongestGone(): void {
    let oldest: BookMember | null = null;
    for (const member of this.byName.values()) {
      const isGone = member.status === 'left' || member.status === 'failed';
      if (isGone && (oldest === null || member.sinceMs < oldest.sinceMs)) oldest = member;
    }
    if (oldest !== null) this.byName.delete(oldest.name);
  }
}
