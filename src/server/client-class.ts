import type { ClientClass, Configuration, OutputBufferLimit } from '../base/configuration.ts';
import { LIMITS } from '../base/limits.ts';
import { GATE, type Session } from '../commands/session.ts';
import { isSubscriber } from '../commands/subscriber.ts';

/** Which of the output limits holds for a client, as CLIENT LIST TYPE tells them apart. */
export function clientClassOf(session: Session): ClientClass {
  return session.subscriptions !== null && isSubscriber(session) ? 'pubsub' : 'normal';
}

/** What a client may leave unread. Before login it is little, whatever the settings allow. */
export function outputLimitOf(session: Session, { network }: Configuration): OutputBufferLimit {
  if ((session.gate & GATE.LOGIN_REQUIRED) !== 0) return STRANGER;
  return network.clientOutputBufferLimits[clientClassOf(session)];
}

const STRANGER: OutputBufferLimit = {
  hardBytes: LIMITS.unauthenticatedOutputBytesMax,
  softBytes: 0,
  softS: 0,
};
