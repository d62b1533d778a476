/**
 * The second step of the two-step turn. While commands run, their effects gather in the journals;
 * a reply must not tell of an effect that a crash could still take back. So when the barrier is
 * raised at the end of a connection's turn, its replies stay in its outbox; at the end of the loop
 * turn `flush` brings the journals to where they must be, and only then do the replies leave.
 */
export interface ReplyBarrier {
  /** Effects were recorded which `flush` has not seen. */
  readonly isRaised: boolean;
  /**
   * Called once a loop turn, before any held reply leaves.
   * @returns false: not safe yet, replies stay held until `TurnLoop.release` is called
   */
  flush(): boolean;
}

/** Nothing is journaled: replies leave with their connection turn, or with its gathering. */
export const NO_BARRIER: ReplyBarrier = {
  isRaised: false,
  flush: () => true,
};
