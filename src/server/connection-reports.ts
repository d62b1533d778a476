import type { Configuration } from '../base/configuration.ts';
import { AssertionFailure } from '../base/errors.ts';
import type { LogFacts } from '../base/logger.ts';
import { GATE, type Session } from '../commands/session.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import type { FrameParser } from '../protocol/frame-parser.ts';
import { clientClassOf, outputLimitOf } from './client-class.ts';
import { isAwaiting } from './client-wait.ts';
import type { Connection } from './connection.ts';
import { brokenOutputLimit } from './output/output-limit.ts';
import type { TurnLoop } from './turn-loop.ts';

/** A defect of ours. Before the first change it costs this client only; after it, the node. */
export function reportFailure(
  connection: Connection,
  loop: TurnLoop,
  failure: { error: unknown; hasChanged: boolean },
): void {
  const { error, hasChanged } = failure;
  loop.counters[METRIC.unexpectedErrors]++;
  const isFatal = hasChanged || error instanceof AssertionFailure;
  const outcome = isFatal ? 'beyond repair; the node stops' : 'and its client is closed';
  const { session } = connection;
  session.node.paced.error('resp', 'command-failed', `A command failed ${outcome}`, {
    correlationId: session.correlationId,
    error,
    command: session.lastCommand,
    clientId: session.id,
  });
  if (isFatal) loop.fail(error);
}

/**
 * Its parser takes no more of its input.
 * @param isBroken  what it sent is no command, and it is told so
 */
export function refuseInput(connection: Connection, loop: TurnLoop, isBroken: boolean): void {
  const { parser, session } = connection;
  session.gate |= GATE.CLOSING;
  if (isBroken) answerBroken(session, loop, parser);
  else logRefusal(connection, loop, parser.refusal);
}

function answerBroken(session: Session, loop: TurnLoop, parser: FrameParser): void {
  const { writer } = loop;
  const mark = writer.position;
  loop.counters[METRIC.protocolErrors]++;
  writer.error(parser.error);
  if (isAwaiting(session)) session.forwarding?.takeReply(writer, mark);
}

function logRefusal(connection: Connection, loop: TurnLoop, refusal: FrameParser['refusal']): void {
  const isCrossProtocol = refusal === 'crossProtocol';
  if (!isCrossProtocol) loop.counters[METRIC.queryBufferDisconnections]++;
  const reason = isCrossProtocol ? 'it speaks HTTP' : 'its query buffer passed the limit';
  logClosed(connection, { reason, facts: {} });
}

/** Whether the client reads its replies so slowly that it is to be closed; then it is logged. */
export function breaksOutputLimit(
  connection: Connection,
  loop: TurnLoop,
  configuration: Configuration,
): boolean {
  const { outputBytes, session } = connection;
  const limit = outputLimitOf(session, configuration);
  const broken = brokenOutputLimit(connection, limit, outputBytes, loop.clock.nowMs);
  if (broken === '') return false;
  loop.counters[METRIC.outputBufferDisconnections]++;
  const facts = { clientClass: clientClassOf(session), outputBytes, limit: broken };
  logClosed(connection, { reason: 'it does not read its replies', facts });
  return true;
}

function logClosed(connection: Connection, closed: { reason: string; facts: LogFacts }): void {
  const { session } = connection;
  session.node.paced.warn('resp', 'client-closed', `Client closed: ${closed.reason}`, {
    ...clientFacts(connection),
    ...closed.facts,
  });
}

/** Which client, for a log line about it. */
export function clientFacts({ session, remoteAddress, remotePort }: Connection): LogFacts {
  return {
    correlationId: session.correlationId,
    clientId: session.id,
    address: `${remoteAddress}:${remotePort}`,
  };
}
