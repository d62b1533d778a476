import type { Frame } from '../base/frame.ts';
import { LIMITS } from '../base/limits.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import { findCommand } from './acl/enforce.ts';
import { findKeyPositions, KeyPositions } from './key-positions.ts';
import { GATE, type Session } from './session.ts';

/**
 * The debug line of a command: name, number of keys, duration and outcome; never an argument. While
 * debug lines are off nothing of this runs: every session's gate has TRACED only then.
 */
export interface CommandTrace {
  readonly command: string;
  readonly keyCount: number;
  readonly startMs: number;
  /** Where the reply begins. */
  readonly mark: number;
  readonly errorCount: number;
}

/** To be called before the command runs: its frame may serve others meanwhile. */
export function beginTrace(session: Session, frame: Frame, reply: ReplyWriter): CommandTrace {
  const command = findCommand(session, frame);
  const { clock } = session.node.world;
  let keyCount = 0;
  if (command !== null) {
    const { arity, row } = command;
    const isWhole = arity > 0 ? frame.count === arity : frame.count >= -arity;
    if (isWhole) keyCount = Math.max(0, findKeyPositions(row, frame, new KeyPositions()));
  }
  return {
    // What an unknown command is called may be a value: of a client that lost its place.
    command: command === null ? 'unknown' : command.fullName,
    keyCount,
    startMs: clock.monotonicMs(),
    mark: reply.position,
    errorCount: reply.errorCount,
  };
}

/** One that was put aside is told when it runs. */
export function endTrace(session: Session, reply: ReplyWriter, trace: CommandTrace): void {
  const { gate, node } = session;
  if ((gate & GATE.POSTPONED) !== 0) return;
  const component = session.channel === null ? 'cache' : 'resp';
  const isWaiting = (gate & GATE.BLOCKED) !== 0;
  const isError = reply.errorCount !== trace.errorCount;
  node.logger.child(component).debug('command', 'Command executed', {
    correlationId: session.correlationId,
    durationMs: wholeUs(node.world.clock.monotonicMs() - trace.startMs),
    command: trace.command,
    keyCount: trace.keyCount,
    outcome: isWaiting ? 'waits' : isError ? 'error' : 'ok',
    ...(isError ? { errorCode: errorCode(reply, trace.mark) } : {}),
    clientId: session.id,
    store: session.store.name,
  });
}

/** The word that an error reply begins with; '' when the error stands within the reply. */
function errorCode(reply: ReplyWriter, mark: number): string {
  const head = reply.bytes.subarray(mark, Math.min(reply.position, mark + LIMITS.echoedBytesMax));
  return /^-([A-Z]+) /.exec(Buffer.from(head).toString('latin1'))?.[1] ?? '';
}

/** Milliseconds to three places. */
function wholeUs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
