/**
 * What nodes tell each other of whom they hear, at once when it changes and every half second:
 * their own state, and each other node that they know.
 *
 *     u53 revision of the state, u8 state, u32 count, count times: text id, u8 isSilent
 */
import { LIMITS } from '../../base/limits.ts';
import { broken } from '../peers/link-reader.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import type { MessageWriter } from '../peers/message-writer.ts';

/**
 * `filling`: not equal to the owners yet, and so never one. `leaving`: stops, owns nothing more.
 */
export const NODE_STATES = ['filling', 'ready', 'leaving'] as const;
export type NodeState = (typeof NODE_STATES)[number];

/** The other nodes that the sender knows, by id: whether it hears nothing from them. */
export type Hearing = ReadonlyMap<string, boolean>;

export interface ViewMessage {
  readonly revision: number;
  readonly state: NodeState;
  readonly hearing: Hearing;
}

export function encodeView(view: ViewMessage, to: MessageWriter): void {
  to.u53(view.revision).u8(NODE_STATES.indexOf(view.state)).u32(view.hearing.size);
  for (const [id, isSilent] of view.hearing) to.text(id).u8(isSilent ? 1 : 0);
  to.end();
}

/** @throws NodeError MESSAGE_BROKEN */
export function decodeView(from: MessageReader): ViewMessage {
  const revision = from.u53();
  const state = NODE_STATES[from.u8()];
  const count = from.u32();
  if (state === undefined || count > LIMITS.clusterNodeCountMax) {
    throw broken('a state or a number of nodes that cannot be');
  }
  const hearing = new Map<string, boolean>();
  for (let i = 0; i < count; i++) hearing.set(from.text(), from.u8() !== 0);
  return { revision, state, hearing };
}
