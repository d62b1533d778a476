/**
 * The second step of the two-step turn. While commands run, their effects gather in the journals;
 * a reply must not tell of an effect that a crash could still take back. So before the replies of a
 * loop turn leave, the barrier brings the journals as far as it can at once. A store whose policy
 * asks for more is not safe then, as `Store.safety` says: replies to those who stand in it wait,
 * see `ReplyHold`, until `TurnLoop.release` is called; all others leave.
 */
export interface ReplyBarrier {
  /** Effects were recorded which `flush` has not seen. */
  readonly isRaised: boolean;
  flush(): void;
}

/** Nothing is journaled: replies leave with their connection turn, or with its gathering. */
export const NO_BARRIER: ReplyBarrier = {
  isRaised: false,
  flush: () => {},
};
