/**
 * Keys with all that belongs to them, on their way to another node: each a command that sets its
 * whole state, and beside it its stamp. A message holds as many as make it about
 * `LIMITS.repairMessageBytes` long.
 */
import { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Database } from '../../engine/database.ts';
import { Effect } from '../../engine/effect.ts';
import { RespBytes } from '../../journal/resp-bytes.ts';
import { CUT_OFF, parseCommand } from '../../replay/resp-command.ts';
import { broken } from '../peers/link-reader.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import type { MessageWriter } from '../peers/message-writer.ts';
import { encodeKey } from '../replication/key-state.ts';

const STAMP_BYTES = 8;

export class CopyBatch {
  count = 0;
  private readonly commands = new RespBytes();
  private effect = new Effect('');
  private stamps = new DataView(new ArrayBuffer(STAMP_BYTES * 1024));

  get byteCount(): number {
    return this.commands.end + this.count * STAMP_BYTES;
  }

  get isFull(): boolean {
    return this.byteCount >= LIMITS.repairMessageBytes;
  }

  /** Adds the key as it is now; nothing when it is there no more, or no message holds it. */
  add(database: Database, entry: number, high: number, low: number): void {
    const { commands, count, effect } = this;
    if (!encodeKey(effect, database, entry)) return;
    const before = commands.end;
    commands.command(effect.frame);
    if (effect.frame.bytes.length > EFFECT_BYTES_KEPT) this.effect = new Effect('');
    if (commands.end > LIMITS.carriedBytesMax) {
      commands.end = before;
      if (before === 0) commands.reset();
      return;
    }
    if ((count + 1) * STAMP_BYTES > this.stamps.byteLength) this.growStamps();
    this.stamps.setUint32(count * STAMP_BYTES, high, true);
    this.stamps.setUint32(count * STAMP_BYTES + 4, low, true);
    this.count++;
  }

  /** To be cleared then: a large batch is not copied. */
  writeTo(writer: MessageWriter): void {
    const { commands, count, stamps } = this;
    const { bytes, end } = commands;
    writer.bytes(new Uint8Array(stamps.buffer), 0, count * STAMP_BYTES);
    if (commands.mayLend(end)) writer.lend(bytes, 0, end);
    else writer.bytes(bytes, 0, end);
  }

  clear(): void {
    this.commands.reset();
    this.count = 0;
  }

  private growStamps(): void {
    const grown = new Uint8Array(this.stamps.byteLength * 2);
    grown.set(new Uint8Array(this.stamps.buffer));
    this.stamps = new DataView(grown.buffer);
  }
}

const EFFECT_BYTES_KEPT = 1024 * 1024;
const FRAME = new Frame();

/** Calls for each key of the message, with the command in a frame that is reused. */
export function eachCopy(
  message: MessageReader,
  visit: (frame: Frame, high: number, low: number) => void,
): void {
  message.bytes();
  const { source } = message;
  const stampsAt = message.start;
  const count = message.length / STAMP_BYTES;
  message.bytes();
  const end = message.start + message.length;
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  let at = message.start;
  for (let i = 0; i < count; i++) {
    at = parseCommand(FRAME, source, at, end);
    if (at <= CUT_OFF || FRAME.count < 3) throw broken('keys that are no commands');
    const stampAt = stampsAt + i * STAMP_BYTES;
    visit(FRAME, view.getUint32(stampAt, true), view.getUint32(stampAt + 4, true));
  }
  if (at !== end) throw broken('keys without a stamp');
}
