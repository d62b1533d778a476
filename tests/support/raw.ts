import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { patiently } from './patience.ts';

/** A client that speaks in bytes: what came back is text, and whether the server has closed. */
export class RawClient {
  readonly socket: net.Socket;
  text = '';
  isClosed = false;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('end', () => {
      this.isClosed = true;
    });
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = net.connect(port, host);
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** By a connection that stands. */
  static over(socket: net.Socket): RawClient {
    return new RawClient(socket);
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Waits until the server has closed, or has sent so many bytes. */
  async until(condition: (client: this) => boolean, withinMs = 10_000): Promise<string> {
    const deadline = Date.now() + patiently(withinMs);
    while (!condition(this)) {
      if (Date.now() > deadline) {
        throw new Error(`waited in vain; so far: ${JSON.stringify(this.text.slice(0, 200))}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this.text;
  }

  untilClosed(withinMs?: number): Promise<string> {
    return this.until((client) => client.isClosed, withinMs);
  }

  end(): void {
    this.socket.destroy();
  }
}

/** Sends bytes on a connection of their own and hears the server out until it closes. */
export async function talk(port: number, bytes: string | Uint8Array): Promise<string> {
  const client = await RawClient.connect(port);
  client.send(bytes);
  const text = await client.untilClosed();
  client.end();
  return text;
}

/** Resident memory of a process, from Linux. */
export function residentBytes(pid: number): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
