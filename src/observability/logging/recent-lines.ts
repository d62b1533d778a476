import { LIMITS } from '../../base/limits.ts';
import type { LogLines } from '../../base/logger.ts';

/**
 * The last lines of the log, for who looks at them live. Nobody has a queue here: a reader says
 * which line it wants next, and one that is too slow finds that lines are gone.
 */
export class RecentLines implements LogLines {
  count = 0;
  private readonly lines: string[] = [];

  /** @param line  JSON; one beyond the bound is counted and not kept */
  push(line: string): void {
    const isKept = line.length <= LIMITS.logLineKeptCharsMax;
    this.lines[this.count % LIMITS.logLinesKeptMax] = isKept ? line.trimEnd() : '';
    this.count++;
  }

  since(number: number): { first: number; lines: readonly string[] } {
    const oldest = Math.max(0, this.count - LIMITS.logLinesKeptMax);
    const first = Math.min(Math.max(number, oldest), this.count);
    const lines: string[] = [];
    for (let i = first; i < this.count; i++) {
      const line = this.lines[i % LIMITS.logLinesKeptMax]!;
      if (line !== '') lines.push(line);
    }
    return { first, lines };
  }
}
