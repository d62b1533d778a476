import { once } from 'node:events';
import { encodeCommand, type Reply } from '../../src/testing/reply-decoder.ts';
import { patiently } from '../support/patience.ts';
import { type Argument, WireClient } from '../support/wire-client.ts';
import { commandText, type Draft } from './generator.ts';

const ANSWER_WITHIN_MS = 15_000;

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
    const [oracle, ours] = await Promise.all([
      sendUntilMark('redis-server', this.oracle as WireClient, batch, mark).catch((error) =>
        tellState(error, this.ports.oracle),
      ),
      sendUntilMark('hypercache', this.ours as WireClient, batch, mark).catch((error) =>
        tellState(error, this.ports.ours),
      ),
    ]);
    return { oracle, ours };
  }

  /** Every command and subcommand that the second server has. */
  async namesOfOurs(): Promise<string[]> {
    const reply = await (this.ours as WireClient).call('COMMAND', 'LIST');
    const items = 'items' in reply ? reply.items : [];
    return items.map((item) => (item.kind === 'bulk' ? item.bytes.toString() : ''));
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

  /** A conversation in which what is sent depends on what the same server answered before. */
  async converse(steps: readonly ((replies: readonly Reply[]) => Argument[])[]): Promise<Exchange> {
    const run = async (client: WireClient): Promise<Reply[]> => {
      const replies: Reply[] = [];
      for (const step of steps) replies.push(await client.call(...step(replies)));
      return replies;
    };
    return {
      oracle: await run(this.oracle as WireClient),
      ours: await run(this.ours as WireClient),
    };
  }

  /** One command, which names things that each server calls by its own name. */
  async converseEach(toOracle: Argument[], toOurs: Argument[]): Promise<Exchange> {
    return {
      oracle: [await (this.oracle as WireClient).call(...toOracle)],
      ours: [await (this.ours as WireClient).call(...toOurs)],
    };
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
  batch: readonly Draft[],
  mark: string,
): Promise<Reply[]> {
  const bytes = batch.map((draft) => encodeCommand(draft.args));
  client.send(Buffer.concat([...bytes, encodeCommand(['PING', mark])]));
  try {
    const waiting = client.takeUntil((reply) => isMark(reply, mark));
    const replies = await within(`${name} to answer a batch`, waiting);
    replies.pop();
    return replies;
  } catch (error) {
    const answered = client.takeReady().length;
    const around = batch.slice(Math.max(0, answered - 3), answered + 2).map(commandText);
    const { message } = error as Error;
    throw new Error(`${name}: ${message}; ${answered} replies came; near ${around.join(' / ')}`);
  }
}

/** What the server's clients do while one of them is not answered. */
async function tellState(error: unknown, port: number): Promise<never> {
  const asker = await WireClient.connect(port);
  const state = await within('CLIENT LIST', asker.call('CLIENT', 'LIST'));
  asker.end();
  const lines = 'bytes' in state ? state.bytes.toString('latin1').split('\n') : [];
  const doing = lines.map((line) => line.match(/flags=\w+|qbuf=\d+|cmd=\S+/g)?.join(' ') ?? '');
  throw new Error(`${(error as Error).message}; clients: ${doing.join(', ')}`);
}

/** A RESP2 subscriber is answered `[pong, mark]`. */
function isMark(reply: Reply, mark: string): boolean {
  if (reply.kind === 'bulk') return reply.bytes.length === mark.length && `${reply.bytes}` === mark;
  return reply.kind === 'array' && reply.items.length === 2 && isMark(reply.items[1], mark);
}

function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`waited in vain for ${what}`)),
      patiently(ANSWER_WITHIN_MS),
    );
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
