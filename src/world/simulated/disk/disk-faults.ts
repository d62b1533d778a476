import { NodeError } from '../../../base/errors.ts';

export type DiskVerb =
  | 'read'
  | 'write'
  | 'make directory'
  | 'list'
  | 'remove'
  | 'open'
  | 'append'
  | 'look at'
  | 'rename'
  | 'sync'
  | 'sync directory'
  | 'truncate';

/** Calls that leave the disk as it is: a disk that is read-only still takes them. */
const READING: readonly DiskVerb[] = ['read', 'list', 'look at'];

export interface DiskFault {
  /** Such as ENOSPC, EIO; '': the call succeeds. EROFS spares the calls that only read. */
  readonly code: string;
  /** Which calls; all by default. */
  readonly verbs?: readonly DiskVerb[];
  /** Of which paths; all by default. */
  readonly path?: RegExp;
  /** Bytes that writes still take in all, before they are refused. */
  readonly bytesLeft?: number;
  /** Calls refused until it is over; no end by default. */
  readonly callCount?: number;
  /** How long a `sync` beside the loop takes, in virtual time. */
  readonly delayMs?: number;
}

interface LiveFault {
  readonly fault: DiskFault;
  bytesLeft: number;
  callsLeft: number;
}

/** What a disk is told to refuse. */
export class DiskFaults {
  private live: LiveFault[] = [];

  /** @returns what ends it */
  add(fault: DiskFault): () => void {
    const { bytesLeft = 0, callCount = Number.POSITIVE_INFINITY } = fault;
    const live = { fault, bytesLeft, callsLeft: callCount };
    this.live.push(live);
    return () => {
      this.live = this.live.filter((other) => other !== live);
    };
  }

  clear(): void {
    this.live = [];
  }

  /** @returns the code with which the call is refused, or '' */
  refuse(verb: DiskVerb, path: string): string {
    const live = this.find(verb, path);
    return live === null ? '' : spend(live);
  }

  /**
   * @param code  out: [0] is why not all are taken, or ''
   * @returns how many of so many bytes a write takes
   */
  take(verb: DiskVerb, path: string, byteCount: number, code: string[]): number {
    code[0] = '';
    const live = this.find(verb, path);
    if (live === null) return byteCount;
    const taken = Math.min(byteCount, live.bytesLeft);
    live.bytesLeft -= taken;
    if (taken < byteCount) code[0] = spend(live);
    return taken;
  }

  delayMs(path: string): number {
    let delayMs = 0;
    for (const { fault } of this.live) {
      if (fault.delayMs !== undefined && hits(fault, 'sync', path)) delayMs += fault.delayMs;
    }
    return delayMs;
  }

  private find(verb: DiskVerb, path: string): LiveFault | null {
    const isHit = ({ fault, callsLeft }: LiveFault): boolean =>
      fault.code !== '' && callsLeft > 0 && hits(fault, verb, path);
    return this.live.find(isHit) ?? null;
  }
}

export function refusal(verb: string, path: string, code: string): NodeError {
  return new NodeError('DISK_REFUSED', `Cannot ${verb} ${path}: ${code}`, { path, cause: code });
}

function hits({ code, verbs, path: pattern }: DiskFault, verb: DiskVerb, path: string): boolean {
  if (code === 'EROFS' && READING.includes(verb)) return false;
  return verbs?.includes(verb) !== false && (pattern === undefined || pattern.test(path));
}

function spend(live: LiveFault): string {
  live.callsLeft--;
  return live.fault.code;
}
