import type { Timer, Timers } from '../base/world.ts';
import { describeClient } from '../commands/connection/client-line.ts';
import type { ClientRegistry, PauseKind } from '../commands/node-services.ts';
import { GATE, type Session } from '../commands/session.ts';
import type { Connection } from './connection.ts';

/** Every session of the node, oldest first; ids are never used twice. */
export class ClientTable implements ClientRegistry {
  pausedUntilMs = 0;
  pauseKind: PauseKind = 'all';
  queryBytesMax = 0;
  outputBytesMax = 0;
  private readonly timers: Timers;
  private readonly sessions = new Map<number, Session>();
  private readonly sockets = new Set<Connection>();
  /** Of clients of other nodes. */
  private readonly proxies = new Map<number, Session>();
  private lastId = 0;
  /** Bits that every new session begins with. */
  private commonGate = 0;
  private pauseTimer: Timer | null = null;

  constructor(timers: Timers) {
    this.timers = timers;
  }

  /** Clients with a socket. */
  get count(): number {
    return this.sockets.size;
  }
  get connections(): ReadonlySet<Connection> {
    return this.sockets;
  }
  get queryBytes(): number {
    let bytes = 0;
    for (const connection of this.sockets) bytes += connection.queryBytes;
    return bytes;
  }
  get outputBytes(): number {
    let bytes = 0;
    for (const connection of this.sockets) bytes += connection.outputBytes;
    return bytes;
  }

  get heldBytes(): number {
    let bytes = 0;
    for (const connection of this.sockets) bytes += connection.heldBytes;
    return bytes;
  }

  takeId(): number {
    return ++this.lastId;
  }

  addSession(session: Session): void {
    session.gate |= this.commonGate;
    this.sessions.set(session.id, session);
  }

  addConnection(connection: Connection): void {
    this.sockets.add(connection);
  }

  removeConnection(connection: Connection): void {
    this.sockets.delete(connection);
    this.sessions.delete(connection.session.id);
  }

  correlationOf(id: number): string {
    const session = this.sessions.get(id) ?? this.proxies.get(id);
    return session?.correlationId ?? '';
  }

  addProxy(session: Session): void {
    session.gate |= this.commonGate & ~GATE.ROUTED;
    this.proxies.set(session.id, session);
  }

  removeProxy(session: Session): void {
    this.proxies.delete(session.id);
  }

  removeSession(session: Session): void {
    this.sessions.delete(session.id);
  }

  byId(id: number): Session | undefined {
    return this.sessions.get(id);
  }

  all(): Iterable<Session> {
    return this.sessions.values();
  }

  describe(session: Session): string {
    return describeClient(session);
  }

  setGate(bit: number, isRaised: boolean): void {
    this.commonGate = isRaised ? this.commonGate | bit : this.commonGate & ~bit;
    for (const session of this.sessions.values()) {
      session.gate = isRaised ? session.gate | bit : session.gate & ~bit;
    }
    if (bit === GATE.ROUTED) return;
    for (const session of this.proxies.values()) {
      session.gate = isRaised ? session.gate | bit : session.gate & ~bit;
    }
  }

  /** A pause under way is only ever made longer and stricter, as in Redis. */
  pause(untilMs: number, what: PauseKind, nowMs: number): void {
    const isPaused = this.pausedUntilMs > nowMs;
    if (!isPaused || what === 'all') this.pauseKind = what;
    this.pausedUntilMs = isPaused ? Math.max(untilMs, this.pausedUntilMs) : untilMs;
    this.setGate(GATE.PAUSED, true);
    this.pauseTimer?.cancel();
    const delayMs = Math.max(1, this.pausedUntilMs - nowMs);
    this.pauseTimer = this.timers.after(delayMs, () => this.unpause());
  }

  unpause(): void {
    this.pauseTimer?.cancel();
    this.pauseTimer = null;
    this.pausedUntilMs = 0;
    this.setGate(GATE.PAUSED, false);
    for (const connection of this.sockets) connection.resumePostponed();
    for (const { channel } of this.proxies.values()) channel?.resumePostponed();
  }

  /** Remembers the peaks that INFO shows. */
  observe(connection: Connection): void {
    this.queryBytesMax = Math.max(this.queryBytesMax, connection.queryBytes);
    this.outputBytesMax = Math.max(this.outputBytesMax, connection.outputBytes);
  }
}
