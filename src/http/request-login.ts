/**
 * Who asks: `Authorization: Basic` for any user of ACL, `Bearer` with the password of the default
 * user. Nothing is remembered: each request brings its own, and is checked anew.
 */
import { logDenial } from '../commands/acl/enforce.ts';
import type { User } from '../commands/acl/user.ts';
import type { NodeServices } from '../commands/node-services.ts';
import type { Session } from '../commands/session.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';

export interface Credentials {
  /** One char per byte. */
  readonly name: string;
  readonly password: Uint8Array;
}

/** A guess longer than this is wrong without being hashed; no header is as long. */
const PASSWORD_BYTES_MAX = 16_384;

/** @returns null when there are none, or none that can be read */
export function parseCredentials(header: string | undefined): Credentials | null {
  const match = /^(Basic|Bearer) +(\S+) *$/i.exec(header ?? '');
  if (match === null) return null;
  if (match[1].toLowerCase() === 'bearer') {
    return { name: 'default', password: Buffer.from(match[2], 'latin1') };
  }
  const bytes = Buffer.from(match[2], 'base64');
  const colon = bytes.indexOf(58);
  if (colon < 0) return null;
  // A user without a name is the default user, as for redis:// addresses.
  const name = bytes.subarray(0, colon).toString('latin1') || 'default';
  return { name, password: bytes.subarray(colon + 1) };
}

/** @returns the user, null when the password is wrong or there is no such user */
export function findUser({ access }: NodeServices, { name, password }: Credentials): User | null {
  return access.findLogin(name, password.length > PASSWORD_BYTES_MAX ? null : password);
}

/** Counts and logs a failed login, and makes the address's next ones wait. */
export function recordFailedLogin(session: Session, name: string): void {
  const { node, channel, correlationId } = session;
  logDenial(session, { reason: 'auth', context: 'toplevel', object: 'HTTP', userName: name });
  node.counters[METRIC.deniedLogins]++;
  if (channel === null) return;
  node.logins.recordFailure(channel.remoteAddress);
  node.paced.warn('auth', 'login-failed', 'Failed login', {
    correlationId,
    address: `${channel.remoteAddress}:${channel.remotePort}`,
  });
}
