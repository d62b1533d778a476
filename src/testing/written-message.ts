import { LIMITS } from '../base/limits.ts';
import type { MessageQueue } from '../cluster/peers/message-queue.ts';
import { TakingSocket } from './taking-socket.ts';

const LENGTH_BYTES = 4;

/** The one message that waits there, with its length and type before it and without gaps. */
export function takeMessage(queue: MessageQueue): Uint8Array {
  const socket = new TakingSocket();
  while (queue.byteCount > 0) queue.send(socket, Number.POSITIVE_INFINITY);
  const bytes = socket.taken();
  const partEnd = LENGTH_BYTES + LIMITS.linkPartBytes;
  const parts = [bytes.subarray(0, partEnd)];
  for (let at = partEnd; at < bytes.length; at += partEnd) {
    parts.push(bytes.subarray(at + LENGTH_BYTES, at + partEnd));
  }
  return new Uint8Array(Buffer.concat(parts));
}
