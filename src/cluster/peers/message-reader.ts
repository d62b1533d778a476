/**
 * Reads one message, in the order in which it was written. What is too short for what is asked, or
 * longer than a limit, throws NodeError MESSAGE_BROKEN, which ends the link.
 */
export interface MessageReader {
  /** The row of MESSAGE_TABLE. */
  readonly type: number;
  /** `start` and `length` of what `bytes` read lie in here. */
  readonly source: Uint8Array;
  start: number;
  length: number;
  readonly isAtEnd: boolean;
  u8(): number;
  u32(): number;
  u53(): number;
  f64(): number;
  text(): string;
  /** Sets `start` and `length`. */
  bytes(): this;
}
