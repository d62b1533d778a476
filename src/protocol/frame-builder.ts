import type { FastBuffer } from '../base/fast-buffer.ts';
import { Frame } from '../base/frame.ts';

/**
 * Builds the frame of a command that did not come by a socket, in one reused buffer. The names of
 * the commands in use stand at the buffer's head, written once; arguments follow.
 */
export class FrameBuilder {
  readonly frame = new Frame();
  private bytes: FastBuffer = Buffer.allocUnsafeSlow(4096) as FastBuffer;
  private position = 0;
  /** End of the names. */
  private headEnd = 0;
  private readonly nameOffsets: number[] = [];

  /** @param names  of commands; `begin` takes their positions in this list */
  constructor(names: readonly string[] = []) {
    for (const name of names) {
      this.nameOffsets.push(this.headEnd);
      this.headEnd += this.bytes.latin1Write(name, this.headEnd);
    }
    this.nameOffsets.push(this.headEnd);
    this.frame.attach(this.bytes);
  }

  /** Starts a command by the number of its name. */
  begin(name: number): void {
    const { frame, nameOffsets } = this;
    const offset = nameOffsets[name];
    frame.offsets[0] = offset;
    frame.lengths[0] = nameOffsets[name + 1] - offset;
    frame.count = 1;
    this.position = this.headEnd;
  }

  /** Starts a command whose name comes as its first argument. */
  beginEmpty(): void {
    this.frame.count = 0;
    this.position = this.headEnd;
  }

  /** Text as UTF-8. A loop is quicker than the native call while the text is short. */
  text(text: string): void {
    const { length } = text;
    if (length > SHORT_TEXT_LENGTH) {
      this.longText(text);
      return;
    }
    if (this.position + length > this.bytes.length) this.reserve(length);
    const { bytes, position } = this;
    let seen = 0;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      seen |= code;
      bytes[position + i] = code;
    }
    if (seen > 127) {
      this.longText(text);
      return;
    }
    this.frame.append(position, length);
    this.position = position + length;
  }

  binary(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.position);
    this.frame.append(this.position, bytes.length);
    this.position += bytes.length;
  }

  /** A number as Redis reads it. */
  number(value: number | bigint): void {
    this.text(String(value));
  }

  argument(value: string | Uint8Array | number | bigint): void {
    if (typeof value === 'string') this.text(value);
    else if (typeof value === 'object') this.binary(value);
    else this.number(value);
  }

  /** Gives a buffer back that one large argument has made large. */
  trim(): void {
    if (this.bytes.length <= KEPT_BYTES_MAX) return;
    this.grow(KEPT_BYTES_MAX);
    this.frame.attach(this.bytes);
  }

  private longText(text: string): void {
    this.reserve(text.length * 3);
    const length = this.bytes.utf8Write(text, this.position);
    this.frame.append(this.position, length);
    this.position += length;
  }

  private reserve(byteCount: number): void {
    const wanted = this.position + byteCount;
    if (wanted <= this.bytes.length) return;
    this.grow(Math.max(wanted, this.bytes.length * 2));
    const { count } = this.frame;
    this.frame.attach(this.bytes);
    this.frame.count = count;
  }

  private grow(byteCount: number): void {
    const grown = Buffer.allocUnsafeSlow(byteCount) as FastBuffer;
    grown.set(this.bytes.subarray(0, Math.min(this.position, byteCount)));
    this.bytes = grown;
  }
}

const SHORT_TEXT_LENGTH = 40;
const KEPT_BYTES_MAX = 1024 * 1024;
