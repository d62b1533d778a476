import type { Frame } from '../base/frame.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import { logDenial } from './acl/enforce.ts';
import type { User } from './acl/user.ts';
import { GATE, type Session, settleLogin } from './session.ts';

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
  const name = userArg === 0 ? 'default' : frame.latin1(userArg);
  const isTooLong = frame.lengths[passwordArg] > PASSWORD_BYTES_MAX;
  const user = node.access.findLogin(name, isTooLong ? null : frame.copyArgument(passwordArg));
  if (user !== null) {
    becomeUser(session, user);
    if (channel !== null) node.logins.recordSuccess(channel.remoteAddress);
    return 'accepted';
  }
  const context = session.running !== null ? 'multi' : 'toplevel';
  logDenial(session, { reason: 'auth', context, object: frame.latin1(0), userName: name });
  node.counters[METRIC.deniedLogins]++;
  if (channel !== null) {
    node.logins.recordFailure(channel.remoteAddress);
    node.paced.warn('auth', 'login-failed', 'Failed login', {
      correlationId: session.correlationId,
      // A name that is no user's may be a password in the wrong place.
      user: node.access.find(name) === undefined ? 'unknown' : name,
      address: `${channel.remoteAddress}:${channel.remotePort}`,
      clientId: session.id,
    });
  }
  return 'refused';
}

/** Redis' words for a wrong password, an unknown user and a disabled one alike. */
export const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';

/**
 * How every session begins, and what RESET takes it back to. A client by socket is the default
 * user; the program that embeds the node is nobody, and may do everything.
 */
export function beginLogin(session: Session): void {
  const { access } = session.node;
  session.user = session.channel === null ? null : access.defaultUser;
  session.isAuthenticated = session.user === null || !access.needsLogin;
  settleLogin(session);
}

/**
 * For a session whose user is no more: it is the default user, and must log in anew even where that
 * one needs no password. What is left of its EXEC is refused.
 */
export function loseLogin(session: Session): void {
  session.user = session.node.access.defaultUser;
  session.isAuthenticated = false;
  settleLogin(session);
  session.gate |= GATE.LOGIN_REQUIRED;
}

/** To be called after rules of users have changed. */
export function settleAllLogins(node: Session['node']): void {
  for (const session of node.clients.all()) settleLogin(session);
}

/**
 * Asked wherever a store is named: SELECT, STORE and its kin, and by what enters one without them.
 * A refusal is counted and logged as that of a command.
 * @returns the error's text, or null when the session's user may use the store
 */
export function refuseStore(session: Session, store: { readonly name: string }): string | null {
  const { node, user } = session;
  if (user === null || user.mayUseStore(store.name)) return null;
  const isInTransaction = session.running !== null || session.transaction !== null;
  const context = session.isInScript ? 'lua' : isInTransaction ? 'multi' : 'toplevel';
  logDenial(session, { reason: 'store', context, object: store.name, userName: user.name });
  node.counters[METRIC.deniedStores]++;
  return `NOPERM No permissions to access the store '${store.name}'`;
}

function becomeUser(session: Session, user: User): void {
  session.user = user;
  session.isAuthenticated = true;
  settleLogin(session);
}

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
