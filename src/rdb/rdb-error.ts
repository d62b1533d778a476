/** Bytes that are no RDB, or no more; nothing of the value they stood for has been taken over. */
export class RdbError extends Error {
  /** What is wrong, as constant text, or with a type's number or module's name in it. */
  readonly reason: string;
  /** Bytes from the beginning of the file or payload. */
  readonly offset: number;

  constructor(reason: string, offset: number) {
    super(`${reason} at offset ${offset}`);
    this.name = 'RdbError';
    this.reason = reason;
    this.offset = offset;
  }
}
