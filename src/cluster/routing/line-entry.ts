import type { BoundCommands } from './bound-commands.ts';
import type { Route } from './route.ts';
import type { PartRef } from './slots/parted-command.ts';
import { NO_SLOT } from './slots/slot-routes.ts';

/** What became of a command, or that there is none. */
export const STATE = {
  /** No node has it. */
  UNSENT: 0,
  SENT: 1,
  /** Its reply is there, and waits for those before it; or its reply was made here. */
  ANSWERED: 2,
} as const;

export type EntryState = (typeof STATE)[keyof typeof STATE];

/** One reply that a client waits for. Reused. */
export class LineEntry {
  state: EntryState = STATE.UNSENT;
  /** The command in the line's buffer. */
  start = 0;
  end = 0;
  route: Route = 0;
  /** Its reply is dropped: CLIENT REPLY, or it is a command of our own. */
  isSilent = false;
  /** It may be sent again when nobody knows whether it was done: it changes nothing, or waits. */
  isRepeatable = false;
  /** Its client executes nothing else until it is answered. */
  isBlocking = false;
  /** EXEC, and keys were watched before. */
  isWatched = false;
  /** EXEC: what of its transaction runs here, when the reply has come. */
  bound: BoundCommands | null = null;
  /** Of its keys, in a store whose slots have owners of their own. */
  slot: number = NO_SLOT;
  /** It is one of those that a command of several owners became. */
  part: PartRef | null = null;
  /** It is sent when what was sent before is answered. */
  isOrdered = false;
  /** Of ROUTE.NAMED_STORE: the store's name. */
  storeName = '';
  /** Node that has it, once it is sent. */
  target = '';
  /** When it came, and since when no node has it; monotonic ms. */
  sinceMs = 0;
  unsentMs = 0;
  sentMs = 0;
  /** Once it is answered. */
  reply: Uint8Array | null = null;
}
