import http from 'node:http';
import https from 'node:https';
import { NodeError } from '../../base/errors.ts';
import type { RequestAnswer, RequestOptions } from '../../base/world.ts';

/** One request on a connection of its own. */
export function request(options: RequestOptions): Promise<RequestAnswer> {
  const { authorities, body, headers, method, silenceMs, url } = options;
  const isSecure = url.startsWith('https:');
  const trust = authorities === null ? {} : { ca: authorities };
  // Of a DELETE Node would send the body, but not say how long it is.
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  const settings = {
    method,
    headers: { ...headers, ...length },
    timeout: silenceMs,
    agent: false as const,
    ...trust,
  };
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(failed(url, error));
    try {
      const asked = isSecure ? https.request(url, settings) : http.request(url, settings);
      asked.on('error', fail);
      asked.on('timeout', () => asked.destroy(new Error('it does not answer')));
      asked.on('response', (answer) => {
        resolve({ status: answer.statusCode ?? 0, body: bodyOf(url, answer) });
      });
      asked.end(body);
    } catch (error) {
      fail(error as Error);
    }
  });
}

async function* bodyOf(url: string, answer: http.IncomingMessage): AsyncIterable<Uint8Array> {
  try {
    for await (const piece of answer) yield piece as Uint8Array;
  } catch (error) {
    throw failed(url, error as Error);
  }
  if (!answer.complete) throw failed(url, new Error('the answer was cut off'));
}

function failed(url: string, error: Error): NodeError {
  const { code } = error as NodeJS.ErrnoException;
  const reason = error.message || code || 'unknown reason';
  return new NodeError('REQUEST_FAILED', `${withoutSecrets(url)}: ${reason}`, {}, error);
}

function withoutSecrets(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}
