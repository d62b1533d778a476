import { createServer, type Server } from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { Listener, ListenOptions, Socket } from '../../base/world.ts';
import { bindLiteral } from './bind-literal.ts';
import { type AddressSink, findServerHandle, type TcpHandle } from './handle-binding.ts';
import { type HandleLane, HandleSocket } from './handle-socket.ts';
import { bindServer, makeListener } from './public-listener.ts';

/**
 * Listens through net.Server, then takes accepted handles before it makes a net.Socket of them.
 * @throws Error when the handle is not of the known form (the port is closed again)
 */
export async function listenByHandle(
  lane: HandleLane,
  options: ListenOptions,
  onSocket: (socket: Socket) => void,
): Promise<Listener> {
  const server = createServer();
  await bindServer(server, options, bindLiteral(lane.binding, options));
  const listener = makeListener(server, options, null);
  takeOverAccepting(server, { lane, listener, options, onSocket });
  return listener;
}

interface Accepting {
  readonly lane: HandleLane;
  readonly listener: Listener;
  readonly options: ListenOptions;
  readonly onSocket: (socket: Socket) => void;
}

function takeOverAccepting(server: Server, accepting: Accepting): void {
  const { lane, listener, options, onSocket } = accepting;
  const serverHandle = findServerHandle(server);
  if (typeof serverHandle === 'string') {
    server.close();
    throw new Error(serverHandle);
  }
  serverHandle.onconnection = (status, client) => {
    // With no descriptor left, libuv has already closed the connection through its spare one.
    if (status !== 0 || client === undefined) {
      if (status < 0) options.onAcceptError?.(getSystemErrorName(status));
      return;
    }
    const peer: AddressSink = {};
    if (client.getpeername(peer) !== 0) {
      closeUnused(client);
      return;
    }
    client.setNoDelay(true);
    if (listener.keepAliveS > 0) client.setKeepAlive(true, listener.keepAliveS);
    onSocket(new HandleSocket(client, lane, peer));
  };
}

/** The peer was gone before we looked. */
function closeUnused(client: TcpHandle): void {
  client.close(() => {});
}
