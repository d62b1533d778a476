import type { Frame } from '../../base/frame.ts';

/**
 * A name is shown in the one-line form of CLIENT LIST: printable ASCII without blanks. Empty is
 * none.
 */
export function isClientName(frame: Frame, arg: number): boolean {
  const start = frame.offsets[arg];
  const end = start + frame.lengths[arg];
  for (let i = start; i < end; i++) {
    if (frame.bytes[i] < 33 || frame.bytes[i] > 126) return false;
  }
  return true;
}

export const CLIENT_NAME_ERROR =
  'ERR Client names cannot contain spaces, newlines or special characters.';
