import type { Alive } from '../wire/swim-messages.ts';
import type { NewsRoom } from './broadcast-queue.ts';
import type { SwimNode } from './node-table.ts';

/** What rides on SWIM: Serf's part. */
export interface SwimEvents {
  /** A member is there: new, or back. Its first news when this node itself starts. */
  onAlive(node: SwimNode): void;
  /** Its meta, or its address, is another one. */
  onChanged(node: SwimNode): void;
  /** It failed or left: `state` tells. */
  onGone(node: SwimNode): void;
  /** Two living processes have one name; one of them may be this node. */
  onConflict(known: SwimNode, other: Alive): void;
  /** A message of type `user`, without the type. */
  onUserMessage(message: Uint8Array): void;
  /** For an exchange of states. */
  userState(): Uint8Array;
  /** @param isJoin  this node asked for it in order to join */
  mergeUserState(state: Uint8Array, isJoin: boolean): void;
  hasNews(): boolean;
  /** News to ride on a packet. */
  takeNews(room: NewsRoom): Uint8Array[];
  /** Along with the answer to a ping of that member. */
  ackPayload(asker: string): Uint8Array;
  /** It came with a member's answer. */
  onAckPayload(node: SwimNode, payload: Uint8Array): void;
  /** It was checked, and did not answer. */
  onUnanswered(node: SwimNode): void;
}
