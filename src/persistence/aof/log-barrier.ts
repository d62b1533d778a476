import type { AofAppender } from './aof-appender.ts';

/**
 * The logs of all stores of a node, as the loop sees them: once a loop turn, before replies leave,
 * those that have something to write are written.
 */
export class LogBarrier {
  private readonly loop: { askTurnEnd(): void; release(): void };
  private waiting: AofAppender[] = [];
  private spare: AofAppender[] = [];

  /** @param loop  asked for the end of its turn when something was recorded outside of one */
  constructor(loop: { askTurnEnd(): void; release(): void }) {
    this.loop = loop;
  }

  /** Something was recorded that no `flush` has seen. */
  get isRaised(): boolean {
    return this.waiting.length > 0;
  }

  /** That log has something to write. */
  raise(appender: AofAppender): void {
    this.waiting.push(appender);
    if (this.waiting.length === 1) this.loop.askTurnEnd();
  }

  /** More became safe: who waited is looked at again. */
  release(): void {
    this.loop.release();
  }

  flush(): void {
    const { waiting } = this;
    this.waiting = this.spare;
    for (let i = 0; i < waiting.length; i++) waiting[i].flush();
    waiting.length = 0;
    this.spare = waiting;
  }
}
