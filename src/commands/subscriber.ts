import type { Session } from './session.ts';

/** Whether the session listens to anything. */
export function isSubscriber(session: Session): boolean {
  const subscriptions = session.subscriptions;
  if (subscriptions === null) return false;
  const { channelCount, patternCount, shardChannelCount } = subscriptions;
  return channelCount + patternCount + shardChannelCount > 0;
}
