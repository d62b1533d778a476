import type { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import type { Command } from '../command-table.ts';
import type { Session } from '../session.ts';
import { VERDICT, type Verdict } from './access-check.ts';
import type { DenialContext, DenialReason } from './access-log.ts';

/**
 * Asks whether the session's user may run the command, and logs it when not. Called by the door
 * for sessions whose user is restricted, and again by EXEC for what was queued.
 * @returns the error's text, or null when it may
 */
export function refuseAccess(session: Session, frame: Frame, command: Command): string | null {
  const isInExec = session.running !== null;
  const context = isInExec || session.transaction !== null ? 'multi' : 'toplevel';
  const verdict = checkAndLog(session, frame, command, context);
  if (verdict === VERDICT.ALLOWED) return null;
  if (isInExec) {
    return (
      'NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC ' +
      `call. This command is no longer allowed for the following reason: ${EXEC_REASONS[verdict]}`
    );
  }
  if (verdict === VERDICT.COMMAND) {
    return `NOPERM this user has no permissions to run the '${command.fullName}' command`;
  }
  const what = verdict === VERDICT.KEY ? 'keys' : 'channels';
  return `NOPERM this user has no permissions to access one of the ${what} used as arguments`;
}

/**
 * The same for a command that a script calls.
 * @returns the error's text, or null when it may
 */
export function refuseScriptAccess(
  session: Session,
  frame: Frame,
  command: Command,
): string | null {
  const verdict = checkAndLog(session, frame, command, 'lua');
  return verdict === VERDICT.ALLOWED ? null : SCRIPT_REASONS[verdict];
}

/**
 * What `redis.acl_check_cmd` tells: nothing is logged, and the frame's arity need not be right.
 * @returns null when there is no such command
 */
export function aclAllows(session: Session, frame: Frame): boolean | null {
  const { user, node } = session;
  const command = findCommand(session, frame);
  return command === null ? null : node.access.allows(user, command.row, frame);
}

/** The command or subcommand of a frame; null when there is none. */
export function findCommand({ node }: Session, frame: Frame): Command | null {
  const command = node.table.findFrame(frame);
  if (command === null || command.subcommands === null || frame.count === 1) return command;
  return command.subcommands.get(frame.latin1(1).toLowerCase()) ?? null;
}

function checkAndLog(
  session: Session,
  frame: Frame,
  command: Command,
  context: DenialContext,
): Verdict {
  const { user, node } = session;
  if (user === null || user.isUnrestricted) return VERDICT.ALLOWED;
  const { access } = node;
  const verdict = access.check.check(user, access.catalog.entryOf(command.row), frame);
  if (verdict === VERDICT.ALLOWED) return verdict;
  node.counters[DENIED_METRICS[verdict]]++;
  // CLIENT LIST shows the command that was refused, of a script the one that runs it.
  if (context !== 'lua') session.lastCommand = command.fullName;
  const object =
    verdict === VERDICT.COMMAND ? command.fullName : frame.latin1(access.check.deniedArg);
  const reason = LOG_REASONS[verdict];
  logDenial(session, { reason, context, object, userName: user.name });
  writeDenial(session, command, { reason, object });
  return verdict;
}

/** One line of the log. A key or channel is named as far as it may be. */
function writeDenial(
  session: Session,
  command: Command,
  { reason, object }: { reason: DenialReason; object: string },
): void {
  const { node, channel } = session;
  const isNamed = reason !== 'command' && !node.configuration.logging.redactKeys;
  node.paced.warn('auth', 'acl-denied', 'A command was refused to its user', {
    correlationId: session.correlationId,
    user: session.userName,
    command: command.fullName,
    reason,
    ...(isNamed ? { object: object.slice(0, LIMITS.echoedBytesMax) } : {}),
    clientId: session.id,
    ...(channel === null ? {} : { address: `${channel.remoteAddress}:${channel.remotePort}` }),
  });
}

/** @param denial  of a login, the name that was given; it need not be a user's */
export function logDenial(
  session: Session,
  denial: { reason: DenialReason; context: DenialContext; object: string; userName: string },
): void {
  const { node } = session;
  const clientLine = node.clients.describe(session);
  const { aclLogLengthMax } = node.configuration.security;
  node.access.log.record({ ...denial, clientLine }, node.clock.nowMs, aclLogLengthMax);
}

const DENIED_METRICS = [
  METRIC.deniedCommands,
  METRIC.deniedCommands,
  METRIC.deniedKeys,
  METRIC.deniedChannels,
];

const LOG_REASONS = ['command', 'command', 'key', 'channel'] as const;

const EXEC_REASONS = [
  '',
  'no permission to execute the command or subcommand',
  'no permission to touch the specified keys',
  'no permission to access one of the channels used as arguments',
];

const SCRIPT_REASONS = [
  '',
  "ERR The user executing the script can't run this command or subcommand",
  "ERR The user executing the script can't access at least one of the keys mentioned in the " +
    'command arguments',
  "ERR The user executing the script can't publish to the channel mentioned in the command",
];
