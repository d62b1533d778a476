/** What belongs to one store of those that are kept equal: stamps, stream, what others send. */
import type { Clock } from '../../base/world.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import type { Store } from '../../engine/store.ts';
import type { RealNames } from '../../journal/real-names.ts';
import type { CommandReplay } from '../../replay/command-replay.ts';
import type { PeerBus } from '../peers/peer-bus.ts';
import { Acknowledgements } from './delivery/acknowledgements.ts';
import { Quorum } from './delivery/quorum.ts';
import { ReplicaLags } from './delivery/replica-lags.ts';
import type { SlotAudience } from './delivery/slot-audience.ts';
import { tellStream } from './delivery/stream-upkeep.ts';
import { type ApplierListener, EffectApplier } from './effect-applier.ts';
import { EffectStream } from './effect-stream.ts';
import { FetchTable } from './fetch/fetch-table.ts';
import type { HybridClock } from './hybrid-clock.ts';
import type { StampSeeds } from './stamp-table.ts';
import { StoreStamps } from './store-stamps.ts';

/** The stream of another node, as far as it came. */
export interface StreamSource {
  readonly incarnation: number;
  /** Of the last change that came. */
  position: number;
  /** Nothing before is missing. */
  isWhole: boolean;
  acknowledgedPosition: number;
}

export class ReplicatedStore {
  readonly store: Store;
  readonly stamps: StoreStamps;
  readonly stream: EffectStream;
  readonly applier: EffectApplier;
  readonly acknowledgements: Acknowledgements;
  readonly fetches: FetchTable;
  /** Null: the owner answers at once. */
  readonly quorum: Quorum | null;
  /** Changes up to there are in the owner's copy: it has acknowledged them, or was compared. */
  contributedPosition = 0;
  /** What the owner had not acknowledged when it was looked at last. */
  unheardPosition = 0;
  private readonly bus: PeerBus;
  private readonly clock: Clock;
  private readonly lags = new ReplicaLags();
  /** Every node is told of every change. */
  private readonly isForAll: boolean;
  private readonly sources = new Map<string, StreamSource>();
  /** Where the stream stood when its nodes were asked last how far they are. */
  private askedPosition = 0;

  constructor(options: {
    store: Store;
    node: NodeServices;
    bus: PeerBus;
    clock: HybridClock;
    seeds: StampSeeds;
    names: RealNames;
    listener: ApplierListener;
    audience: SlotAudience | null;
    onFirst: () => void;
  }) {
    const { audience, bus, clock, listener, names, node, store } = options;
    this.store = store;
    this.stream = new EffectStream({
      storeName: store.name,
      bus,
      clock: node.clock,
      names,
      onFirst: options.onFirst,
      correlationOf: (actorId) => node.clients.correlationOf(actorId),
      audience,
    });
    const { seeds } = options;
    this.stamps = new StoreStamps({ store, clock, seeds, stream: this.stream, names });
    this.applier = new EffectApplier({ node, stamps: this.stamps, clock, listener });
    this.bus = bus;
    this.clock = node.world.clock;
    this.isForAll = audience === null;
    this.acknowledgements = new Acknowledgements(node.world.timers, () => this.ask());
    this.fetches = new FetchTable();
    const { consistencyLevel, replicationFactor } = node.configuration.cluster;
    const { acknowledgements, stream } = this;
    const isQuorum = (store.configuration.consistency ?? consistencyLevel) === 'quorum';
    const quorum = { bus, stream, acknowledgements, audience, replicationFactor };
    this.quorum = isQuorum ? new Quorum(quorum) : null;
  }

  /** From now on changes are stamped. */
  wake(): void {
    this.store.sink.attach(this.stamps);
  }

  /** What is held may wait for more to come: nobody waits for it. */
  get isPaced(): boolean {
    return this.stream.isPaced && this.quorum === null && !this.acknowledgements.areAwaited;
  }

  /** Sends what was recorded, and asks for acknowledgements where somebody waits for them. */
  flush(): void {
    this.stream.flush();
    if (this.acknowledgements.areAwaited) this.ask();
  }

  get replay(): CommandReplay {
    return this.applier.replay;
  }

  /** The stream of that node, as this start of it sends it. */
  sourceOf(peerId: string, incarnation: number): StreamSource {
    const known = this.sources.get(peerId);
    if (known !== undefined && known.incarnation === incarnation) return known;
    const source = { incarnation, position: 0, isWhole: true, acknowledgedPosition: 0 };
    this.sources.set(peerId, source);
    return source;
  }

  findSource(peerId: string): StreamSource | null {
    return this.sources.get(peerId) ?? null;
  }

  get sourceIds(): Iterable<string> {
    return this.sources.keys();
  }

  /** Changes that are for that node and that it has not acknowledged. */
  behindCount(nodeId: string): number {
    return Math.max(0, this.endFor(nodeId) - this.acknowledgements.positionOf(nodeId));
  }

  /** For how long it has not acknowledged one of them. */
  lagMs(nodeId: string): number {
    const { acknowledgements, clock, lags } = this;
    return lags.lagMs(nodeId, acknowledgements.positionOf(nodeId), clock.monotonicMs());
  }

  markLag(nodeId: string): void {
    const { acknowledgements, clock, lags } = this;
    const acknowledged = acknowledgements.positionOf(nodeId);
    lags.mark(nodeId, acknowledged, this.endFor(nodeId), clock.monotonicMs());
  }

  private endFor(nodeId: string): number {
    return this.isForAll ? this.stream.position : this.stream.toldTo(nodeId);
  }

  private ask(): void {
    const { heldBytes, sentPosition } = this.stream;
    // What is held asks when it is sent.
    if (heldBytes > 0 || sentPosition === this.askedPosition) return;
    this.askedPosition = sentPosition;
    tellStream(this.bus, this);
  }

  stop(): void {
    this.store.sink.detach(this.stamps);
    this.store.evictsByItself = true;
    this.acknowledgements.stop();
  }
}
