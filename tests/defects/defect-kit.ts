import test, { type TestContext } from 'node:test';
import type { Reply } from '../../src/testing/reply-decoder.ts';
import { type HttpServer, startWithHttp } from '../http/http-server.ts';
import { type Argument, WireClient } from '../support/wire-client.ts';

/** A node with both ports, and a client of RESP. */
export interface DefectNode extends HttpServer {
  /** Replies as plain values; an error as its text with `-` before it. */
  call(...args: Argument[]): Promise<unknown>;
  put(path: string, body: unknown): ReturnType<HttpServer['ask']>;
}

/**
 * A defect of the project's predecessor, by the name that docs/defects.md knows it by. One test a
 * defect, short and of a whole node; what goes deeper stands elsewhere.
 */
export function defect(name: string, run: (t: TestContext) => Promise<void> | void): void {
  test(`defect: ${name}`, run);
}

export async function startNode(
  t: TestContext,
  args: readonly string[] = [],
  dataDir?: string,
): Promise<DefectNode> {
  const server = await startWithHttp(t, args, dataDir);
  const client = await WireClient.connect(server.port);
  t.after(() => client.end());
  return {
    ...server,
    call: async (...args) => plain(await client.call(...args)),
    put: (path, body) => server.ask(path, { method: 'PUT', body }),
  };
}

function plain(reply: Reply): unknown {
  switch (reply.kind) {
    case 'simple':
      return reply.text;
    case 'error':
      return `-${reply.text}`;
    case 'bulk':
      return reply.bytes.toString();
    case 'integer':
      return Number(reply.value);
    case 'array':
      return reply.items.map(plain);
    default:
      return null;
  }
}
