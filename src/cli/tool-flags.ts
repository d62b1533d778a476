/** What stands behind a tool's own flags: each is checked, and refused by its name. */
import { NodeError } from '../base/errors.ts';
import { parseDuration, parseSize } from '../base/sizes.ts';
import type { ToolArguments } from './tool-arguments.ts';

type Flags = Pick<ToolArguments, 'flags'>;

interface CountRange {
  readonly min: number;
  readonly max: number;
}

/** A whole number, or null when the flag is not given. */
export function findCount({ flags }: Flags, name: string, { max, min }: CountRange): number | null {
  const text = flags.get(name);
  if (text === undefined) return null;
  const count = Number(text);
  if (/^\d{1,16}$/.test(text) && count >= min && count <= max) return count;
  throw refused(name, `must be ${min} to ${max}`);
}

/** A number that may have a fraction. */
export function findNumber(
  { flags }: Flags,
  name: string,
  { max, min }: CountRange,
): number | null {
  const text = flags.get(name);
  if (text === undefined) return null;
  const value = Number(text);
  if (/^\d{1,16}(\.\d{1,16})?$/.test(text) && value >= min && value <= max) return value;
  throw refused(name, `must be ${min} to ${max}`);
}

/** In ms. */
export function findDuration({ flags }: Flags, name: string): number | null {
  const text = flags.get(name);
  if (text === undefined) return null;
  const ms = parseDuration(text, MS_PER_S);
  if (ms !== null && ms > 0) return ms;
  throw refused(name, 'must be a duration, such as 10s');
}

/** In bytes. */
export function findSize({ flags }: Flags, name: string, { max, min }: CountRange): number | null {
  const text = flags.get(name);
  if (text === undefined) return null;
  const bytes = parseSize(text);
  if (bytes !== null && bytes >= min && bytes <= max) return bytes;
  throw refused(name, `must be a size, ${min} to ${max} bytes`);
}

export function refused(name: string, reason: string): NodeError {
  return new NodeError('BAD_CONFIGURATION', `--${name}: ${reason}`);
}

const MS_PER_S = 1000;
