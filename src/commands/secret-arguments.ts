import type { Frame } from '../base/frame.ts';
import type { CommandTable } from './command-table.ts';

/** Arguments first..last must not be shown; first > last when there are none. */
export interface SecretArguments {
  readonly first: number;
  readonly last: number;
}

const NONE: SecretArguments = { first: 1, last: 0 };

/** Settings whose values are passwords, as CONFIG SET and the configuration name them. */
const SECRET_SETTINGS = [
  'REQUIREPASS',
  'MASTERAUTH',
  'MASTERUSER',
  'TLS-KEY-FILE-PASS',
  'TLS-CLIENT-KEY-FILE-PASS',
];

/** What MONITOR and logs must hide of a command: passwords, and the user names beside them. */
export function secretArguments(frame: Frame, table: CommandTable): SecretArguments {
  const last = frame.count - 1;
  // By what the command is: it may have been renamed.
  const name = table.findFrame(frame)?.row.name ?? frame.latin1(0).toLowerCase();
  if (name === 'auth') return { first: 1, last };
  if (name === 'hello') {
    const auth = findWord(frame, 'AUTH', 2);
    return auth === 0 ? NONE : { first: auth + 1, last: auth + 2 };
  }
  if (name === 'migrate') {
    const auth = findWord(frame, 'AUTH', 6) || findWord(frame, 'AUTH2', 6);
    return auth === 0 ? NONE : { first: auth + 1, last: auth + 2 };
  }
  if (frame.count < 3) return NONE;
  if (name === 'acl' && frame.equals(1, 'SETUSER')) return { first: 2, last };
  if (name === 'config' && frame.equals(1, 'SET')) return secretSettings(frame);
  return NONE;
}

/** From the value of the first secret setting to that of the last. */
function secretSettings(frame: Frame): SecretArguments {
  let found = NONE;
  for (let i = 2; i + 1 < frame.count; i += 2) {
    if (!SECRET_SETTINGS.some((name) => frame.equals(i, name))) continue;
    found = { first: found === NONE ? i + 1 : found.first, last: i + 1 };
  }
  return found;
}

/** 0 when it is not there. */
function findWord(frame: Frame, word: string, from: number): number {
  for (let i = from; i < frame.count; i++) {
    if (frame.equals(i, word)) return i;
  }
  return 0;
}
