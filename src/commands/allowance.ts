import type { Allowance } from '../base/configuration.ts';
import { isLocalAddress } from '../base/local-address.ts';
import type { Session } from './session.ts';

/** Whether a setting such as `enable-debug-command` lets this client use what it guards. */
export function isAllowed(allowance: Allowance, session: Session): boolean {
  return allowance === 'local' ? isLocal(session) : allowance === 'yes';
}

/** On the loopback interface, on the unix socket, or inside of this process. */
export function isLocal({ channel }: Session): boolean {
  return channel === null || isLocalAddress(channel.remoteAddress);
}
