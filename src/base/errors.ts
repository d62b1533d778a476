/** What the world did to us. `code` is stable and what callers and tests match on. */
export type NodeErrorCode =
  | 'PORT_REFUSED'
  | 'DISK_REFUSED'
  | 'DIRECTORY_TAKEN'
  | 'DATA_DAMAGED'
  | 'BAD_CONFIGURATION'
  | 'BAD_CERTIFICATE'
  | 'REQUEST_FAILED'
  | 'CONNECT_REFUSED'
  | 'NAME_UNKNOWN'
  | 'PROCESS_REFUSED'
  | 'MESSAGE_BROKEN'
  | 'UNSUPPORTED';

export class NodeError extends Error {
  readonly code: NodeErrorCode;
  readonly facts: Readonly<Record<string, string | number>>;

  constructor(
    code: NodeErrorCode,
    message: string,
    facts: Readonly<Record<string, string | number>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'NodeError';
    this.code = code;
    this.facts = facts;
  }
}

/**
 * Our own mistake. Nothing catches it: the node stops rather than go on from a state it never
 * meant.
 */
export class AssertionFailure extends Error {
  constructor(rule: string) {
    super(rule);
    this.name = 'AssertionFailure';
  }
}

/** @param rule  what must be true, as constant text */
export function assert(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new AssertionFailure(rule);
}
