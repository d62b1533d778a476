import { CommandCaller } from '../commands/direct/command-caller.ts';
import type { ClientChannel } from '../commands/session.ts';
import type { RunningNode } from '../node.ts';

/** Commands whose names stand ready in every caller's buffer. */
const NAMES = [
  'GET',
  'SET',
  'DEL',
  'EXISTS',
  'INCRBY',
  'PEXPIRE',
  'PTTL',
  'PERSIST',
  'MGET',
  'MSET',
  'SCAN',
  'DBSIZE',
  'FLUSHDB',
] as const;

/** Position in NAMES. */
export const NAME = Object.fromEntries(NAMES.map((name, index) => [name, index])) as Readonly<
  Record<(typeof NAMES)[number], number>
>;

/**
 * @param channel    null: the program itself, which may do everything
 * @param isSecured  a call comes back when what it changed is as safe as its store's policy says
 */
export function openCaller(
  node: RunningNode,
  channel: ClientChannel | null,
  isSecured = true,
): CommandCaller {
  const session = node.openSession(channel);
  return new CommandCaller({ node, session, names: NAMES, component: 'cache', isSecured });
}
