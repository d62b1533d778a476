import type { ReplyWriter } from '../protocol/reply-writer.ts';
import type { CommandGroup, CommandRow } from './command-row.ts';

/**
 * What `<CONTAINER> HELP` answers: a head line, the lines given, and the lines for HELP itself.
 * @param container  in upper case
 */
export function replyHelp(reply: ReplyWriter, container: string, lines: readonly string[]): void {
  reply.array(lines.length + 3);
  reply.simple(`${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
  for (const line of lines) reply.simple(line);
  reply.simple('HELP');
  reply.simple('    Prints this help.');
}

/** The HELP subcommand of a container. */
export function helpRow(options: {
  container: string;
  group: CommandGroup;
  since: string;
  categories?: readonly string[];
  lines: readonly string[];
}): CommandRow {
  const { container, lines } = options;
  return {
    name: 'help',
    arity: 2,
    flags: ['loading', 'stale'],
    categories: options.categories ?? [],
    group: options.group,
    since: options.since,
    complexity: 'O(1)',
    summary: `List the subcommands of ${container}`,
    syntax: '',
    execute: (_session, _frame, reply) => replyHelp(reply, container, lines),
  };
}
