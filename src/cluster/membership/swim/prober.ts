/**
 * Asks one member after the other whether it is there: directly; after half a second by three
 * others and over TCP; and after a second, which stretches with this node's own bad health, it is
 * suspected.
 *
 *     0 ms      ping ------------------------------> member
 *     500 ms    indirect ping --> three others --ping--> member   (nack: nothing came to me)
 *               ping over TCP ---------------------> member       (UDP may be filtered)
 *     1,000 ms  nothing: suspect
 */
import type { Timer, World } from '../../../base/world.ts';
import {
  type Ack,
  encodeAck,
  encodeDoubt,
  encodeIndirectPing,
  encodeNack,
  encodePing,
  type IndirectPing,
  type Ping,
  parseAck,
  STATE,
  SWIM,
} from '../wire/swim-messages.ts';
import type { HealthScore } from './health-score.ts';
import { isGone, type NodeTable, type SwimNode } from './node-table.ts';
import type { Rumours } from './rumours.ts';
import type { SwimEvents } from './swim-events.ts';
import { afterPatiently, TIMING } from './timing.ts';
import type { Target, Transport } from './transport.ts';

const NACK_PROTOCOL = 4;
const TCP_PING_PROTOCOL = 3;
/** Pings for others that are under way at the same time. */
const RELAY_COUNT_MAX = 1_024;
const SEQUENCE_RANGE = 2 ** 32;
const NO_PAYLOAD: Uint8Array = new Uint8Array(0);

/** Who waits for the answer to one ping. */
interface Waiting {
  readonly onAck: (ack: Ack) => void;
  readonly onNack: () => void;
}

/** A member that is being asked. */
interface Probe {
  readonly node: SwimNode;
  readonly sequence: number;
  isReachedByStream: boolean;
  expectedNackCount: number;
  nackCount: number;
  timer: Timer;
}

export class Prober {
  private readonly world: World;
  private readonly selfName: string;
  private readonly table: NodeTable;
  private readonly rumours: Rumours;
  private readonly health: HealthScore;
  private readonly events: SwimEvents;
  private readonly transport: Transport;
  private readonly send: (message: Uint8Array, node: Target) => void;
  private readonly waiting = new Map<number, Waiting>();
  private readonly relayTimers = new Set<Timer>();
  /** Of members that are asked out of turn, by name. */
  private readonly checkTimers = new Map<string, Timer>();
  private sequence: number;
  private probe: Probe | null = null;
  private beat: Timer | null = null;

  /** @param options.send  one message, with what news fit beside it */
  constructor(options: {
    world: World;
    selfName: string;
    table: NodeTable;
    rumours: Rumours;
    health: HealthScore;
    events: SwimEvents;
    transport: Transport;
    send: (message: Uint8Array, node: Target) => void;
  }) {
    this.world = options.world;
    this.selfName = options.selfName;
    this.table = options.table;
    this.rumours = options.rumours;
    this.health = options.health;
    this.events = options.events;
    this.transport = options.transport;
    this.send = options.send;
    // Answers to the process before this one must not be taken for answers to this one.
    this.sequence = options.world.random.u32();
  }

  start(): void {
    this.beat = this.world.timers.every(TIMING.probeMs, () => this.probeNext());
  }

  stop(): void {
    this.beat?.cancel();
    this.probe?.timer.cancel();
    for (const timer of this.relayTimers) timer.cancel();
    this.relayTimers.clear();
    for (const timer of this.checkTimers.values()) timer.cancel();
    this.checkTimers.clear();
    this.waiting.clear();
  }

  /** Asks it once, out of turn. Who does not answer is not suspected for that. */
  check(name: string): void {
    const node = this.table.find(name);
    if (node === null || isGone(node) || this.checkTimers.has(name)) return;
    const sequence = this.nextSequence();
    const end = (): void => {
      this.checkTimers.delete(name);
      this.waiting.delete(sequence);
    };
    const timer = afterPatiently(this.world, TIMING.probeMs, () => {
      end();
      this.events.onUnanswered(node);
    });
    this.checkTimers.set(name, timer);
    const onAck = ({ payload }: Ack): void => {
      timer.cancel();
      end();
      this.events.onAckPayload(node, payload);
    };
    this.waiting.set(sequence, { onAck, onNack: () => {} });
    this.send(encodePing(this.pingOf(name, sequence)), targetOf(node));
  }

  onPing(ping: Ping, address: string, port: number): void {
    if (ping.node !== '' && ping.node !== this.selfName) return;
    const payload = this.events.ackPayload(ping.sourceNode);
    const ack = encodeAck({ sequence: ping.sequence, payload });
    const hasSource = ping.sourceAddress !== '' && ping.sourcePort > 0;
    this.answer(ack, ping.sourceNode, {
      address: hasSource ? ping.sourceAddress : address,
      port: hasSource ? ping.sourcePort : port,
    });
  }

  /** @returns the answer to a ping over TCP, or null when another node is meant */
  answerStreamPing(ping: Ping): Uint8Array | null {
    if (ping.node !== '' && ping.node !== this.selfName) return null;
    return encodeAck({ sequence: ping.sequence, payload: NO_PAYLOAD });
  }

