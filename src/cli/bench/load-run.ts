/**
 * Sends a workload over some connections, in a closed or an open loop.
 *
 *     closed   a connection sends its next command when one was answered: as fast as the server is
 *     open     commands are due at times that do not depend on the server; one that finds no
 *              connection free waits for one, and its latency counts from when it was due
 *
 * In an open loop timers of a millisecond would blur what takes 50 us: in the last two milliseconds
 * before a command is due the loop turns without pause. Of 1,000 GETs a second the median is then
 * 0.07 ms, for 0.6 of a processor; with timers alone it is 0.85, for 0.1.
 */
import type { Socket, World } from '../../base/world.ts';
import { LoadConnection, type LoadListener } from './load-connection.ts';
import { Measurement } from './measurement.ts';
import type { Workload } from './workload.ts';

export interface LoadPlan {
  readonly workload: Workload;
  /** Commands under way on one connection. */
  readonly depth: number;
  /** Null: a closed loop. */
  readonly ratePerS: number | null;
  /** What is due in it does not count. */
  readonly warmUpMs: number;
  /** After the warm-up; infinite: until all are sent. */
  readonly durationMs: number;
  /** Of the warm-up too; infinite: until the time is over. */
  readonly commandCount: number;
  /** So long before a command is due the loop does not rest. */
  readonly spinMs: number;
}

/** So long no reply may come, and what was due in time is still sent and waited for. */
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 250;
const MS_PER_S = 1000;

export class LoadRun implements LoadListener {
  readonly measurement: Measurement;
  sentCount = 0;
  lostCount = 0;
  /** Why the first connection was lost; '' while none was. */
  lostReason = '';
  private readonly world: World;
  private readonly plan: LoadPlan;
  private readonly connections: readonly LoadConnection[];
  /** Places for a command, as numbers of connections, in the order in which they became free. */
  private readonly free: Int32Array;
  private freeStart = 0;
  private freeCount = 0;
  private readonly unflushed: LoadConnection[] = [];
  private readonly startMs: number;
  private readonly intervalMs: number;
  private endMs: number;
  private nextDueMs: number;
  private underWayCount = 0;
  private lastReplyMs: number;
  private isWakeDue = false;
  private isStopped = false;
  private isOver = false;
  private finish: () => void = () => {};

  /** @param sockets  logged in; they are closed with the run's end */
  constructor(world: World, sockets: readonly Socket[], plan: LoadPlan) {
    this.world = world;
    this.plan = plan;
    const { depth, durationMs, ratePerS, warmUpMs, workload } = plan;
    this.connections = sockets.map(
      (socket, number) => new LoadConnection(socket, { number, depth, listener: this }),
    );
    this.free = new Int32Array(sockets.length * depth);
    for (let i = 0; i < this.free.length; i++) this.release(i % sockets.length);
    this.startMs = world.clock.monotonicMs();
    this.endMs = this.startMs + warmUpMs + durationMs;
    this.intervalMs = ratePerS === null ? 0 : MS_PER_S / ratePerS;
    this.nextDueMs = this.startMs;
    this.lastReplyMs = this.startMs;
    this.measurement = new Measurement(workload.operationNames.length, this.startMs + warmUpMs);
  }

  /** 0..1 */
  get share(): number {
    const { commandCount } = this.plan;
    if (Number.isFinite(commandCount)) return this.sentCount / commandCount;
    const wholeMs = this.endMs - this.startMs;
    return Math.min(1, (this.world.clock.monotonicMs() - this.startMs) / wholeMs);
  }

  /** Settles when all is answered, given up or lost. */
  async run(): Promise<void> {
    const done = new Promise<void>((resolve) => {
      this.finish = resolve;
    });
    const watch = this.world.timers.every(LOOK_EVERY_MS, () => this.look());
    this.pump();
    await done;
    watch.cancel();
    for (const connection of this.connections) connection.close();
  }

  /** What is due by now is still sent and waited for; asked again, nothing is. */
  stop(): void {
    if (this.isStopped) return this.end();
    this.isStopped = true;
    this.endMs = Math.min(this.endMs, this.world.clock.monotonicMs());
    this.pump();
  }

