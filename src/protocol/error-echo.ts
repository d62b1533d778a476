import type { Frame } from '../base/frame.ts';
import { LIMITS } from '../base/limits.ts';

/**
 * Error texts that repeat what the client sent, as Redis prints them: cut at 128 bytes, and at a
 * NUL because C strings end there. One char per byte: write them with `reply.errorLatin1`,
 * which also turns CR and LF into spaces.
 */

/** Argument `index`, cut. */
export function echoed(
  frame: Frame,
  index: number,
  bytesMax: number = LIMITS.echoedBytesMax,
): string {
  const start = frame.offsets[index];
  const end = start + Math.min(frame.lengths[index], bytesMax);
  let text = '';
  for (let i = start; i < end && frame.bytes[i] !== 0; i++) {
    text += String.fromCharCode(frame.bytes[i]);
  }
  return text;
}

/** `ERR unknown command 'foo', with args beginning with: 'a' 'b' ` */
export function unknownCommandText(frame: Frame): string {
  const bytesMax = LIMITS.echoedBytesMax;
  let args = '';
  for (let i = 1; i < frame.count && args.length < bytesMax; i++) {
    args += `'${echoed(frame, i, bytesMax - args.length)}' `;
  }
  return `ERR unknown command '${echoed(frame, 0)}', with args beginning with: ${args}`;
}

/** @param command  the container's name in upper case */
export function unknownSubcommandText(frame: Frame, command: string): string {
  return `ERR unknown subcommand '${echoed(frame, 1)}'. Try ${command} HELP.`;
}

/** For a subcommand that exists, with arguments it does not take. */
export function subcommandSyntaxText(frame: Frame, command: string): string {
  return (
    `ERR unknown subcommand or wrong number of arguments for '${echoed(frame, 1)}'. ` +
    `Try ${command} HELP.`
  );
}
