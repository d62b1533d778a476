import { LIMITS } from '../../base/limits.ts';
import type { Member } from '../membership/membership.ts';
import type { Peer } from '../peers/peer-bus.ts';
import { NODE_STATES, type NodeState, type ViewMessage } from './view-message.ts';

/** The tag that only nodes of this kind have; others are plain serf agents. */
export const LINK_VERSION_TAG = 'hc';

const NOBODY_HEARD: ReadonlyMap<string, boolean> = new Map();

/** What this node knows of another one, from its gossip, its link and what it tells. */
export class NodeRecord {
  readonly id: string;
  /** Null: the gossip does not know it yet, but a link brought it, or another node named it. */
  member: Member | null = null;
  /** Monotonic ms: since then it is known, and its gossip says that it is alive without a break. */
  aliveSinceMs: number;
  /** Of what is told below; another one is another process. */
  incarnation = 0;
  /** Grows with each change of its state within one incarnation. */
  revision = -1;
  state: NodeState = 'filling';
  /** Whom it hears, by what it told last. */
  hearing: ReadonlyMap<string, boolean> = NOBODY_HEARD;
  /** Monotonic ms: when this node made itself known to it last. */
  metMs = Number.NEGATIVE_INFINITY;
  /** Its links are up, and it was heard within the last second. */
  isLinked = false;
  /** It is alive, and nothing comes from it by its link. */
  isSilent = false;
  /** Silent, and no node that is heard contradicts. */
  isDown = false;

  constructor(id: string, nowMs: number) {
    this.id = id;
    this.aliveSinceMs = nowMs;
  }

  /** By its gossip; or it is heard, and the gossip has not found it again yet. */
  get isAlive(): boolean {
    const status = this.member?.status;
    return status === 'alive' || status === 'leaving' || (status === 'failed' && this.isLinked);
  }

  get isLive(): boolean {
    return this.isAlive && !this.isDown;
  }

  get isReady(): boolean {
    return this.isLive && this.state === 'ready' && this.member?.status !== 'leaving';
  }

  /** @param nowMs  monotonic */
  takeMember(member: Member, nowMs: number): void {
    const wasAlive = this.isAlive;
    this.member = member;
    if (this.isAlive && !wasAlive) this.aliveSinceMs = nowMs;
    const { tags } = member;
    const state = NODE_STATES.find((name) => name === tags.get('state')) ?? 'filling';
    this.takeState(Number(tags.get('inc') ?? 0), Number(tags.get('rev') ?? 0), state);
  }

  takeView(incarnation: number, view: ViewMessage): void {
    this.takeState(incarnation, view.revision, view.state);
    if (incarnation === this.incarnation) this.hearing = view.hearing;
  }

  /** The process behind a link: whatever was known of the one before is void. */
  takeIncarnation(incarnation: number): void {
    this.takeState(incarnation, -1, 'filling');
  }

  /** Gossip is slow and links are quick: what is older is passed over. */
  private takeState(incarnation: number, revision: number, state: NodeState): void {
    const isNewProcess = incarnation > this.incarnation;
    const isNews = incarnation === this.incarnation && revision > this.revision;
    if (!isNewProcess && !isNews) return;
    if (isNewProcess) this.hearing = NOBODY_HEARD;
    this.incarnation = incarnation;
    this.revision = revision;
    this.state = state;
  }

  /** @param peer  null: there is no link with it */
  listenTo(peer: Peer | null, nowMs: number): void {
    this.isLinked = peer !== null && peer.isUp && peer.isHeard;
    this.isSilent = this.isAlive && peer?.isHeard !== true && this.isOverdue(peer, nowMs);
  }

  private isOverdue(peer: Peer | null, nowMs: number): boolean {
    const silenceMs = nowMs - Math.max(this.aliveSinceMs, peer?.heardMs ?? 0);
    return silenceMs >= (this.member?.isBusy ? LIMITS.viewBusyMs : LIMITS.linkSilenceMs);
  }
}
