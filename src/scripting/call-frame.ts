import type { FastBuffer } from '../base/fast-buffer.ts';
import { Frame } from '../base/frame.ts';
import { formatDouble } from '../base/numbers.ts';
import type { LuaValue } from './lua/lua-value.ts';

const BYTES_MIN = 4096;
/** A buffer that one large argument has made larger is given back. */
const BYTES_KEPT = 256 * 1024;
/** Below that a loop is quicker than the native call. */
const SHORT_LENGTH = 48;

/** The command that a script calls, in one reused buffer: strings of one char per byte. */
export class CallFrame {
  readonly frame = new Frame();
  private bytes: FastBuffer = Buffer.allocUnsafeSlow(BYTES_MIN) as FastBuffer;
  private position = 0;

  constructor() {
    this.frame.attach(this.bytes);
  }

  /** @returns false when some argument is neither a string nor a number */
  fill(args: readonly LuaValue[]): boolean {
    if (this.bytes.length > BYTES_KEPT)
      this.bytes = Buffer.allocUnsafeSlow(BYTES_MIN) as FastBuffer;
    this.frame.attach(this.bytes);
    this.position = 0;
    for (let i = 0; i < args.length; i++) {
      const value = args[i];
      if (typeof value === 'string') this.add(value);
      else if (typeof value === 'number') this.add(numberArgument(value));
      else return false;
    }
    return true;
  }

  private add(text: string): void {
    const { length } = text;
    if (this.position + length > this.bytes.length) this.grow(length);
    const { bytes, position } = this;
    if (length <= SHORT_LENGTH) {
      for (let i = 0; i < length; i++) bytes[position + i] = text.charCodeAt(i);
    } else bytes.latin1Write(text, position);
    this.frame.append(position, length);
    this.position = position + length;
  }

  private grow(byteCount: number): void {
    const size = Math.max(this.position + byteCount, this.bytes.length * 2);
    const grown = Buffer.allocUnsafeSlow(size) as FastBuffer;
    grown.set(this.bytes.subarray(0, this.position));
    this.bytes = grown;
    const { count } = this.frame;
    this.frame.attach(grown);
    this.frame.count = count;
  }
}

/** As Redis hands a number of Lua to a command: `%.17g`. */
function numberArgument(value: number): string {
  // Milliseconds and scores made of them are whole numbers above 2^31. -0 keeps its sign.
  if (Number.isSafeInteger(value) && (value !== 0 || 1 / value > 0)) return `${value}`;
  // JavaScript does not keep the sign of a NaN; what arithmetic makes has it.
  return Number.isNaN(value) ? '-nan' : formatDouble(value);
}
