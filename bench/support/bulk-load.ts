import { once } from 'node:events';
import net from 'node:net';
import { encodeCommand } from '../../src/testing/reply-decoder.ts';

const BATCH_COMMANDS = 1_000;
/** Batches under way: enough that the server never waits for us. */
const BATCHES_AHEAD = 8;

export type CommandMaker = (index: number) => readonly (string | Uint8Array | number)[];

/**
 * Runs `count` pipelined commands, each of which must be answered by one short line.
 * @throws Error on the first error reply
 */
export async function runCommands(port: number, count: number, make: CommandMaker): Promise<void> {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let answered = 0;
  let wake: () => void = () => {};
  let failure: Error | null = null;
  let isLineWhole = true;
  socket.on('data', (bytes: Buffer) => {
    if (bytes.includes('-')) failure ??= findError(bytes, isLineWhole);
    isLineWhole = bytes[bytes.length - 1] === 10;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) answered++;
    wake();
  });
  socket.on('close', () => {
    failure ??= new Error('the server closed the connection');
    wake();
  });
  for (let sent = 0; sent < count; ) {
    const end = Math.min(count, sent + BATCH_COMMANDS);
    const parts: Uint8Array[] = [];
    for (; sent < end; sent++) parts.push(encodeCommand(make(sent)));
    socket.write(Buffer.concat(parts));
    while (
      sent - answered > BATCHES_AHEAD * BATCH_COMMANDS ||
      (sent === count && answered < count)
    ) {
      if (failure) throw failure;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  if (failure) throw failure;
  socket.destroy();
}

/** Twelve of these in one argument stand for the digits of the command's number. */
export const DIGITS = '############';

/**
 * As `runCommands` for commands that differ by one number at most, without making each anew: fast
 * enough that ten million keys are a matter of seconds.
 */
export async function loadKeys(
  port: number,
  count: number,
  args: readonly string[],
): Promise<void> {
  // XADD answers an id: its length, and itself.
  const linesPerReply = args[0] === 'XADD' ? 2 : 1;
  const one = Buffer.from(encodeCommand(args));
  const places = placesOf(one);
  const template = Buffer.concat(Array.from({ length: BATCH_COMMANDS }, () => one));
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let answered = 0;
  let wake: () => void = () => {};
  let failure: Error | null = null;
  let isLineWhole = true;
  socket.on('data', (bytes: Buffer) => {
    if (bytes.includes('-')) failure ??= findError(bytes, isLineWhole);
    isLineWhole = bytes[bytes.length - 1] === 10;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) answered++;
    wake();
  });
  socket.on('close', () => {
    failure ??= new Error('the server closed the connection');
    wake();
  });
  for (let sent = 0; sent < count; ) {
    const size = Math.min(BATCH_COMMANDS, count - sent);
    const batch = Buffer.from(template.subarray(0, size * one.length));
    for (let i = 0; i < size; i++) {
      for (const place of places) writeDigits(batch, i * one.length + place, sent + i);
    }
    sent += size;
    socket.write(batch);
    const owed = sent === count ? 0 : BATCHES_AHEAD * BATCH_COMMANDS;
    while (sent - answered / linesPerReply > owed) {
      if (failure) throw failure;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  if (failure) throw failure;
  socket.removeAllListeners('close');
  socket.destroy();
}

function writeDigits(bytes: Buffer, at: number, value: number): void {
  for (let i = at + DIGITS.length - 1; i >= at; i--) {
    bytes[i] = 48 + (value % 10);
    value = Math.floor(value / 10);
  }
}

/** @param isLineStart  the bytes do not begin within a line */
function findError(bytes: Buffer, isLineStart: boolean): Error | null {
  const line = bytes
    .toString('latin1')
    .split('\r\n')
    .find((text, i) => text.startsWith('-') && (i > 0 || isLineStart));
  return line === undefined ? null : new Error(line);
}

/** One command and the raw bytes of its reply's first line and body, for INFO and the like. */
export async function askText(port: number, ...args: string[]): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let text = '';
  socket.setEncoding('latin1');
  const done = new Promise<string>((resolve, reject) => {
    socket.on('data', (chunk: string) => {
      text += chunk;
      const head = text.indexOf('\r\n');
      if (head < 0) return;
      if (text[0] !== '$') resolve(text.slice(0, head));
      else if (text.length >= head + 4 + Number(text.slice(1, head))) resolve(text.slice(head + 2));
    });
    socket.on('close', () => reject(new Error(`${args.join(' ')}: connection closed`)));
  });
  socket.write(encodeCommand(args));
  return done.finally(() => socket.destroy());
}

/** A numeric field of INFO, or null where the server has none. */
export async function askInfo(
  port: number,
  section: string,
  field: string,
): Promise<number | null> {
  const text = await askText(port, 'INFO', section);
  const match = new RegExp(`^${field}:(\\S+)`, 'm').exec(text);
  return match ? Number(match[1]) : null;
}

function placesOf(bytes: Buffer): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(DIGITS); at >= 0; at = bytes.indexOf(DIGITS, at + 1)) places.push(at);
  return places;
}
