/** Refusals that are alike are one entry while the last was at most this long ago. */
const GROUPING_MS = 60_000;
/** Entries looked at for one that is alike. */
const GROUPING_DEPTH = 10;

export type DenialReason = 'command' | 'key' | 'channel' | 'store' | 'auth';
export type DenialContext = 'toplevel' | 'multi' | 'lua';

/** Texts have one char per byte. */
export interface Denial {
  readonly reason: DenialReason;
  readonly context: DenialContext;
  /** The command, key, channel or store that was refused; of a login the command it came by. */
  readonly object: string;
  readonly userName: string;
  /** The line of CLIENT LIST. */
  readonly clientLine: string;
}

interface Entry extends Denial {
  readonly id: number;
  readonly createdMs: number;
  lastMs: number;
  count: number;
}

/** What ACL LOG shows: the latest refusals, newest first. */
export class AccessLog {
  private entries: Entry[] = [];
  private nextId = 0;

  get latest(): readonly Entry[] {
    return this.entries;
  }

  /** @param lengthMax  entries kept */
  record(denial: Denial, nowMs: number, lengthMax: number): void {
    const index = this.entries.findIndex(
      (entry, i) => i < GROUPING_DEPTH && isAlike(entry, denial, nowMs),
    );
    if (index >= 0) {
      const [entry] = this.entries.splice(index, 1);
      const count = entry.count + 1;
      this.entries.unshift({ ...entry, clientLine: denial.clientLine, lastMs: nowMs, count });
      return;
    }
    const id = this.nextId++;
    this.entries.unshift({ ...denial, id, createdMs: nowMs, lastMs: nowMs, count: 1 });
    if (this.entries.length > lengthMax) this.entries.length = lengthMax;
  }

  clear(): void {
    this.entries = [];
  }
}

function isAlike(entry: Entry, denial: Denial, nowMs: number): boolean {
  return (
    entry.reason === denial.reason &&
    entry.context === denial.context &&
    Math.abs(nowMs - entry.lastMs) <= GROUPING_MS &&
    entry.object === denial.object &&
    entry.userName === denial.userName
  );
}
