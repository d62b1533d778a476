import { createHttpApp, type HttpApp } from '../http/http-app.ts';
import { createMemoryHttpServer } from '../world/simulated/memory-http-server.ts';
import { createNodeKit, type NodeKit } from './node-kit.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The body as JSON; without `node` and `correlation_id`, which every answer has. */
  readonly json: Json;
}

/** What JSON.parse made: a test says what it expects by comparing. */
export type Json = JsonMembers & readonly JsonMembers[];

export interface JsonMembers {
  readonly [name: string]: Json;
}

export interface HttpAsk {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD';
  /** Sent as JSON unless it is text or bytes. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A whole node on a simulated world, and its HTTP routes without a port. */
export interface HttpKit extends NodeKit {
  readonly app: HttpApp;
  ask(path: string, options?: HttpAsk): Promise<HttpAnswer>;
  stop(): Promise<void>;
}

export async function createHttpKit(settings: Record<string, string> = {}): Promise<HttpKit> {
  const kit = await createNodeKit({ settings });
  const { node } = kit;
  const app = await createHttpApp(
    node,
    createMemoryHttpServer(1, () => {}),
  );
  return {
    ...kit,
    app,
    async ask(path, { method = 'GET', body, headers = {} } = {}) {
      const isPlain = typeof body === 'string' || body instanceof Uint8Array;
      const response = await app.fastify.inject({
        method,
        url: path,
        headers: {
          host: 'localhost',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: payloadOf(body, isPlain) }),
      });
      const text = response.body;
      const isJson = String(response.headers['content-type']).startsWith('application/json');
      const { node: _node, correlation_id: _id, ...json } = isJson ? JSON.parse(text) : {};
      return { status: response.statusCode, headers: response.headers, text, json };
    },
    async stop() {
      await app.close();
      const stopped = node.stop();
      // Clients that are still connected are waited for by the clock.
      kit.advance(60_000);
      await stopped;
    },
  };
}

function payloadOf(body: unknown, isPlain: boolean): string | Buffer {
  if (!isPlain) return JSON.stringify(body);
  return typeof body === 'string' ? body : Buffer.from(body as Uint8Array);
}