  onReply(connection: LoadConnection, place: number, isError: boolean, isNull: boolean): void {
    const { measurement } = this;
    const nowMs = this.world.clock.monotonicMs();
    this.lastReplyMs = nowMs;
    this.underWayCount--;
    this.release(connection.number);
    const dueMs = connection.dueMs[place];
    if (!measurement.counts(dueMs)) return;
    const sentMs = connection.sentMs[place];
    measurement.record(connection.operations[place], { dueMs, sentMs, nowMs });
    if (isNull) measurement.nullCount++;
    if (!isError) return;
    measurement.errorCount++;
    measurement.errorText ||= connection.scanner.errorText;
  }

  onRead(): void {
    this.pump();
  }

  onLost(connection: LoadConnection, reason: string): void {
    this.lostCount++;
    this.lostReason ||= reason;
    this.abandon(connection);
    this.pump();
  }

  /** Sends what is due over what is free. */
  private pump(): void {
    if (this.isOver) return;
    const nowMs = this.world.clock.monotonicMs();
    while (this.freeCount > 0 && this.isDue(nowMs)) {
      const connection = this.takeFree();
      if (connection.isClosed) continue;
      if (!connection.hasUnsent) this.unflushed.push(connection);
      const isOpen = this.intervalMs > 0;
      connection.send(this.plan.workload, isOpen ? this.nextDueMs : nowMs, nowMs);
      this.nextDueMs += this.intervalMs;
      this.sentCount++;
      this.underWayCount++;
    }
    for (const connection of this.unflushed) connection.flush();
    this.unflushed.length = 0;
    const isLost = this.lostCount === this.connections.length;
    if (isLost || (this.underWayCount === 0 && this.hasSentAll(nowMs))) this.end();
    else this.planWake(nowMs);
  }

  private isDue(nowMs: number): boolean {
    return !this.hasSentAll(nowMs) && (this.intervalMs === 0 || this.nextDueMs <= nowMs);
  }

  private hasSentAll(nowMs: number): boolean {
    if (this.sentCount >= this.plan.commandCount) return true;
    return (this.intervalMs === 0 ? nowMs : this.nextDueMs) >= this.endMs;
  }

  /** In a closed loop replies alone set off what follows. */
  private planWake(nowMs: number): void {
    if (this.intervalMs === 0 || this.isWakeDue || this.freeCount === 0) return;
    if (this.hasSentAll(nowMs)) return;
    this.isWakeDue = true;
    const wake = (): void => {
      this.isWakeDue = false;
      this.pump();
    };
    const { timers } = this.world;
    const restMs = this.nextDueMs - nowMs - this.plan.spinMs;
    if (restMs > 0) timers.after(restMs, wake);
    else timers.atTurnEnd(wake);
  }

  private look(): void {
    const nowMs = this.world.clock.monotonicMs();
    const isSilent = this.underWayCount > 0 && nowMs - this.lastReplyMs > PATIENCE_MS;
    if (isSilent || nowMs > this.endMs + PATIENCE_MS) this.end();
    else this.pump();
  }

  private end(): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const connection of this.connections) this.abandon(connection);
    this.abandonUnsent();
    this.finish();
  }

  private abandon(connection: LoadConnection): void {
    const nowMs = this.world.clock.monotonicMs();
    connection.abandon((operation, dueMs) => {
      this.underWayCount--;
      if (this.measurement.counts(dueMs)) {
        this.measurement.recordUnanswered(operation, nowMs - dueMs);
      }
    });
  }

  /** In an open loop commands were due that found no connection. */
  private abandonUnsent(): void {
    if (this.intervalMs === 0) return;
    const nowMs = this.world.clock.monotonicMs();
    const untilMs = Math.min(nowMs, this.endMs);
    for (; this.nextDueMs < untilMs; this.nextDueMs += this.intervalMs) {
      const operation = this.plan.workload.choose();
      if (this.measurement.counts(this.nextDueMs)) {
        this.measurement.recordUnanswered(operation, nowMs - this.nextDueMs);
      }
    }
  }

  private takeFree(): LoadConnection {
    const number = this.free[this.freeStart];
    this.freeStart = (this.freeStart + 1) % this.free.length;
    this.freeCount--;
    return this.connections[number];
  }

  private release(number: number): void {
    this.free[(this.freeStart + this.freeCount++) % this.free.length] = number;
  }
}
