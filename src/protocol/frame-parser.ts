import type { Frame } from './frame.ts';
import { LIMITS } from '../base/limits.ts';

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
 */
export const READY = 0;
export const NEEDS_MORE = 1;
export const BROKEN = 2;
export const REFUSED = 3;
export type ParseStatus = typeof READY | typeof NEEDS_MORE | typeof BROKEN | typeof REFUSED;

/** What a connection may send; switched when it logs in. All in bytes but the count. */
export interface ParserLimits {
  readonly argumentCountMax: number;
  readonly bulkBytesMax: number;
  /** Bytes of unfinished or unexecuted input kept for one connection. */
  readonly queryBytesMax: number;
  /** Selects the wording: `unauthenticated bulk length` instead of `invalid bulk length`. */
  readonly isAuthenticated: boolean;
}

export const AUTHENTICATED_LIMITS: ParserLimits = {
  argumentCountMax: LIMITS.argumentCountMax,
  bulkBytesMax: LIMITS.bulkBytesMax,
  queryBytesMax: 1024 * 1024 * 1024,
  isAuthenticated: true,
};

export interface FrameParserApi {
  limits: ParserLimits;
  /** After BROKEN: the reply to send. `-ERR Protocol error: ...` */
  readonly error: { readonly text: string; readonly bytes: Uint8Array };
  /** After REFUSED: `crossProtocol` or `queryTooLong`. */
  readonly refusal: '' | 'crossProtocol' | 'queryTooLong';
  /** Bytes of input held and not yet executed. */
  readonly pendingBytes: number;
  /** Memory held for this connection beyond the object itself. */
  readonly heldBytes: number;
  feed(bytes: Uint8Array, start: number, end: number): void;
  next(frame: Frame): ParseStatus;
  suspend(): void;
}
