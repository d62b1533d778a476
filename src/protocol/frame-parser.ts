import type { Frame } from '../base/frame.ts';
import { LIMITS } from '../base/limits.ts';
import { parseInt64, parseSafeInteger } from '../base/numbers.ts';
import { ERRORS, type ErrorRow, errorRow } from './error-table.ts';
import { Inbox, type InboxSpare, trimFrame } from './inbox.ts';
import { splitInline } from './inline.ts';
import { type KeyHints, peekKeys } from './key-peek.ts';

/**
 * Bytes of one connection -> frames. RESP2 multibulk and inline commands, refused in Redis' words.
 *
 * Use, inside the socket's `onReadable` (its buffer is shared and overwritten afterwards):
 *
 *     parser.feed(bytes, start, end);
 *     takeTurn():
 *       while ((status = parser.next(frame)) === READY) {
 *         execute(frame);
 *         if (budgetSpent) { parser.suspend(); later(takeTurn); return; }
 *       }
 *       NEEDS_MORE  all bytes are consumed or kept; wait for the next `feed`
 *       BROKEN      reply.error(parser.error), send what is written, close
 *       REFUSED     close without a reply; parser.refusal says why (for the log)
 *
 * After `suspend()` the parser holds no reference to the shared buffer and `next` goes on without
 * new bytes; `feed` may be called before the kept bytes are used up. BROKEN and REFUSED are final.
 * Between two turns nothing of the shared buffer may be needed: a loop that stops while `next` was
 * READY must call `suspend()` (it costs nothing when no byte is left).
 *
 * A command that lies whole in the shared buffer is parsed where it lies. Of one that does not, the
 * part that came is kept in an `Inbox`, and later pieces give it only the bytes that it needs; what
 * follows it is parsed in place again.
 *
 * Like Redis the parser does not look at the two bytes after a bulk nor at the one after a length's
 * CR, and a NUL inside a line hides its end.
 */
export const READY = 0;
export const NEEDS_MORE = 1;
export const BROKEN = 2;
export const REFUSED = 3;
export type ParseStatus = typeof READY | typeof NEEDS_MORE | typeof BROKEN | typeof REFUSED;

/**
 * What a connection may send. One object serves all connections of a kind, so that a changed
 * setting is written into it once; a connection that logs in or out is given the other object.
 */
export interface ParserLimits {
  argumentCountMax: number;
  bulkBytesMax: number;
  /** Input kept for one connection: unfinished, or waiting for its turn. */
  queryBytesMax: number;
  /** Set proto-max-bulk-len: a longer bulk is `invalid`, one between the two `unauthenticated`. */
  bulkBytesSetting: number;
}

/** @param bulkBytesMax  proto-max-bulk-len  @param queryBytesMax  client-query-buffer-limit */
export function authenticatedLimits(bulkBytesMax: number, queryBytesMax: number): ParserLimits {
  const argumentCountMax = LIMITS.argumentCountMax;
  return { argumentCountMax, bulkBytesMax, queryBytesMax, bulkBytesSetting: bulkBytesMax };
}

/** Before login, when a login is needed. */
export function unauthenticatedLimits(bulkBytesMax: number, queryBytesMax: number): ParserLimits {
  return {
    argumentCountMax: LIMITS.unauthenticatedArgumentCountMax,
    bulkBytesMax: Math.min(bulkBytesMax, LIMITS.unauthenticatedBulkBytesMax),
    queryBytesMax: Math.min(queryBytesMax, LIMITS.unauthenticatedQueryBytesMax),
    bulkBytesSetting: bulkBytesMax,
  };
}

/** Limits with every setting at its default. */
export const AUTHENTICATED_LIMITS: Readonly<ParserLimits> = Object.freeze(
  authenticatedLimits(LIMITS.bulkBytesMax, LIMITS.queryBytesMax),
);
export const UNAUTHENTICATED_LIMITS: Readonly<ParserLimits> = Object.freeze(
  unauthenticatedLimits(LIMITS.bulkBytesMax, LIMITS.queryBytesMax),
);

export class FrameParser {
  limits: Readonly<ParserLimits>;
  /** After BROKEN: the reply to send. */
  error: ErrorRow = ERRORS.multibulkLength;
  /** After REFUSED: why, for the log. */
  refusal: '' | 'crossProtocol' | 'queryTooLong' = '';

