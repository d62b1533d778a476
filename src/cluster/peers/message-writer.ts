/** Writes one message into a link's buffer. All numbers are little-endian. Reused. */
export interface MessageWriter {
  u8(value: number): this;
  u32(value: number): this;
  /** A whole number below 2^53. */
  u53(value: number): this;
  f64(value: number): this;
  /** UTF-8, with its length. */
  text(value: string): this;
  /** With their length. */
  bytes(bytes: Uint8Array, start: number, end: number): this;
  /** The same, and long ones are not copied: nobody may write to them ever again. */
  lend(bytes: Uint8Array, start: number, end: number): this;
  /** The message is whole. */
  end(): void;
}
