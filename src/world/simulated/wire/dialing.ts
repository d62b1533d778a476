import { NodeError } from '../../../base/errors.ts';
import type { DialOptions, Socket } from '../../../base/world.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { Place, Station, Wire } from './wire.ts';
import { WireSocket } from './wire-socket.ts';

export interface Dialer {
  readonly wire: Wire;
  readonly random: SeededRandom;
  /** Where the call comes from. */
  readonly from: Place;
  /** @returns null: no machine has that address */
  find(): Station | null;
  /** Hands something to the program in its next turn. */
  complete(act: () => void): void;
  /** The connection stands. */
  adopt(socket: WireSocket): void;
}

/**
 * The handshake of a connection: the call goes to the other machine, whose kernel answers at once;
 * with a secret its program has to answer, which proves that it knows the same one.
 */
export function placeCall(dialer: Dialer, options: DialOptions): Promise<Socket> {
  const { wire, random, from } = dialer;
  const to = { address: options.host, port: options.port };
  const socket = new WireSocket(wire, random, { local: from, remote: to });
  return new Promise((resolve, reject) => {
    let isOver = false;
    const finish = (code: string): void => {
      if (isOver) return;
      isOver = true;
      dialer.complete(() => {
        wire.timeline.hasSettled = true;
        if (code !== '') return reject(refused(options, code));
        dialer.adopt(socket);
        resolve(socket);
      });
    };
    const { timeline } = wire;
    timeline.deliverAt(timeline.nowMs + options.timeoutMs, () => {
      if (!isOver) socket.destroy();
      finish('ETIMEDOUT');
    });
    socket.signal(() => arrive({ dialer, options, socket, finish }));
  });
}

interface Call {
  readonly dialer: Dialer;
  readonly options: DialOptions;
  readonly socket: WireSocket;
  finish(code: string): void;
}

function arrive({ dialer, options, socket, finish }: Call): void {
  const { wire, random, from } = dialer;
  const to = { address: options.host, port: options.port };
  const station = dialer.find();
  if (station?.isUp !== true) return;
  const answered = station.answerCall(to.port, to.address);
  const served = new WireSocket(wire, random, { local: to, remote: from });
  if (answered === null) {
    served.signal(() => finish('ECONNREFUSED'));
    return;
  }
  socket.join(served);
  served.join(socket);
  const isProven = isSame(answered.secret, options.secret?.key ?? null);
  if (isProven) {
    const needsProgram = answered.secret !== null;
    const greet = (): void => served.signal(() => finish(''));
    answered.accept(served, needsProgram ? greet : () => {});
    if (!needsProgram) greet();
    return;
  }
  // Plain TCP stands before the other end sees that no handshake comes.
  const code = options.secret === null ? '' : 'ECONNRESET';
  served.signal(() => finish(code));
  served.destroy();
}

function isSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  if (one === null || other === null) return one === other;
  return Buffer.compare(one, other) === 0;
}

function refused({ host, port }: DialOptions, code: string): NodeError {
  const message = `Cannot connect to ${host}:${port}: ${code}`;
  return new NodeError('CONNECT_REFUSED', message, { host, port, code });
}
