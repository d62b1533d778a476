import type { Session } from '../session.ts';
import type { User } from './user.ts';

/**
 * Closes the clients of a user that listen to what its new rules no longer allow. Whoever changes
 * the rules is closed after its reply.
 * @param user   as it is
 * @param draft  as it will be
 */
export function closeUnwantedSubscribers(session: Session, user: User, draft: User): void {
  for (const other of [...session.node.clients.all()]) {
    if (other.user !== user || other.subscriptions === null) continue;
    if (hasOnlyAllowed(other, draft)) continue;
    if (other === session) other.channel?.closeAfterReplies();
    else other.channel?.close();
  }
}

function hasOnlyAllowed(session: Session, user: User): boolean {
  const { pubsub } = session.node;
  const selectors = [user.root, ...user.selectors];
  for (const name of pubsub.names(session, 'pattern')) {
    if (!selectors.some((selector) => selector.mayUseChannelPattern(name))) return false;
  }
  for (const name of [...pubsub.names(session, 'channel'), ...pubsub.names(session, 'shard')]) {
    const bytes = Buffer.from(name, 'latin1');
    if (!selectors.some((selector) => selector.mayUseChannel(bytes))) return false;
  }
  return true;
}
