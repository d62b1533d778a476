import type { BlockedCommand } from '../../commands/session.ts';
import type { ForwardLine } from './forward-line.ts';

/** The session's command waits at another node. */
export class BlockedElsewhere implements BlockedCommand {
  private readonly line: ForwardLine;

  constructor(line: ForwardLine) {
    this.line = line;
  }

  get heldBytes(): number {
    return this.line.count * ENTRY_BYTES;
  }
}

/** Measured: an entry of a line. */
const ENTRY_BYTES = 120;
