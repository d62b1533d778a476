import type { SlowlogConfiguration } from '../base/configuration.ts';
import type { TurnClock } from '../base/turn-clock.ts';
import type { Frame } from '../protocol/frame.ts';
import type { Session } from './session.ts';

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

/**
 * The last slow commands, at most `lengthMax` of them. Both settings are read anew at each command,
 * so CONFIG SET works at once. Secrets never get in: passwords are replaced before anything is kept.
 */
export class SlowLog {
  /** Oldest first: a Map keeps its order, and its first key is the oldest. */
  private readonly entries = new Map<number, SlowLogEntry>();
  private nextId = 0;
  private readonly settings: SlowlogConfiguration;
  private readonly clock: TurnClock;

  constructor(settings: SlowlogConfiguration, clock: TurnClock) {
    this.settings = settings;
    this.clock = clock;
  }

  get length(): number {
    return this.entries.size;
  }

  /** Whether a command of that duration is to be kept. */
  accepts(durationUs: number): boolean {
    const { slowerThanUs, lengthMax } = this.settings;
    return slowerThanUs >= 0 && durationUs >= slowerThanUs && lengthMax > 0;
  }

  /** Keeps a copy of the command, when `accepts` says so. */
  record(session: Session, frame: Frame, durationUs: number): void {
    this.trim();
    if (!this.accepts(durationUs)) return;
    const { channel } = session;
    const id = this.nextId++;
    this.entries.set(id, {
      id,
      timeS: Math.floor(this.clock.nowMs / 1000),
      durationUs: Math.floor(durationUs),
      args: trimmedArguments(frame),
      peer: channel === null ? '?:0' : `${channel.remoteAddress}:${channel.remotePort}`,
      clientName: session.name,
    });
    this.trim();
  }

  /** The newest `count` entries, newest first. */
  newest(count: number): SlowLogEntry[] {
    const all = [...this.entries.values()];
    return all.slice(Math.max(0, all.length - count)).reverse();
  }

  reset(): void {
    this.entries.clear();
  }

  private trim(): void {
    for (const id of this.entries.keys()) {
      if (this.entries.size <= this.settings.lengthMax) return;
      this.entries.delete(id);
    }
  }
}

function trimmedArguments(frame: Frame): Uint8Array[] {
  const args: Uint8Array[] = [];
  const keptCount = Math.min(frame.count, ARGUMENT_COUNT_MAX);
  const isCut = keptCount < frame.count;
  const firstSecret = firstSecretArgument(frame);
  const lastSecret = isAll(frame) ? frame.count : firstSecret;
  for (let i = 0; i < keptCount; i++) {
    if (isCut && i === keptCount - 1) {
      args.push(Buffer.from(`... (${frame.count - keptCount + 1} more arguments)`));
    } else if (i >= firstSecret && i <= lastSecret) {
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

/** Everything behind the first secret is secret too: names of users, rules, several passwords. */
function isAll(frame: Frame): boolean {
  return !frame.equals(0, 'CONFIG');
}

function firstSecretArgument(frame: Frame): number {
  if (frame.equals(0, 'AUTH')) return 1;
  if (frame.equals(0, 'HELLO')) return argumentAfter(frame, 'AUTH');
  if (frame.equals(0, 'ACL') && frame.count > 2 && frame.equals(1, 'SETUSER')) return 2;
  if (frame.equals(0, 'MIGRATE')) {
    return Math.min(argumentAfter(frame, 'AUTH'), argumentAfter(frame, 'AUTH2'));
  }
  if (frame.equals(0, 'CONFIG') && frame.count > 3 && frame.equals(1, 'SET')) {
    for (let i = 2; i + 1 < frame.count; i += 2) {
      if (SECRET_SETTINGS.some((name) => frame.equals(i, name))) return i + 1;
    }
  }
  return Number.MAX_SAFE_INTEGER;
}

const SECRET_SETTINGS = [
  'REQUIREPASS',
  'MASTERAUTH',
  'MASTERUSER',
  'TLS-KEY-FILE-PASS',
  'TLS-CLIENT-KEY-FILE-PASS',
];

function argumentAfter(frame: Frame, word: string): number {
  for (let i = 1; i < frame.count; i++) {
    if (frame.equals(i, word)) return i + 1;
  }
  return Number.MAX_SAFE_INTEGER;
}
