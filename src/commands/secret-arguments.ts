import type { Frame } from '../base/frame.ts';
import type { NodeServices, SettingsService } from './node-services.ts';

/** Arguments first..last must not be shown; first > last when there are none. */
export interface SecretArguments {
  readonly first: number;
  readonly last: number;
}

const NONE: SecretArguments = { first: 1, last: 0 };

type Knowledge = Pick<NodeServices, 'settings' | 'table'>;

/** What MONITOR and logs must hide of a command: passwords, and the user names beside them. */
export function secretArguments(frame: Frame, { settings, table }: Knowledge): SecretArguments {
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
  if (name === 'config' && frame.equals(1, 'SET')) return secretSettings(frame, settings);
  return NONE;
}

/** From the value of the first secret setting to that of the last. */
function secretSettings(frame: Frame, settings: SettingsService): SecretArguments {
  let found = NONE;
  for (let i = 2; i + 1 < frame.count; i += 2) {
    if (!settings.isSecret(frame.latin1(i))) continue;
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
