import type { Frame } from '../../base/frame.ts';
import type { Session } from '../session.ts';
import { isSubscriber } from '../subscriber.ts';

export type ClientType = 'normal' | 'master' | 'replica' | 'pubsub';

/** The type that argument `arg` names, or null. */
export function parseClientType(frame: Frame, arg: number): ClientType | null {
  if (frame.equals(arg, 'NORMAL')) return 'normal';
  if (frame.equals(arg, 'PUBSUB')) return 'pubsub';
  if (frame.equals(arg, 'MASTER')) return 'master';
  if (frame.equals(arg, 'REPLICA') || frame.equals(arg, 'SLAVE')) return 'replica';
  return null;
}

export function isOfType(session: Session, type: ClientType): boolean {
  if (type === 'normal') return !isSubscriber(session);
  return type === 'pubsub' && isSubscriber(session);
}
