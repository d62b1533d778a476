import type { ClientClass } from '../base/configuration.ts';
import type { Session } from '../commands/session.ts';
import { isSubscriber } from '../commands/subscriber.ts';

/** Which of the output limits holds for a client, as CLIENT LIST TYPE tells them apart. */
export function clientClassOf(session: Session): ClientClass {
  return session.subscriptions !== null && isSubscriber(session) ? 'pubsub' : 'normal';
}