  /** What `feed` brought: [chunkPosition, chunkEnd) is not parsed yet. */
  private chunk: Uint8Array = NOTHING;
  private chunkPosition = 0;
  private chunkEnd = 0;
  private inbox: Inbox | null = null;
  /** Arguments that the command begun still lacks; 0 between commands. */
  private argumentsLeft = 0;
  /** Length of the bulk whose header was read and whose bytes have not all come, else -1. */
  private bulkLength = -1;
  /** Where `parse` stopped, and where the command it stopped in began. */
  private position = 0;
  private commandStart = 0;
  /** Bytes from `position` on that are known to hold no line end. */
  private scannedBytes = 0;
  private finalStatus: ParseStatus = READY;
  /** What is kept was looked at and is not a whole command. */
  private isExhausted = true;

  private readonly spare: InboxSpare | null;

  /** @param spare  shared by the parsers of a node; without one every inbox is made anew */
  constructor(limits: Readonly<ParserLimits>, spare: InboxSpare | null = null) {
    this.limits = limits;
    this.spare = spare;
  }

  /** Bytes of input not executed yet: of the unfinished command and of all after it. */
  get pendingBytes(): number {
    const chunkBytes = this.chunkEnd - this.chunkPosition;
    return this.inbox === null ? chunkBytes : this.inbox.pendingBytes + chunkBytes;
  }

  /**
   * Tells which keys the commands behind the last one name, if they came in the same read; see
   * `peekKeys`. Their offsets are into the bytes of the frame that `next` filled last.
   * @returns  how many commands it looked at
   */
  peek(hints: KeyHints): number {
    hints.count = 0;
    if (this.inbox !== null || this.chunkPosition === this.chunkEnd) return 0;
    return peekKeys(this.chunk, this.chunkPosition, this.chunkEnd, hints, hints.offsets.length);
  }

  /** Whether `next` may find a command without another `feed`. */
  get hasUntriedInput(): boolean {
    return !this.isExhausted && this.pendingBytes > 0;
  }

  /** Input that waits passed the limit: nothing more will be parsed. */
  get isRefused(): boolean {
    return this.finalStatus === REFUSED;
  }

  /** Memory held for this connection beyond the object itself. */
  get heldBytes(): number {
    return this.inbox === null ? 0 : this.inbox.heldBytes;
  }

  /** Hands over bytes[start, end), not to be changed until `next` or `suspend` used them up. */
  feed(bytes: Uint8Array, start: number, end: number): void {
    if (this.chunkPosition < this.chunkEnd) this.suspend();
    this.isExhausted = false;
    this.chunk = bytes;
    this.chunkPosition = start;
    this.chunkEnd = end;
  }

  /** Finds the next command. The frame and its bytes hold until the next call of any method. */
  next(frame: Frame): ParseStatus {
    if (this.inbox !== null) return this.nextFromInbox(frame, this.inbox);
    if (this.finalStatus !== READY) return this.finalStatus;
    frame.attach(this.chunk);
    const status = this.parse(frame, this.chunk, this.chunkPosition, this.chunkEnd);
    if (status === NEEDS_MORE) return this.keepUnfinished(frame);
    if (status === READY) this.chunkPosition = this.position;
    return status;
  }

  /** Copies what is left of the fed bytes, so that their owner may overwrite them. */
  suspend(): void {
    const { chunk, chunkPosition, chunkEnd } = this;
    this.chunk = NOTHING;
    this.chunkPosition = 0;
    this.chunkEnd = 0;
    if (chunkPosition === chunkEnd) {
      if (this.inbox !== null && this.inbox.pendingBytes === 0) this.giveBack(this.inbox);
      return;
    }
    this.inbox ??= this.takeInbox();
    this.inbox.append(chunk, chunkPosition, chunkEnd, 0);
    this.checkPendingBytes();
  }

