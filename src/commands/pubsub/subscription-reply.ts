import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { SubscriptionKind } from '../node-services.ts';
import type { Session } from '../session.ts';

/** What confirms one (un)subscription: the word, the name, and how many are left. */
export function replySubscription(
  session: Session,
  reply: ReplyWriter,
  kind: SubscriptionKind,
  word: string,
  name: string | null,
): void {
  reply.push(3);
  reply.bulkText(word);
  if (name === null) reply.null();
  else {
    const bytes = Buffer.from(name, 'latin1');
    reply.bulk(bytes, 0, bytes.length);
  }
  reply.integer(countSubscriptions(session, kind));
}

/** Channels and patterns are counted together, shard channels by themselves. */
function countSubscriptions(session: Session, kind: SubscriptionKind): number {
  const subscriptions = session.subscriptions;
  if (subscriptions === null) return 0;
  if (kind === 'shard') return subscriptions.shardChannelCount;
  return subscriptions.channelCount + subscriptions.patternCount;
}
