/** What goes wrong outside of routes: requests that are none, and mistakes of ours. */
import type { FastifyRequest } from 'fastify';
import { AssertionFailure } from '../base/errors.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import type { SessionKeeper } from './http-sessions.ts';
import { type RouteAnswer, refusal } from './route-row.ts';

/** The framework's own errors say what is wrong by a code and a status. */
interface FrameworkError {
  readonly statusCode?: number;
  readonly message?: string;
}

/**
 * What a request is answered that a handler or the framework gave up. Nothing of ours is told.
 */
export function failure(
  error: unknown,
  { node, request, isReported }: FailureContext,
): RouteAnswer {
  const known = error as FrameworkError;
  const { statusCode = 500 } = known;
  if (statusCode >= 400 && statusCode < 500) return refusal(statusCode, textOf(statusCode, known));
  if (!isReported) report(error, { node, request });
  return refusal(500, 'The request failed by a mistake of the server');
}

function textOf(status: number, { message }: FrameworkError): string {
  if (status === 413) return 'The body is larger than http.body_max';
  if (status === 415) return 'The body must be application/json, or what else the route takes';
  return message ?? 'The request is not as it must be';
}

interface FailureContext {
  readonly node: SessionKeeper;
  readonly request: FastifyRequest;
  /** It was counted and logged where it happened. */
  readonly isReported: boolean;
}

function report(error: unknown, { node, request }: Omit<FailureContext, 'isReported'>): void {
  const { counters, paced } = node.services;
  counters[METRIC.unexpectedErrors]++;
  const facts = { correlationId: request.id, error };
  paced.error('http', 'request-failed', 'A request failed by a mistake of ours', facts);
  if (error instanceof AssertionFailure) node.loop.fail(error);
}

/** By the code of Node's parser; all else is a request that is none. */
const MALFORMED: Readonly<Record<string, readonly [status: string, error: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request took too long'],
};

export interface MalformedSocket {
  readonly writable: boolean;
  end(text: string): unknown;
  destroy(): unknown;
}

/** What cannot be read never becomes a request: its answer is written to the socket. */
export function answerMalformed(
  error: { readonly code?: string },
  socket: MalformedSocket,
  { nodeId, correlationId }: { nodeId: string; correlationId: string },
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = error.code ?? '';
  const isKnown = Object.hasOwn(MALFORMED, code);
  const [status, text] = isKnown ? MALFORMED[code] : BAD_REQUEST;
  const facts = { success: false, error: text, node: nodeId, correlation_id: correlationId };
  const body = JSON.stringify(facts);
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `X-Correlation-ID: ${correlationId}\r\nConnection: close\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

const BAD_REQUEST = ['400 Bad Request', 'This is no HTTP request'] as const;