  /** The chunk ends inside a command, or between two. */
  private keepUnfinished(frame: Frame): ParseStatus {
    const { chunk, chunkEnd, commandStart, position } = this;
    this.chunk = NOTHING;
    this.chunkPosition = 0;
    this.chunkEnd = 0;
    this.isExhausted = true;
    if (position === chunkEnd && this.argumentsLeft === 0) return NEEDS_MORE;
    const inbox = this.takeInbox();
    inbox.append(chunk, commandStart, chunkEnd, 0);
    inbox.position = position - commandStart;
    for (let i = 0; i < frame.count; i++) frame.offsets[i] -= commandStart;
    inbox.keep(frame);
    this.inbox = inbox;
    return this.checkPendingBytes();
  }

  private nextFromInbox(frame: Frame, inbox: Inbox): ParseStatus {
    for (;;) {
      if (this.finalStatus !== READY) return this.finalStatus;
      inbox.lend(frame, this.argumentsLeft > 0);
      this.commandStart = inbox.commandStart;
      const status = this.parse(frame, inbox.bytes, inbox.position, inbox.end);
      inbox.position = this.position;
      if (status === NEEDS_MORE) {
        inbox.commandStart = this.commandStart;
        if (this.argumentsLeft === 0 && inbox.position === inbox.end) break;
        inbox.keep(frame);
        if (!this.pull(inbox)) return this.checkPendingBytes();
        continue;
      }
      inbox.commandStart = this.position;
      return status;
    }
    this.giveBack(inbox);
    trimFrame(frame);
    return this.next(frame);
  }

  /** Moves from the chunk what the unfinished command needs at least; false when it is empty. */
  private pull(inbox: Inbox): boolean {
    const start = this.chunkPosition;
    const availableBytes = this.chunkEnd - start;
    if (availableBytes === 0) {
      this.isExhausted = true;
      this.suspend();
      return false;
    }
    const heldBytes = inbox.end - inbox.position;
    let neededBytes = this.argumentsLeft * EMPTY_BULK_BYTES - heldBytes;
    if (this.bulkLength >= 0) neededBytes += this.bulkLength + 2 - EMPTY_BULK_BYTES;
    else neededBytes = Math.max(neededBytes, this.lineBytes(inbox), 1);
    const end = start + Math.min(neededBytes, availableBytes);
    inbox.append(this.chunk, start, end, inbox.end + neededBytes);
    this.chunkPosition = end;
    return true;
  }

  /** Bytes of the chunk that belong to the line which the inbox's last bytes begin. */
  private lineBytes(inbox: Inbox): number {
    const { chunk, chunkPosition, chunkEnd } = this;
    const isInline = this.argumentsLeft === 0 && inbox.bytes[inbox.position] !== STAR;
    if (!isInline && inbox.end > inbox.position && inbox.bytes[inbox.end - 1] === CR) return 1;
    const lineEnd = isInline ? LF : CR;
    for (let position = chunkPosition; position < chunkEnd; position++) {
      if (chunk[position] === lineEnd) return position + (isInline ? 1 : 2) - chunkPosition;
    }
    return chunkEnd - chunkPosition;
  }

  private takeInbox(): Inbox {
    return this.spare === null ? new Inbox() : this.spare.take();
  }

  private giveBack(inbox: Inbox): void {
    this.inbox = null;
    if (this.spare !== null) this.spare.giveBack(inbox);
  }

  private checkPendingBytes(): ParseStatus {
    if (this.pendingBytes <= this.limits.queryBytesMax) return NEEDS_MORE;
    return this.refuse('queryTooLong');
  }

  /**
   * Goes on at `start` with the state of the command begun, if there is one.
   * Leaves `position` after the command (READY) or at the first token that is not whole
   * (NEEDS_MORE); then `commandStart` says where its command began.
   */
  private parse(frame: Frame, bytes: Uint8Array, start: number, end: number): ParseStatus {
    if (this.argumentsLeft > 0) return this.parseArguments(frame, bytes, start, end);
    let position = start;
    for (;;) {
      this.commandStart = position;
      if (position >= end) return this.waitAt(end);
      if (bytes[position] !== STAR) {
        const status = this.parseInline(frame, bytes, position, end);
        if (status !== READY || frame.count > 0) return status;
        position = this.position;
        continue;
      }
      let count = shortLength(STAR, bytes, position, end);
      if (count >= 0 && count <= this.limits.argumentCountMax) position += lineBytesOf(count);
      else {
        count = this.parseLength(bytes, position, end, true);
        if (count < 0) return this.finalStatus === READY ? NEEDS_MORE : BROKEN;
        position = this.position;
      }
      this.argumentsLeft = count;
      if (count > 0) return this.parseArguments(frame, bytes, position, end);
    }
  }

