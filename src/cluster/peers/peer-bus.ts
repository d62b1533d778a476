/**
 * Links between the nodes of one cluster: each node dials each other one, and sends over that link
 * alone; what comes back over it are credits and acknowledgements of the transport. So everything
 * that A tells B is one ordered stream: effects, replies, commands.
 *
 *     A --- link A to B: A's messages ---> B        B --- link B to A: B's messages ---> A
 */
import type { MessageReader } from './message-reader.ts';
import type { MessageWriter } from './message-writer.ts';

export interface Peer {
  readonly id: string;
  /** Unix ms of its start: another one is another process, which remembers nothing. */
  readonly incarnation: number;
  /** Both links are open and greeted. */
  readonly isUp: boolean;
  /** Something came from it within the last second, over links that were up. False at first. */
  readonly isHeard: boolean;
  /** Its gossip says that it lives, and that its main thread stands still. */
  readonly isBusy: boolean;
  /** When anything came from it last, monotonic ms. */
  readonly heardMs: number;
  /** Waits to be sent to it. */
  readonly queuedBytes: number;
  /** Half a round trip is how much later it hears; smoothed, ms. */
  readonly roundTripMs: number;
}

export interface PeerListener {
  /**
   * Both links are open: messages go both ways. Nothing that was sent before comes any more, and
   * nothing came before.
   */
  onUp?(peer: Peer): void;
  /**
   * A link broke, or the peer started anew. What it was sent since `onUp` came in order up to some
   * point; the rest is lost.
   */
  onDown?(peer: Peer): void;
  /**
   * No heartbeat came from it for a second, or it came again. A link may be open and silent.
   */
  onSilence?(peer: Peer, isSilent: boolean): void;
  /** Nothing came from it for `LIMITS.linkQuietMs`; told again and again until something does. */
  onQuiet?(peer: Peer): void;
}

/** Reads one message; the reader and its bytes are reused: copy what must outlive the call. */
export type MessageHandler = (peer: Peer, message: MessageReader) => void;

export interface PeerBus {
  readonly id: string;
  readonly incarnation: number;
  /** Port really bound. */
  readonly port: number;
  /** All that `keep` named and that were met. */
  readonly peers: readonly Peer[];
  find(id: string): Peer | null;
  /** From now on links with that node are kept. Another address replaces the one before. */
  keep(id: string, host: string, port: number): void;
  /** Whether its gossip says that it is busy: then its links stay, however quiet it is. */
  excuse(id: string, isBusy: boolean): void;
  /** It left, or was forgotten. */
  drop(id: string): void;
  listen(listener: PeerListener): void;
  /** One handler a type: a row of MESSAGE_TABLE. */
  handle(type: number, handler: MessageHandler): void;
  /**
   * Begins a message to that peer; `end` of the writer sends it with others of this loop turn.
   * @returns null: the link is not up, or holds `LIMITS.linkQueueBytesMax`: it is not sent
   */
  begin(peer: Peer, type: number): MessageWriter | null;
  /** What was written so far leaves now and not at the turn's end. */
  flush(): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}
