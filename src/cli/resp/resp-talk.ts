/** A connection to the RESP port of a node, over which one thing is asked after the other. */
import { NodeError } from '../../base/errors.ts';
import type { DialTls, Socket, SocketHandler, World } from '../../base/world.ts';
import { ReplyScanner } from './reply-scanner.ts';

export interface RespPlace {
  readonly host: string;
  readonly port: number;
  /** Null: in the clear. */
  readonly tls: DialTls | null;
}

export interface RespLogin {
  /** Null: the default user. */
  readonly user: string | null;
  /** '': nobody logs in. */
  readonly password: string;
  /** What SELECT is to select; null: nothing. */
  readonly store: string | null;
}

const DIAL_MS = 5_000;
const SILENCE_MS = 10_000;

/** @throws NodeError CONNECT_REFUSED; REQUEST_FAILED when login or store are refused */
export async function openTalk(
  world: World,
  place: RespPlace,
  login: RespLogin,
): Promise<RespTalk> {
  const { host, port, tls } = place;
  const socket = await world.network.dial({
    host,
    port,
    timeoutMs: DIAL_MS,
    secret: null,
    ...(tls === null ? {} : { tls }),
  });
  const talk = new RespTalk(world, socket, describePlace(place));
  if (login.password !== '') {
    await talk.require(['AUTH', ...(login.user === null ? [] : [login.user]), login.password]);
  }
  if (login.store !== null) await talk.require(['SELECT', login.store]);
  return talk;
}

export function describePlace({ host, port }: RespPlace): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

export class RespTalk implements SocketHandler {
  readonly socket: Socket;
  private readonly world: World;
  private readonly name: string;
  private readonly scanner = new ReplyScanner();
  /** Told what the reply says: '' or the text of an error. */
  private settle: ((errorText: string) => void) | null = null;
  private fail: ((reason: string) => void) | null = null;
  private closeReason: string | null = null;

  constructor(world: World, socket: Socket, name: string) {
    this.world = world;
    this.socket = socket;
    this.name = name;
    socket.setHandler(this);
  }

  /**
   * One at a time.
   * @returns '' or the text of the error that was the reply
   * @throws NodeError REQUEST_FAILED when none comes
   */
  ask(words: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = this.world.timers.after(SILENCE_MS, () => this.fail?.('it does not answer'));
      const end = (): void => {
        timer.cancel();
        this.settle = null;
        this.fail = null;
      };
      this.settle = (errorText) => {
        end();
        resolve(errorText);
      };
      this.fail = (reason) => {
        end();
        reject(new NodeError('REQUEST_FAILED', `${this.name}: ${reason}`));
      };
      if (this.closeReason !== null) return this.fail(this.closeReason);
      const bytes = encodeWords(words);
      this.socket.write(bytes, 0, bytes.length);
    });
  }

  /** @throws NodeError REQUEST_FAILED also when the reply is an error */
  async require(words: readonly string[]): Promise<void> {
    const errorText = await this.ask(words);
    if (errorText !== '') throw new NodeError('REQUEST_FAILED', `${this.name}: ${errorText}`);
  }

  onReadable(bytes: Uint8Array, start: number, end: number): void {
    const sink = {
      onReply: (isError: boolean) => this.settle?.(isError ? this.scanner.errorText : ''),
    };
    if (!this.scanner.scan(bytes, start, end, sink)) this.fail?.('it does not speak RESP');
  }

  onDrained(): void {}

  onEnd(): void {
    this.socket.destroy();
  }

  onClose(error: string): void {
    this.closeReason = error === '' ? 'it closed the connection' : `the connection broke: ${error}`;
    this.fail?.(this.closeReason);
  }
}

/** An array of bulk strings. */
export function encodeWords(words: readonly (string | Uint8Array)[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from(`*${words.length}\r\n`, 'latin1')];
  for (const word of words) {
    const bytes = typeof word === 'string' ? Buffer.from(word, 'utf8') : word;
    parts.push(Buffer.from(`$${bytes.length}\r\n`, 'latin1'), bytes, LINE_END);
  }
  return Buffer.concat(parts);
}

const LINE_END = Buffer.from('\r\n', 'latin1');