  private parseArguments(frame: Frame, bytes: Uint8Array, start: number, end: number): ParseStatus {
    let position = start;
    let left = this.argumentsLeft;
    let length = this.bulkLength;
    const bulkBytesMax = this.limits.bulkBytesMax;
    for (; left > 0; left--) {
      if (length < 0) {
        length = shortLength(DOLLAR, bytes, position, end);
        if (length >= 0 && length <= bulkBytesMax) position += lineBytesOf(length);
        else {
          this.argumentsLeft = left;
          this.bulkLength = -1;
          length = this.parseLength(bytes, position, end, false);
          if (length < 0) return this.finalStatus === READY ? NEEDS_MORE : BROKEN;
          position = this.position;
        }
      }
      if (end - position < length + 2) {
        this.argumentsLeft = left;
        this.bulkLength = length;
        return this.waitAt(position);
      }
      frame.append(position, length);
      position += length + 2;
      length = -1;
    }
    this.argumentsLeft = 0;
    this.bulkLength = -1;
    this.position = position;
    if (isHttpWord(frame)) return this.refuse('crossProtocol');
    return READY;
  }

  /**
   * A length as Redis reads it, of any size and shape.
   * @returns the length (0 for a negative count), or -1: wait, or broken when `finalStatus` says so
   */
  private parseLength(bytes: Uint8Array, start: number, end: number, isCount: boolean): number {
    const lineEnd = this.findInLine(bytes, start, end, CR);
    if (lineEnd < 0 || lineEnd + 1 >= end) {
      this.waitAt(start);
      if (lineEnd < 0 && end - start > LIMITS.inlineBytesMax) {
        this.fail(isCount ? ERRORS.multibulkLengthTooLong : ERRORS.bulkLengthTooLong);
      }
      return -1;
    }
    this.scannedBytes = 0;
    if (!isCount && bytes[start] !== DOLLAR) {
      const got = String.fromCharCode(bytes[start]).replace(/[\r\n]/, ' ');
      this.fail(errorRow(`ERR Protocol error: expected '$', got '${got}'`));
      return -1;
    }
    const error = this.checkLength(bytes, start + 1, lineEnd, isCount);
    if (error !== null) {
      this.fail(error);
      return -1;
    }
    this.position = lineEnd + 2;
    return Math.max(0, wideInteger(bytes, start + 1, lineEnd - start - 1));
  }

  private checkLength(
    bytes: Uint8Array,
    start: number,
    end: number,
    isCount: boolean,
  ): ErrorRow | null {
    const { argumentCountMax, bulkBytesMax, bulkBytesSetting } = this.limits;
    const value = wideInteger(bytes, start, end - start);
    if (isCount) {
      if (!(value <= LIMITS.argumentCountMax)) return ERRORS.multibulkLength;
      return value <= argumentCountMax ? null : ERRORS.multibulkLengthUnauthenticated;
    }
    if (!(value >= 0 && value <= bulkBytesSetting)) return ERRORS.bulkLength;
    return value <= bulkBytesMax ? null : ERRORS.bulkLengthUnauthenticated;
  }

