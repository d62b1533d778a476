import type { Frame } from '../protocol/frame.ts';

/** Arguments first..last must not be shown; first > last when there are none. */
export interface SecretArguments {
  readonly first: number;
  readonly last: number;
}

const NONE: SecretArguments = { first: 1, last: 0 };

/** What MONITOR and logs must hide of a command: passwords, and the user names beside them. */
export function secretArguments(frame: Frame): SecretArguments {
  if (frame.equals(0, 'AUTH')) return { first: 1, last: frame.count - 1 };
  if (frame.equals(0, 'HELLO')) {
    for (let i = 2; i < frame.count; i++) {
      if (frame.equals(i, 'AUTH')) return { first: i + 1, last: i + 2 };
    }
  }
  return NONE;
}
