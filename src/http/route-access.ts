import { findCommand, refuseAccess } from '../commands/acl/enforce.ts';
import type { Command } from '../commands/command-table.ts';
import type { CommandCaller } from '../commands/direct/command-caller.ts';
import { GATE } from '../commands/session.ts';
import { type RouteAnswer, type RouteRow, refusal, statusOf } from './route-row.ts';

/**
 * Asks whether the caller's user may take a route that runs no command of its own: the command
 * that it stands for decides, as the door would.
 * @returns null when it may
 */
export function refuseRoute(row: RouteRow, caller: CommandCaller): RouteAnswer | null {
  if (row.access.by !== 'route') return null;
  const { session, builder } = caller;
  if ((session.gate & GATE.RESTRICTED) === 0) return null;
  builder.beginEmpty();
  for (const word of row.access.command.split(' ')) builder.text(word);
  const command = findCommand(session, builder.frame);
  const text = command === null ? null : refuseAccess(session, builder.frame, command);
  return text === null ? null : refusal(statusOf(text), text);
}

/** Whether the route changes data, as far as CLIENT PAUSE WRITE is concerned. */
export function isWrite(row: RouteRow, command: Command | null): boolean {
  return row.method !== 'GET' && command?.mayReplicate !== false;
}
