import { LIMITS } from '../limits.ts';

/**
 * What may be a correlation id: printable ASCII without blanks, so that it fits a header, a log
 * line and CLIENT CORRELATION as it is. Not empty.
 */
export function isCorrelationId(text: string): boolean {
  return text.length <= LIMITS.correlationIdBytesMax && /^[!-~]+$/.test(text);
}
