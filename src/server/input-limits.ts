import type { ParserLimits } from '../protocol/frame-parser.ts';

/**
 * Limits of input before and after login; shared by all connections, so that settings change them.
 */
export interface InputLimits {
  readonly authenticated: ParserLimits;
  readonly unauthenticated: ParserLimits;
}
