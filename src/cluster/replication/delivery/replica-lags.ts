/**
 * For how long each node has not acknowledged what was recorded for it. Where the stream stands is
 * marked twice a second, and the mark gives way to the next when it has been acknowledged: so a lag
 * is told to half a second, and recording changes costs nothing for it.
 */
interface Mark {
  readonly position: number;
  readonly madeMs: number;
}

export class ReplicaLags {
  private readonly marks = new Map<string, Mark>();

  /**
   * @param acknowledged  position up to which that node has everything
   * @param end           of the last change that is for it
   */
  mark(nodeId: string, acknowledged: number, end: number, nowMs: number): void {
    const mark = this.marks.get(nodeId);
    if (mark !== undefined && acknowledged < mark.position) return;
    this.marks.set(nodeId, { position: end, madeMs: nowMs });
  }

  /** 0: it has everything that was recorded half a second ago. */
  lagMs(nodeId: string, acknowledged: number, nowMs: number): number {
    const mark = this.marks.get(nodeId);
    return mark === undefined || acknowledged >= mark.position ? 0 : nowMs - mark.madeMs;
  }
}
