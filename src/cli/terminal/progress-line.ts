import type { Host } from '../../base/world.ts';

const BAR_COLUMNS = 30;

/** A line on a terminal's standard error that is written over; nowhere else is it shown. */
export class ProgressLine {
  private readonly host: Host;
  private isShown = false;

  constructor(host: Host) {
    this.host = host;
  }

  /** @returns false when there is no terminal */
  show(text: string): boolean {
    if (!this.host.isErrorTerminal) return false;
    this.host.writeError(`\r${text}\x1b[K`);
    this.isShown = true;
    return true;
  }

  clear(): void {
    if (this.isShown) this.host.writeError('\r\x1b[K');
    this.isShown = false;
  }
}

/** @param share  0..1 */
export function barOf(share: number): string {
  const filled = Math.round(share * BAR_COLUMNS);
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_COLUMNS - filled)}] ${Math.floor(share * 100)} %`;
}