  /** READY with an empty frame when the line is blank. */
  private parseInline(frame: Frame, bytes: Uint8Array, start: number, end: number): ParseStatus {
    const lineFeed = this.findInLine(bytes, start, end, LF);
    const lineBytes = (lineFeed < 0 ? end : lineFeed) - start;
    if (lineBytes > LIMITS.inlineBytesMax) return this.fail(ERRORS.inlineTooLong);
    if (lineFeed < 0) return this.waitAt(start);
    this.scannedBytes = 0;
    this.position = lineFeed + 1;
    const lineEnd = lineBytes > 0 && bytes[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
    if (isHttpRequestLine(bytes, start, lineEnd)) return this.refuse('crossProtocol');
    if (!splitInline(frame, bytes, start, lineEnd)) return this.fail(ERRORS.inlineQuotes);
    if (frame.count > 0 && isHttpWord(frame)) return this.refuse('crossProtocol');
    return READY;
  }

  /** @returns where `wanted` is, or -1 when the line's end has not come or a NUL hides it */
  private findInLine(bytes: Uint8Array, start: number, end: number, wanted: number): number {
    let position = start + this.scannedBytes;
    for (; position < end; position++) {
      const byte = bytes[position];
      if (byte === wanted) return position;
      if (byte === 0) break;
    }
    // A length's line is looked at again when it is short, maybe on the quick path: no note of it.
    if (position - start > SCAN_NOTED_BYTES_MIN) this.scannedBytes = position - start;
    return -1;
  }

  private waitAt(position: number): ParseStatus {
    this.position = position;
    return NEEDS_MORE;
  }

  private fail(error: ErrorRow): ParseStatus {
    this.error = error;
    return this.finish(BROKEN);
  }

  private refuse(refusal: 'crossProtocol' | 'queryTooLong'): ParseStatus {
    this.refusal = refusal;
    return this.finish(REFUSED);
  }

  /** Nothing that this connection sends is looked at again. */
  private finish(status: ParseStatus): ParseStatus {
    this.finalStatus = status;
    this.inbox = null;
    this.chunk = NOTHING;
    this.chunkPosition = 0;
    this.chunkEnd = 0;
    return status;
  }
}

const NOTHING = new Uint8Array(0);
const STAR = 42;
const DOLLAR = 36;
const ZERO = 48;
const CR = 13;
const LF = 10;
/** `$0 CR LF CR LF`: no argument is shorter. */
const EMPTY_BULK_BYTES = 6;
const SCAN_NOTED_BYTES_MIN = 64;

/**
 * The usual header: its type, one to four digits without a leading zero, CR. Reads six bytes, as
 * many as the shortest bulk has.
 * @returns the length, or -1: look again without haste
 */
function shortLength(type: number, bytes: Uint8Array, position: number, end: number): number {
  if (position + EMPTY_BULK_BYTES > end || bytes[position] !== type) return -1;
  const first = bytes[position + 1] - ZERO;
  if (first >>> 0 > 9) return -1;
  const second = bytes[position + 2];
  if (second === CR) return first;
  if (first === 0 || (second - ZERO) >>> 0 > 9) return -1;
  const two = first * 10 + second - ZERO;
  const third = bytes[position + 3];
  if (third === CR) return two;
  if ((third - ZERO) >>> 0 > 9) return -1;
  const three = two * 10 + third - ZERO;
  const fourth = bytes[position + 4];
  if (fourth === CR) return three;
  if ((fourth - ZERO) >>> 0 > 9 || bytes[position + 5] !== CR) return -1;
  return three * 10 + fourth - ZERO;
}

/** Bytes of the header that `shortLength` read. */
function lineBytesOf(length: number): number {
  if (length < 100) return length < 10 ? 4 : 5;
  return length < 1000 ? 6 : 7;
}

/** An int64, those beyond 2^53 rounded; NaN when malformed. */
function wideInteger(bytes: Uint8Array, offset: number, length: number): number {
  const value = parseSafeInteger(bytes, offset, length);
  if (!Number.isNaN(value)) return value;
  const wide = parseInt64(bytes, offset, length);
  return wide === null ? NaN : Number(wide);
}

/**
 * A browser made to speak to this port begins with a request line and a Host header: Redis closes
 * at these two words, as commands in either form, before anything that follows could be executed.
 */
function isHttpWord(frame: Frame): boolean {
  const first = frame.bytes[frame.offsets[0]] | 32;
  if (first === 112) return frame.lengths[0] === 4 && frame.equals(0, 'POST');
  if (first === 104) return frame.lengths[0] === 5 && frame.equals(0, 'HOST:');
  return false;
}

/** Whether the line ends in ` HTTP/1.` and a digit: such a GET would otherwise be a command. */
function isHttpRequestLine(bytes: Uint8Array, start: number, end: number): boolean {
  const from = end - HTTP_VERSION.length - 1;
  if (from < start || (bytes[end - 1] - ZERO) >>> 0 > 9) return false;
  for (let i = 0; i < HTTP_VERSION.length; i++) {
    if (bytes[from + i] !== HTTP_VERSION.charCodeAt(i)) return false;
  }
  return true;
}

const HTTP_VERSION = ' HTTP/1.';
