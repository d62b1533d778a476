import http from 'node:http';
import https from 'node:https';
import type { Reply } from '../../src/testing/reply-decoder.ts';
import { findFreePort, type RunningServer, startOurs, waitFor } from '../support/server.ts';
import { type Argument, WireClient } from '../support/wire-client.ts';

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** Throws when the body is no JSON. */
  readonly json: Facts;
}

/** Whatever an answer holds; tests look at one member at a time. */
// biome-ignore lint/suspicious/noExplicitAny: what is not there fails the assertion that reads it
export type Facts = any;

export interface AskOptions {
  readonly body?: string | Uint8Array;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly agent?: http.Agent;
}

export interface HttpServerKit {
  readonly server: RunningServer;
  readonly httpPort: number;
  /** The path is sent as it stands: nothing is normalised. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  get(path: string, headers?: http.OutgoingHttpHeaders): Promise<Answer>;
  put(path: string, json: unknown): Promise<Answer>;
  post(path: string, json: unknown): Promise<Answer>;
  resp(): Promise<RespClient>;
  stop(): Promise<number | string>;
}

/** Replies as plain values: text, number, null; an error is thrown. */
export interface RespClient {
  call(...args: Argument[]): Promise<string | number | null>;
}

export interface KitOptions {
  readonly args?: readonly string[];
  /** Authority of an HTTPS port. */
  readonly authority?: string;
}

/** The built server with both ports open. */
export async function startHttp(options: KitOptions = {}): Promise<HttpServerKit> {
  const httpPort = await findFreePort();
  const args = ['--http.enabled=yes', '--http-port', String(httpPort), ...(options.args ?? [])];
  const server = await startOurs({ args });
  const clients: WireClient[] = [];
  const ask: HttpServerKit['ask'] = (method, path, asked = {}) => {
    return request(httpPort, { method, path, ...asked }, options.authority);
  };
  await waitUntilListening(ask, server);
  return {
    server,
    httpPort,
    ask,
    get: (path, headers = {}) => ask('GET', path, { headers }),
    put: (path, json) => ask('PUT', path, { json }),
    post: (path, json) => ask('POST', path, { json }),
    resp: async () => {
      const client = await WireClient.connect(server.port);
      clients.push(client);
      return { call: async (...args) => plain(await client.call(...args)) };
    },
    stop: () => {
      for (const client of clients) client.socket.destroy();
      return server.stop();
    },
  };
}

function plain(reply: Reply): string | number | null {
  switch (reply.kind) {
    case 'simple':
      return reply.text;
    case 'bulk':
      return reply.bytes.toString();
    case 'integer':
      return Number(reply.value);
    case 'error':
      throw new Error(reply.text);
    default:
      return null;
  }
}

export function request(
  port: number,
  asked: AskOptions & { readonly method: string; readonly path: string },
  authority?: string,
): Promise<Answer> {
  const body = asked.json === undefined ? asked.body : JSON.stringify(asked.json);
  const type = asked.json === undefined ? {} : { 'content-type': 'application/json' };
  const options = {
    host: '127.0.0.1',
    port,
    method: asked.method,
    path: asked.path,
    headers: { ...type, ...asked.headers },
    agent: asked.agent ?? false,
    ...(authority === undefined ? {} : { ca: authority, servername: 'localhost' }),
  } as const;
  return new Promise((resolve, reject) => {
    const outgoing = (authority === undefined ? http : https).request(options as object);
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.once('error', reject);
      incoming.once('end', () => {
        const bytes = Buffer.concat(parts);
        const text = bytes.toString();
        const { statusCode: status = 0, headers } = incoming;
        resolve({
          status,
          headers,
          bytes,
          text,
          get json() {
            return JSON.parse(text) as Facts;
          },
        });
      });
    });
    outgoing.end(body);
  });
}

/** RESP answers a little before HTTP does: requests wait meanwhile, but the port must be bound. */
function waitUntilListening(ask: HttpServerKit['ask'], server: RunningServer): Promise<Answer> {
  return waitFor('HTTP to answer', 20_000, async () => {
    if (server.process.exitCode !== null) throw new Error(`it ended:\n${server.output()}`);
    return ask('GET', '/health/live').catch(() => undefined);
  });
}
