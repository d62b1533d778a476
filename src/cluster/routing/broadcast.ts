import type { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { PeerBus } from '../peers/peer-bus.ts';

const SCRIPT = { LOADED: 0, FLUSH: 1, EVALUATED: 2 } as const;

/**
 * What every node does once one has: messages of PUBLISH and SPUBLISH to the clients of all, and
 * the cache of scripts, so that EVALSHA finds them whoever owns its keys. Told once and not again:
 * a node that is not reached misses it, as a client does that is not connected.
 *
 *     publish   u8 is sharded | bytes channel | bytes message
 *     scripts   u8 0: SCRIPT LOAD, 1: SCRIPT FLUSH, 2: EVAL | bytes script
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

  /** One of EVAL that is long is rather sent again by its client. */
  shareScript(source: Uint8Array, isLoaded: boolean): void {
    if (!isLoaded && source.length > LIMITS.sharedScriptBytesMax) return;
    this.tellScripts(isLoaded ? SCRIPT.LOADED : SCRIPT.EVALUATED, source);
  }

  shareScriptFlush(): void {
    this.tellScripts(SCRIPT.FLUSH, NO_SOURCE);
  }

  private tellScripts(what: number, source: Uint8Array): void {
    for (const peer of this.bus.peers) {
      if (!peer.isUp) continue;
      const writer = this.bus.begin(peer, MESSAGE.scripts);
      writer?.u8(what).bytes(source, 0, source.length).end();
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
    const { scripting } = this.node;
    if (what === SCRIPT.FLUSH) scripting.flushScripts();
    else scripting.keepTold(source.slice(start, start + length), what === SCRIPT.LOADED);
  }
}

const NO_SOURCE = new Uint8Array(0);

function latin1(bytes: Uint8Array, start: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('latin1');
}
