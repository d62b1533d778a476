import { once } from 'node:events';
import net from 'node:net';

/**
 * `A: line` sends the line inline as client A; clients connect when first named. `{B}` in a line
 * stands for the id of client B, which must not listen to anything at that time.
 */
export type Scenario = readonly string[];

/**
 * Plays a scenario against a server and writes down, after each line, all that every client has
 * got. Both servers run one loop: when a control connection has made three round trips after a line
 * was sent, the line was read, executed and answered before the last of them.
 */
export async function playScenario(port: number, scenario: Scenario): Promise<string[]> {
  const control = await TranscriptClient.connect(port);
  const clients = new Map<string, TranscriptClient>();
  const transcript: string[] = [];
  try {
    for (const step of scenario) {
      const [, name, line] = /^(\w+): (.*)$/s.exec(step) as RegExpExecArray;
      const speaker = clients.get(name) ?? (await TranscriptClient.connect(port));
      clients.set(name, speaker);
      speaker.send(`${await fillIds(line, clients)}\r\n`);
      for (let trip = 0; trip < 3; trip++) await control.roundTrip();
      await new Promise(setImmediate);
      for (const [each, client] of clients) {
        const text = mask(client.take());
        if (text !== '') transcript.push(`${step} -> ${each} ${JSON.stringify(text)}`);
        if (client.socket.destroyed) {
          transcript.push(`${step} -> ${each} is closed`);
          clients.delete(each);
        }
      }
    }
  } finally {
    for (const client of [control, ...clients.values()]) client.socket.destroy();
  }
  return transcript;
}

async function fillIds(line: string, clients: Map<string, TranscriptClient>): Promise<string> {
  let filled = line;
  for (const [place, name] of line.matchAll(/\{(\w+)\}/g)) {
    filled = filled.replace(place, await (clients.get(name) as TranscriptClient).askId());
  }
  return filled;
}

/** What two runs cannot have in common: ids, ports, times, versions, and when `control` spoke. */
function mask(text: string): string {
  return text
    .replace(/\+\S+ \[0 [\d.:]+\] "time"\r\n/g, '')
    .replace(/\+\d{10}\.\d{6} \[(\d+) [\d.:]+\]/g, '+TIME [$1 ADDRESS]')
    .replace(/(\$7\r\nversion\r\n)\$\d+\r\n[\d.]+/g, '$1VERSION')
    .replace(/(\$2\r\nid\r\n):\d+/g, '$1ID')
    .replace(/(\$8\r\nredirect\r\n):[1-9]\d*/g, '$1ID')
    .replace(/(tracking-redir-broken\r\n):\d+/g, '$1ID');
}

class TranscriptClient {
  readonly socket: net.Socket;
  private received = '';

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.received += bytes.toString('latin1');
    });
    socket.on('error', () => {});
  }

  static async connect(port: number): Promise<TranscriptClient> {
    const socket = net.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new TranscriptClient(socket);
  }

  send(text: string): void {
    this.socket.write(Buffer.from(text, 'latin1'));
  }

  async roundTrip(): Promise<void> {
    this.send('time\r\n');
    await once(this.socket, 'data');
    this.received = '';
  }

  async askId(): Promise<string> {
    this.send('client id\r\n');
    await once(this.socket, 'data');
    return this.take().slice(1).trim();
  }

  take(): string {
    const text = this.received;
    this.received = '';
    return text;
  }
}
