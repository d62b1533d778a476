import { once } from 'node:events';
import { encodeCommand, type Reply } from '../../src/testing/reply-decoder.ts';
import { WireClient } from '../support/wire-client.ts';
import type { Draft } from './generator.ts';

const ANSWER_WITHIN_MS = 30_000;

export interface Exchange {
  readonly oracle: Reply[];
  readonly ours: Reply[];
}

/** One connection to each server; both are sent the same bytes. */
export class PairedClient {
  readonly name: string;
  private readonly ports: { oracle: number; ours: number };
  private oracle: WireClient | null = null;
  private ours: WireClient | null = null;
  private markCount = 0;

  constructor(name: string, ports: { oracle: number; ours: number }) {
    this.name = name;
    this.ports = ports;
  }

  async reconnect(protocol: 2 | 3): Promise<void> {
    this.end();
    this.oracle = await WireClient.connect(this.ports.oracle);
    this.ours = await WireClient.connect(this.ports.ours);
    if (protocol === 3) {
      await Promise.all([this.oracle.call('HELLO', '3'), this.ours.call('HELLO', '3')]);
    }
  }

  /**
   * Sends a batch and waits for everything it causes: a PING with a mark of its own ends it,
   * which every client may send in every state but a transaction.
   */
  async exchange(batch: readonly Draft[]): Promise<Exchange> {
    const mark = `mark-${this.name}-${++this.markCount}`;
    const bytes = Buffer.concat([
      ...batch.map((draft) => encodeCommand(draft.args)),
      encodeCommand(['PING', mark]),
    ]);
    const [oracle, ours] = await Promise.all([
      sendUntilMark('redis-server', this.oracle as WireClient, bytes, mark),
      sendUntilMark('hypercache', this.ours as WireClient, bytes, mark),
    ]);
    return { oracle, ours };
  }

  /** QUIT: the replies, once both servers closed. */
  async quit(): Promise<Exchange> {
    const clients = [this.oracle as WireClient, this.ours as WireClient];
    const closes = clients.map((client) => once(client.socket, 'close'));
    for (const client of clients) client.send(encodeCommand(['QUIT']));
    await within('QUIT to close', Promise.all(closes));
    const [oracle, ours] = clients.map((client) => client.takeReady());
    return { oracle, ours };
  }

  async callEach(make: (reply: Reply | null) => string[] | null): Promise<[Reply[], Reply[]]> {
    const run = async (client: WireClient): Promise<Reply[]> => {
      const replies: Reply[] = [];
      for (let args = make(null); args !== null; args = make(replies[replies.length - 1])) {
        replies.push(await client.call(...args));
      }
      return replies;
    };
    return [await run(this.oracle as WireClient), await run(this.ours as WireClient)];
  }

  end(): void {
    this.oracle?.end();
    this.ours?.end();
  }
}

async function sendUntilMark(
  name: string,
  client: WireClient,
  bytes: Uint8Array,
  mark: string,
): Promise<Reply[]> {
  client.send(bytes);
  const replies = await within(
    `${name} to answer a batch`,
    client.takeUntil((reply) => isMark(reply, mark)),
  );
  replies.pop();
  return replies;
}

/** A RESP2 subscriber is answered `[pong, mark]`. */
function isMark(reply: Reply, mark: string): boolean {
  if (reply.kind === 'bulk') return reply.bytes.length === mark.length && `${reply.bytes}` === mark;
  return reply.kind === 'array' && reply.items.length === 2 && isMark(reply.items[1], mark);
}

function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), ANSWER_WITHIN_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
