import type { Frame } from '../../base/frame.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { PeerBus } from '../peers/peer-bus.ts';

const SCRIPT = { LOAD: 0, FLUSH: 1 } as const;

/**
 * What every node does once one has: messages of PUBLISH and SPUBLISH to the clients of all, and
 * the cache of scripts. Told once and not again: a node that is not reached misses it, as a client
 * does that is not connected.
 *
 *     publish   u8 is sharded | bytes channel | bytes message
 *     scripts   u8 0: load, 1: flush | bytes script, one a char
 */
export class Broadcast {
  private readonly node: NodeServices;
  private readonly bus: PeerBus;

  constructor(node: NodeServices, bus: PeerBus) {
    this.node = node;
    this.bus = bus;
  }

  start(): void {
    this.bus.handle(MESSAGE.publish, (_peer, message) => this.takeMessage(message));
    this.bus.handle(MESSAGE.scripts, (_peer, message) => this.takeScript(message));
  }

  /** Channel and message are arguments 1 and 2. */
  publish({ bytes, lengths, offsets }: Frame, isSharded: boolean): void {
    for (const peer of this.bus.peers) {
      if (!peer.isUp) continue;
      const writer = this.bus.begin(peer, MESSAGE.publish);
      if (writer === null) continue;
      writer.u8(isSharded ? 1 : 0).bytes(bytes, offsets[1], offsets[1] + lengths[1]);
      writer.bytes(bytes, offsets[2], offsets[2] + lengths[2]).end();
    }
  }

  /** @param script  latin1; null: SCRIPT FLUSH */
  shareScript(script: string | null): void {
    const bytes = Buffer.from(script ?? '', 'latin1');
    for (const peer of this.bus.peers) {
      if (!peer.isUp) continue;
      const writer = this.bus.begin(peer, MESSAGE.scripts);
      writer
        ?.u8(script === null ? SCRIPT.FLUSH : SCRIPT.LOAD)
        .bytes(bytes, 0, bytes.length)
        .end();
    }
  }

  private takeMessage(message: MessageReader): void {
    const kind = message.u8() === 0 ? 'channel' : 'shard';
    const { length, source, start } = message.bytes();
    const channel = latin1(source, start, length);
    const text = message.bytes();
    this.node.pubsub.publish(kind, channel, text.source, text.start, text.length);
  }

  private takeScript(message: MessageReader): void {
    const what = message.u8();
    const { length, source, start } = message.bytes();
    if (what === SCRIPT.FLUSH) this.node.scripting.flushScripts();
    else this.node.scripting.loadScript(latin1(source, start, length));
  }
}

function latin1(bytes: Uint8Array, start: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('latin1');
}
