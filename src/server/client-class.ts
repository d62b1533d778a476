import type { ClientClass } from '../base/configuration.ts';
import type { Session } from '../commands/session.ts';

/** Which of the output limits holds for a client, as CLIENT LIST TYPE tells them apart. */
export function clientClassOf(session: Session): ClientClass {
  const subscriptions = session.subscriptions;
  if (subscriptions === null) return 'normal';
  const { channelCount, patternCount, shardChannelCount } = subscriptions;
  return channelCount + patternCount + shardChannelCount > 0 ? 'pubsub' : 'normal';
}
