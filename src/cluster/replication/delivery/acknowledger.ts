/**
 * Tells other nodes how far what they sent is applied. Mostly nobody waits for that, and a message
 * back a loop turn would cost as much as the turn's changes: it is told some times a second. Who
 * waits asks, by a batch that holds nothing, and is told at the end of the turn.
 */
import { LIMITS } from '../../../base/limits.ts';
import type { Timer, Timers } from '../../../base/world.ts';
import { MESSAGE } from '../../peers/message-table.ts';
import type { PeerBus } from '../../peers/peer-bus.ts';
import type { ReplicatedStore } from '../replicated-store.ts';

export class Acknowledger {
  /** `flush` is to be called at the end of this loop turn. */
  isRaised = false;
  private readonly bus: PeerBus;
  private readonly timers: Timers;
  private readonly stores: ReadonlyMap<string, ReplicatedStore>;
  private readonly askTurnEnd: () => void;
  private timer: Timer | null = null;

  constructor(options: {
    bus: PeerBus;
    timers: Timers;
    /** By name. */
    stores: ReadonlyMap<string, ReplicatedStore>;
    askTurnEnd: () => void;
  }) {
    this.bus = options.bus;
    this.timers = options.timers;
    this.stores = options.stores;
    this.askTurnEnd = options.askTurnEnd;
  }

  /** Something was applied. */
  note(): void {
    if (this.timer !== null || this.isRaised) return;
    this.timer = this.timers.after(LIMITS.acknowledgeMs, () => {
      this.timer = null;
      this.raise();
    });
  }

  /** Somebody waits for it. */
  raise(): void {
    if (this.isRaised) return;
    this.isRaised = true;
    this.askTurnEnd();
  }

  flush(): void {
    this.isRaised = false;
    this.stop();
    for (const parts of this.stores.values()) this.acknowledge(parts);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  /** To every node of whose changes more are here than it was told. */
  private acknowledge(parts: ReplicatedStore): void {
    const { bus } = this;
    for (const id of parts.sourceIds) {
      const source = parts.findSource(id);
      if (source === null || !source.isWhole || parts.fetches.countOf(id) > 0) continue;
      if (source.position === source.acknowledgedPosition) continue;
      const peer = bus.find(id);
      const writer = peer?.isUp === true ? bus.begin(peer, MESSAGE.acknowledge) : null;
      if (writer === null) continue;
      writer.text(parts.store.name).u53(source.position).end();
      source.acknowledgedPosition = source.position;
    }
  }
}
