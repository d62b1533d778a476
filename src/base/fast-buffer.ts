/**
 * Methods that every Buffer has and the type declarations leave out. `write(text, at, 'latin1')`
 * looks up the encoding's name first, which costs as much as the writing.
 */
export type FastBuffer = Buffer & {
  latin1Write(text: string, offset?: number, length?: number): number;
  utf8Write(text: string, offset?: number, length?: number): number;
  latin1Slice(start?: number, end?: number): string;
  utf8Slice(start?: number, end?: number): string;
};

/** `length` bytes as UTF-8 text. Short ASCII, the usual case, is quicker char by char. */
export function textOf(buffer: FastBuffer, start: number, length: number): string {
  if (length > SHORT_TEXT_LENGTH) return buffer.utf8Slice(start, start + length);
  const end = start + length;
  let seen = 0;
  for (let i = start; i < end; i++) seen |= buffer[i];
  if (seen > 127) return buffer.utf8Slice(start, end);
  let text = '';
  let i = start;
  for (; i + 8 <= end; i += 8) {
    text += String.fromCharCode(
      buffer[i],
      buffer[i + 1],
      buffer[i + 2],
      buffer[i + 3],
      buffer[i + 4],
      buffer[i + 5],
      buffer[i + 6],
      buffer[i + 7],
    );
  }
  for (; i < end; i++) text += String.fromCharCode(buffer[i]);
  return text;
}

const SHORT_TEXT_LENGTH = 32;
