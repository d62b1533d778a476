import { AssertionFailure } from '../base/errors.ts';
import type { LogFacts } from '../base/logger.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import type { FrameParser } from '../protocol/frame-parser.ts';
import type { Connection } from './connection.ts';
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
  const facts = { error, clientId: connection.session.id };
  loop.logger.error('command-failed', `A command failed ${outcome}`, facts);
  if (isFatal) loop.fail(error);
}

/** Its parser takes no more of its input. */
export function logRefusal(
  connection: Connection,
  loop: TurnLoop,
  refusal: FrameParser['refusal'],
): void {
  const isCrossProtocol = refusal === 'crossProtocol';
  if (!isCrossProtocol) loop.counters[METRIC.queryBufferDisconnections]++;
  const reason = isCrossProtocol ? 'it speaks HTTP' : 'its query buffer passed the limit';
  logClosed(connection, loop, { reason, facts: {} });
}

export function logClosed(
  connection: Connection,
  loop: TurnLoop,
  closed: { reason: string; facts: LogFacts },
): void {
  const address = `${connection.remoteAddress}:${connection.remotePort}`;
  const all = { clientId: connection.session.id, address, ...closed.facts };
  loop.logger.warn('client-closed', `Client closed: ${closed.reason}`, all);
}
