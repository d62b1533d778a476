import type { Frame } from '../base/frame.ts';
import { digestsEqual, sha256 } from '../base/sha256.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import { GATE, type Session } from './session.ts';

export type LoginOutcome = 'accepted' | 'refused' | 'postponed';

/** A guess longer than this is wrong without being hashed. */
const PASSWORD_BYTES_MAX = 16_384;

/**
 * Checks a user's password and logs the session in. Guessing costs time: after some failures of an
 * address the command is put aside and comes here again when it has waited.
 * @param userArg      argument with the user's name, 0 for the default user
 * @param passwordArg  argument with the password
 */
export function logIn(
  session: Session,
  frame: Frame,
  userArg: number,
  passwordArg: number,
): LoginOutcome {
  const { node, channel } = session;
  if (channel !== null && session.mayWait && mustWait(session)) {
    channel.postpone(frame, session.loginDueMs);
    return 'postponed';
  }
  session.loginDueMs = 0;
  const isKnownUser = userArg === 0 || isDefaultUser(frame, userArg);
  if (isPassword(node.configuration.security.requirepass, frame, passwordArg) && isKnownUser) {
    session.gate &= ~GATE.LOGIN_REQUIRED;
    if (channel !== null) node.logins.recordSuccess(channel.remoteAddress);
    return 'accepted';
  }
  node.counters[METRIC.deniedLogins]++;
  if (channel !== null) {
    node.logins.recordFailure(channel.remoteAddress);
    node.logger.warn('login-failed', 'Failed login', {
      address: `${channel.remoteAddress}:${channel.remotePort}`,
    });
  }
  return 'refused';
}

/** Redis' words for a wrong password, an unknown user and a disabled one alike. */
export const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';

function mustWait(session: Session): boolean {
  const { node, channel } = session;
  const { nowMs } = node.clock;
  if (session.loginDueMs === 0 && channel !== null) {
    const delayMs = node.logins.delayMs(channel.remoteAddress);
    if (delayMs === 0) return false;
    session.loginDueMs = nowMs + delayMs;
  }
  return nowMs < session.loginDueMs;
}

/** With no password set, the default user takes any. */
function isPassword(password: string, frame: Frame, arg: number): boolean {
  if (password === '') return true;
  if (frame.lengths[arg] > PASSWORD_BYTES_MAX) return false;
  return digestsEqual(sha256(frame.copyArgument(arg)), sha256(Buffer.from(password)));
}

function isDefaultUser(frame: Frame, arg: number): boolean {
  return frame.latin1(arg) === 'default';
}
