/** One error reply: the text after '-', without CR LF, and its encoded line. */
export interface ErrorRow {
  readonly text: string;
  readonly bytes: Uint8Array;
}

function row(text: string): ErrorRow {
  return { text, bytes: Buffer.from(`-${text}\r\n`, 'latin1') };
}

/** Every constant error reply. Wording is Redis' own where Redis has one. */
export const ERRORS = {
  syntax: row('ERR syntax error'),
  notInteger: row('ERR value is not an integer or out of range'),
  notFloat: row('ERR value is not a valid float'),
  wrongType: row('WRONGTYPE Operation against a key holding the wrong kind of value'),
  noSuchKey: row('ERR no such key'),
  outOfMemory: row("OOM command not allowed when used memory > 'maxmemory'."),
  noAuth: row('NOAUTH Authentication required.'),
} as const;
