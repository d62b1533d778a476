import type { Frame } from '../base/frame.ts';
import { LIMITS } from '../base/limits.ts';
import type { Command } from './command-table.ts';

/** As Redis: the name and the arguments are echoed, up to 128 bytes each. */
export function describeUnknownCommand(frame: Frame): string {
  let args = '';
  for (let i = 1; i < frame.count && args.length < LIMITS.echoedBytesMax; i++) {
    args += `'${echo(frame, i, LIMITS.echoedBytesMax - args.length)}' `;
  }
  const name = echo(frame, 0, LIMITS.echoedBytesMax);
  return `ERR unknown command '${name}', with args beginning with: ${args}`;
}

export function describeUnknownSubcommand(command: Command, frame: Frame): string {
  const name = echo(frame, 1, LIMITS.echoedBytesMax);
  return `ERR unknown subcommand '${name}'. Try ${command.fullName.toUpperCase()} HELP.`;
}

/** At most `byteCount` bytes of an argument, up to its first zero byte, one char per byte. */
function echo(frame: Frame, arg: number, byteCount: number): string {
  const text = frame.latin1(arg).slice(0, byteCount);
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}