  /** Another member does not reach a third one, and asks whether this node does. */
  onIndirectPing(asked: IndirectPing, address: string, port: number): void {
    if (this.relayTimers.size >= RELAY_COUNT_MAX) return;
    const hasSource = asked.sourceAddress !== '' && asked.sourcePort > 0;
    const back = {
      address: hasSource ? asked.sourceAddress : address,
      port: hasSource ? asked.sourcePort : port,
    };
    const sequence = this.nextSequence();
    const timer = this.world.timers.after(TIMING.probeAnswerMs, () => {
      this.relayTimers.delete(timer);
      this.waiting.delete(sequence);
      if (asked.wantsNack) this.answer(encodeNack(asked.sequence), asked.sourceNode, back);
    });
    this.relayTimers.add(timer);
    this.waiting.set(sequence, {
      onAck: () => {
        timer.cancel();
        this.relayTimers.delete(timer);
        this.waiting.delete(sequence);
        const ack = encodeAck({ sequence: asked.sequence, payload: NO_PAYLOAD });
        this.answer(ack, asked.sourceNode, back);
      },
      onNack: () => {},
    });
    const target = this.table.find(asked.node);
    const protocolMax = target === null ? 0 : target.versions[1];
    const message = encodePing(this.pingOf(asked.node, sequence));
    this.send(message, { address: asked.address, port: asked.port, protocolMax });
  }

  onAck(ack: Ack): void {
    this.waiting.get(ack.sequence)?.onAck(ack);
  }

  onNack(ack: Ack): void {
    this.waiting.get(ack.sequence)?.onNack();
  }

  /** Asks over TCP whether a node of that name listens there. */
  lookFor(
    { name, address, port }: { name: string; address: string; port: number },
    onAnswer: (isThere: boolean) => void,
  ): void {
    const sequence = this.nextSequence();
    const ping = encodePing(this.pingOf(name, sequence));
    this.transport.ask(ping, address, port, (answer) => {
      const ack = answer?.[0] === SWIM.ack ? parseAck(answer) : null;
      onAnswer(ack?.sequence === sequence);
    });
  }

  private probeNext(): void {
    if (this.probe !== null || this.rumours.isLeaving) return;
    const isAsked = (node: SwimNode) => node.name !== this.selfName && !isGone(node);
    const node = this.table.nextInTurn(isAsked, () => this.forgetLongDead());
    if (node !== null) this.begin(node);
  }

  private begin(node: SwimNode): void {
    const sequence = this.nextSequence();
    const sinceMs = this.world.clock.monotonicMs();
    const probe: Probe = {
      node,
      sequence,
      isReachedByStream: false,
      expectedNackCount: 0,
      nackCount: 0,
      timer: afterPatiently(this.world, TIMING.probeAnswerMs, () => {
        const spentMs = this.world.clock.monotonicMs() - sinceMs;
        this.askOthers(probe, this.health.stretch(TIMING.probeMs) - spentMs);
      }),
    };
    this.probe = probe;
    this.waiting.set(sequence, {
      onAck: (ack) => {
        this.end(probe);
        this.health.worsen(-1);
        this.events.onAckPayload(node, ack.payload);
      },
      onNack: () => probe.nackCount++,
    });
    this.send(encodePing(this.pingOf(node.name, sequence)), targetOf(node));
    // Who is suspected must hear of it as soon as possible, to object.
    if (node.state !== STATE.suspect) return;
    const { incarnation, name } = node;
    const doubt = { incarnation, node: name, from: this.selfName };
    this.transport.send(encodeDoubt(SWIM.suspect, doubt), targetOf(node));
  }

  private askOthers(probe: Probe, leftMs: number): void {
    const { node, sequence } = probe;
    const others = this.table.choose(
      TIMING.indirectCount,
      (other) => other.name !== this.selfName && other !== node && other.state === STATE.alive,
    );
    for (const other of others) {
      const wantsNack = other.versions[1] >= NACK_PROTOCOL;
      if (wantsNack) probe.expectedNackCount++;
      const { address, port } = node;
      const ping = { ...this.pingOf(node.name, sequence), address, port, wantsNack };
      this.send(encodeIndirectPing(ping), targetOf(other));
    }
    if (node.versions[1] >= TCP_PING_PROTOCOL) {
      this.lookFor(node, (isThere) => {
        probe.isReachedByStream = isThere;
      });
    }
    probe.timer = afterPatiently(this.world, Math.max(1, leftMs), () => this.conclude(probe));
  }

  private conclude(probe: Probe): void {
    this.end(probe);
    const { node, expectedNackCount, nackCount } = probe;
    if (probe.isReachedByStream) {
      this.health.worsen(-1);
      return;
    }
    // Others that do not even say "nothing" may be cut off from this node: its own fault.
    if (expectedNackCount > 0) this.health.worsen(Math.max(0, expectedNackCount - nackCount));
    else this.health.worsen(1);
    const { incarnation, name } = node;
    this.rumours.hearSuspect({ incarnation, node: name, from: this.selfName });
  }

  private end(probe: Probe): void {
    probe.timer.cancel();
    this.waiting.delete(probe.sequence);
    if (this.probe === probe) this.probe = null;
  }

  /** Serf remembers that it was there; here its name becomes free again. */
  private forgetLongDead(): void {
    const beforeMs = this.world.clock.monotonicMs() - TIMING.gossipToTheDeadMs;
    for (const node of this.table.nodes.filter(isGone)) {
      if (node.changedMs < beforeMs && node.name !== this.selfName) this.table.drop(node.name);
    }
  }

  private pingOf(node: string, sequence: number): Ping {
    const { self } = this.rumours;
    return {
      sequence,
      node,
      sourceAddress: self?.address ?? '',
      sourcePort: self?.port ?? 0,
      sourceNode: this.selfName,
    };
  }

  private answer(message: Uint8Array, asker: string, to: { address: string; port: number }): void {
    const protocolMax = this.table.find(asker)?.versions[1] ?? 0;
    this.send(message, { ...to, protocolMax });
  }

  private nextSequence(): number {
    this.sequence = (this.sequence + 1) % SEQUENCE_RANGE;
    return this.sequence;
  }
}

export function targetOf({ address, port, versions }: SwimNode): Target {
  return { address, port, protocolMax: versions[1] ?? 0 };
}
