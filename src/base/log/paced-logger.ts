import { LIMITS } from '../limits.ts';
import type { LogComponent, LogFacts, Logger } from '../logger.ts';
import type { Clock } from '../world.ts';

type Level = 'warn' | 'error';

interface Bucket {
  linesLeft: number;
  filledMs: number;
  /** Lines held back since the last that was written. */
  heldCount: number;
}

/**
 * For what outsiders can bring about at will, such as failed logins: of each action a burst of
 * lines, then one in a while that tells how many were left out. So nobody can fill a disk.
 */
export class PacedLogger {
  private readonly logger: Logger;
  private readonly clock: Clock;
  private readonly onHeld: () => void;
  /** By action; actions are ours, a handful. */
  private readonly buckets = new Map<string, Bucket>();

  /** @param options.onHeld  called for each line that is left out */
  constructor(options: { logger: Logger; clock: Clock; onHeld: () => void }) {
    this.logger = options.logger;
    this.clock = options.clock;
    this.onHeld = options.onHeld;
  }

  warn(component: LogComponent, action: string, message: string, facts: LogFacts): void {
    this.write('warn', component, { action, message, facts });
  }

  error(component: LogComponent, action: string, message: string, facts: LogFacts): void {
    this.write('error', component, { action, message, facts });
  }

  private write(
    level: Level,
    component: LogComponent,
    line: { action: string; message: string; facts: LogFacts },
  ): void {
    const { action, message, facts } = line;
    const bucket = this.requireBucket(action);
    if (bucket.linesLeft < 1) {
      bucket.heldCount++;
      this.onHeld();
      return;
    }
    bucket.linesLeft--;
    const { heldCount } = bucket;
    bucket.heldCount = 0;
    const all = heldCount === 0 ? facts : { ...facts, heldCount };
    this.logger.child(component)[level](action, message, all);
  }

  private requireBucket(action: string): Bucket {
    const nowMs = this.clock.monotonicMs();
    let bucket = this.buckets.get(action);
    if (bucket === undefined) {
      bucket = { linesLeft: LIMITS.pacedLineBurst, filledMs: nowMs, heldCount: 0 };
      this.buckets.set(action, bucket);
    }
    const newLines = (nowMs - bucket.filledMs) / LIMITS.pacedLineMs;
    bucket.linesLeft = Math.min(LIMITS.pacedLineBurst, bucket.linesLeft + newLines);
    bucket.filledMs = nowMs;
    return bucket;
  }
}
