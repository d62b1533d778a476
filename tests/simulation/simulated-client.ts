import { encodeCommand, type Reply, ReplyDecoder } from '../../src/testing/reply-decoder.ts';
import type { SimulatedPeer } from '../../src/world/simulated/memory-socket.ts';

/** null: the connection was lost before it came. */
export type ReplyCallback = (reply: Reply | null) => void;

/** A client of one node, on its machine. Replies come by callbacks, as time passes. */
export class SimulatedClient {
  private readonly peer: SimulatedPeer;
  private readonly decoder = new ReplyDecoder();
  private waiting: ReplyCallback[] = [];

  constructor(peer: SimulatedPeer) {
    this.peer = peer;
    // What is tested is the cluster: how requests are cut is tested elsewhere.
    peer.fragmentation = 'whole';
    peer.onData(() => {
      for (const reply of this.decoder.feed(peer.take())) this.waiting.shift()?.(reply);
      if (peer.sawEnd) this.lose();
    });
    peer.onClose(() => this.lose());
  }

  get isOpen(): boolean {
    return this.peer.closeCode === null;
  }

  call(args: readonly string[], onReply: ReplyCallback): void {
    if (!this.isOpen) {
      onReply(null);
      return;
    }
    this.waiting.push(onReply);
    this.peer.send(encodeCommand(args));
  }

  close(): void {
    this.peer.end();
  }

  /** Nothing waits for it any more: who asked is told so. */
  private lose(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const onReply of waiting) onReply(null);
  }
}
