import type { SlowlogConfiguration } from '../../base/configuration.ts';
import type { Frame } from '../../base/frame.ts';
import type { TurnClock } from '../../base/turn-clock.ts';
import type { NodeServices } from '../node-services.ts';
import { secretArguments } from '../secret-arguments.ts';
import type { Session } from '../session.ts';

/** One command that took too long, trimmed so that the log stays small whatever was sent. */
export interface SlowLogEntry {
  readonly id: number;
  readonly timeS: number;
  readonly durationUs: number;
  readonly args: readonly Uint8Array[];
  /** `address:port` of the client. */
  readonly peer: string;
  readonly clientName: string;
}

const ARGUMENT_COUNT_MAX = 32;
const ARGUMENT_BYTES_MAX = 128;
const ARGUMENT_OVERHEAD_BYTES = 96;
const ENTRY_BYTES = 300;

/**
 * The last slow commands, at most `lengthMax` of them. Both settings are read anew at each command,
 * so CONFIG SET works at once. Passwords never get in: they are replaced before it is kept.
 */
export class SlowLog {
  /** Oldest first: a Map keeps its order, and its first key is the oldest. */
  private readonly entries = new Map<number, SlowLogEntry>();
  private nextId = 0;
  private bytes = 0;
  private readonly settings: SlowlogConfiguration;
  private readonly clock: TurnClock;

  constructor(settings: SlowlogConfiguration, clock: TurnClock) {
    this.settings = settings;
    this.clock = clock;
  }

  get length(): number {
    return this.entries.size;
  }

  /** Memory of all entries, about. */
  get heldBytes(): number {
    return this.bytes;
  }

  /** Whether a command of that duration is to be kept. */
  accepts(durationUs: number): boolean {
    const { slowerThanUs } = this.settings;
    return slowerThanUs >= 0 && durationUs >= slowerThanUs;
  }

  /**
   * Keeps a copy of the command, when `accepts` says so. A log of length 0 is emptied on the way.
   */
  record(session: Session, frame: Frame, durationUs: number): void {
    this.trim();
    if (!this.accepts(durationUs)) return;
    // What a script calls is its own, and nobody's: as redis-server, whose scripts have a client.
    const channel = session.isInScript ? null : session.channel;
    const id = this.nextId++;
    const entry: SlowLogEntry = {
      id,
      timeS: Math.floor(this.clock.nowMs / 1000),
      durationUs: Math.floor(durationUs),
      args: trimmedArguments(frame, session.node),
      peer: channel === null ? '?:0' : `${channel.remoteAddress}:${channel.remotePort}`,
      clientName: session.isInScript ? '' : session.name,
    };
    this.bytes += entryBytes(entry);
    this.entries.set(id, entry);
    this.trim();
    logSlow(session, durationUs);
  }

  /** The newest `count` entries, newest first. */
  newest(count: number): SlowLogEntry[] {
    const all = [...this.entries.values()];
    return all.slice(Math.max(0, all.length - count)).reverse();
  }

  reset(): void {
    this.entries.clear();
    this.bytes = 0;
  }

  private trim(): void {
    for (const [id, entry] of this.entries) {
      if (this.entries.size <= this.settings.lengthMax) return;
      this.bytes -= entryBytes(entry);
      this.entries.delete(id);
    }
  }
}

/** The arguments, each with an object around it, and what the entry has beside them. */
function entryBytes({ args }: SlowLogEntry): number {
  let bytes = ENTRY_BYTES;
  for (const argument of args) bytes += argument.length + ARGUMENT_OVERHEAD_BYTES;
  return bytes;
}

/** Clients hear of it by SLOWLOG; the line is for who follows one id through the logs. */
function logSlow(session: Session, durationUs: number): void {
  const { node } = session;
  if (!node.logger.isDebug()) return;
  node.logger.debug('slow-command', 'A command is in the slow log', {
    correlationId: session.correlationId,
    durationMs: Math.floor(durationUs) / 1000,
    command: session.lastCommand,
    clientId: session.id,
  });
}

function trimmedArguments(frame: Frame, node: NodeServices): Uint8Array[] {
  const args: Uint8Array[] = [];
  const keptCount = Math.min(frame.count, ARGUMENT_COUNT_MAX);
  const isCut = keptCount < frame.count;
  const secrets = secretArguments(frame, node);
  for (let i = 0; i < keptCount; i++) {
    if (isCut && i === keptCount - 1) {
      args.push(Buffer.from(`... (${frame.count - keptCount + 1} more arguments)`));
    } else if (i >= secrets.first && i <= secrets.last) {
      args.push(REDACTED);
    } else {
      args.push(trimmedArgument(frame, i));
    }
  }
  return args;
}

function trimmedArgument(frame: Frame, index: number): Uint8Array {
  const offset = frame.offsets[index];
  const length = frame.lengths[index];
  if (length <= ARGUMENT_BYTES_MAX) return frame.copyArgument(index);
  const head = frame.bytes.subarray(offset, offset + ARGUMENT_BYTES_MAX);
  return Buffer.concat([head, Buffer.from(`... (${length - ARGUMENT_BYTES_MAX} more bytes)`)]);
}

const REDACTED = Buffer.from('(redacted)');
