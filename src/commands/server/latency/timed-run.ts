/** Calls of commands that are timed, and who is told how long they took. */
import type { Frame } from '../../../base/frame.ts';
import type { ReplyWriter } from '../../../protocol/reply-writer.ts';
import type { Command } from '../../command-table.ts';
import { GATE, type Session } from '../../session.ts';

/** A slow-log threshold below this needs every call timed. */
const ALWAYS_TIMED_BELOW_US = 1_000;

/** Runs a command and times it, for all the calls since the one before that was timed. */
export function runTimed(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  command: Command,
): void {
  const { node } = session;
  const monotonic = node.world.clock;
  const weight = command.beginTimed();
  const startMs = monotonic.monotonicMs();
  command.execute?.(session, frame, reply);
  const durationUs = (monotonic.monotonicMs() - startMs) * 1000;
  const isAlways = command.isSlow || timesEveryCall(node);
  command.endTimed(isAlways ? 1 : node.table.choosePeriod(startMs));
  if (node.stopwatch.isRunning) {
    // It is recorded for itself; for those before it, which were short, the next one stands.
    command.unrecordedCalls = weight;
    return;
  }
  command.usec += durationUs * weight;
  // One that waits is told of when it is answered.
  if ((session.gate & GATE.BLOCKED) !== 0) {
    session.blockedUs = durationUs;
    return;
  }
  recordDuration(session, frame, command, durationUs, weight);
}

/** A call that has timed itself is over. */
export function recordLong(session: Session, frame: Frame, command: Command): void {
  const durationUs = session.node.stopwatch.stop();
  command.unrecordedCalls--;
  command.usec += durationUs;
  recordDuration(session, frame, command, durationUs, 1);
}

function timesEveryCall({ configuration }: Session['node']): boolean {
  const { slowerThanUs } = configuration.slowlog;
  return slowerThanUs >= 0 && slowerThanUs < ALWAYS_TIMED_BELOW_US;
}

/** Tells the histograms, the slow log and the latency monitor. */
export function recordDuration(
  session: Session,
  frame: Frame,
  command: Command,
  durationUs: number,
  weight: number,
): void {
  const { node } = session;
  node.latency.recordCommand(command.fullName, durationUs, weight);
  if (command.isLogged && node.slowLog.accepts(durationUs)) {
    node.slowLog.record(session, frame, durationUs);
  }
  const kind = command.isFast ? 'fast-command' : 'command';
  node.latency.record(kind, durationUs / 1000);
}
