import type { TestContext } from 'node:test';
import type { Json } from '../../src/testing/http-kit.ts';
import {
  findFreePort,
  type RunningServer,
  scratchFolder,
  startOurs,
  waitFor,
} from '../support/server.ts';

export interface HttpServer extends RunningServer {
  readonly httpPort: number;
  /** `http://127.0.0.1:port` */
  readonly origin: string;
  readonly dataDir: string;
  ask(path: string, init?: AskOptions): Promise<Answer>;
}

export interface AskOptions {
  readonly method?: string;
  /** Sent as JSON unless it is text. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Json;
}

/** The real binary with its HTTP port open; it stops when the test ends. */
export async function startWithHttp(
  t: TestContext,
  args: readonly string[] = [],
  dataDir = scratchFolder(),
): Promise<HttpServer> {
  const httpPort = await findFreePort();
  const server = await startOurs({
    args: ['--http.enabled=yes', '--http-port', `${httpPort}`, '--data-dir', dataDir, ...args],
  });
  t.after(() => server.stop());
  const origin = `http://127.0.0.1:${httpPort}`;
  // RESP answers first.
  await waitFor('the node to have started', 20_000, async () => {
    const status = await ask(`${origin}/health/startup`).then(
      (answer) => answer.status,
      () => 0,
    );
    return status === 200 || undefined;
  });
  return { ...server, httpPort, origin, dataDir, ask: (at, init) => ask(origin + at, init) };
}

async function ask(
  url: string,
  { method = 'GET', body, headers = {} }: AskOptions = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  const hasJson = isJson && text !== '';
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: hasJson ? JSON.parse(text) : {},
  };
}
