import type { ReplyWriter } from '../protocol/reply-writer.ts';

/**
 * What `<CONTAINER> HELP` answers: a head line, the lines given, and the line for HELP itself.
 * @param container  in upper case
 */
export function replyHelp(reply: ReplyWriter, container: string, lines: readonly string[]): void {
  reply.array(lines.length + 3);
  reply.simple(`${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
  for (const line of lines) reply.simple(line);
  reply.simple('HELP');
  reply.simple('    Prints this help.');
}
