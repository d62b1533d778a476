/**
 * The pieces of Node under `net.Socket`, typed, and only after each was seen to be there. They are
 * not public, so nothing outside of this folder knows them, and `path-probe.ts` tries them for real
 * before they are used. They look alike in Node 20, 22 and 24.
 */
import type { Server } from 'node:net';
import type { HandleSocket } from './handle-socket.ts';

/** libuv's TCP stream as JavaScript sees it. Calls return 0 or a negative errno. */
export interface TcpHandle {
  readonly fd: number;
  /** Bytes that libuv holds and the kernel did not take yet. */
  readonly writeQueueSize: number;
  /** Called for each read; the count is in `streamState`. */
  onread: (this: TcpHandle) => undefined;
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  /** Needs a real WriteWrap: with another object the process aborts as soon as libuv must wait. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  connect(request: ConnectRequest, address: string, port: number): number;
  bind(address: string, port: number): number;
  bind6(address: string, port: number, flags: number): number;
  shutdown(request: ShutdownRequest): number;
  close(onClosed: (this: TcpHandle) => void): void;
  setNoDelay(isOn: boolean): number;
  setKeepAlive(isOn: boolean, delayS: number): number;
  getpeername(address: AddressSink): number;
  getsockname(address: AddressSink): number;
  /** Ours: leads from the handle, which libuv hands back, to the socket. */
  cacheSocket: HandleSocket;
}

export interface AddressSink {
  address?: string;
  port?: number;
}

export interface WriteRequest {
  oncomplete: ((this: WriteRequest, status: number) => void) | null;
  /** Ours: the owner, and the bytes, which nothing else keeps alive until they are sent. */
  cacheSocket: HandleSocket | null;
  cacheBytes: Uint8Array | null;
}

export interface ShutdownRequest {
  oncomplete: ((this: ShutdownRequest, status: number) => void) | null;
  cacheSocket: HandleSocket | null;
}

export interface ServerHandle {
  onconnection: (this: ServerHandle, status: number, client: TcpHandle | undefined) => void;
}

export interface ConnectRequest {
  oncomplete: ((status: number) => void) | null;
}

export interface HandleBinding {
  /** @param kind  0: a handle that connects, 1: one that listens */
  readonly Tcp: new (
    kind: number,
  ) => TcpHandle;
  readonly ConnectWrap: new () => ConnectRequest;
  readonly WriteWrap: new () => WriteRequest;
  readonly ShutdownWrap: new () => ShutdownRequest;
  /** Filled by Node before `onread` and after each write. */
  readonly streamState: Int32Array;
  readonly readResultIndex: number;
  readonly wasAsyncIndex: number;
}

/** @returns the binding, or why there is none */
export function loadHandleBinding(): HandleBinding | string {
  const streams = loadInternal('stream_wrap');
  if (typeof streams === 'string') return streams;
  const tcp = loadInternal('tcp_wrap');
  if (typeof tcp === 'string') return tcp;
  const { WriteWrap, ShutdownWrap, streamBaseState } = streams;
  const { kReadBytesOrError, kLastWriteWasAsync } = streams;
  const { TCP, TCPConnectWrap } = tcp;
  if (typeof TCP !== 'function') return 'tcp_wrap has no TCP';
  if (typeof TCPConnectWrap !== 'function') return 'tcp_wrap has no TCPConnectWrap';
  if (typeof WriteWrap !== 'function') return 'stream_wrap has no WriteWrap';
  if (typeof ShutdownWrap !== 'function') return 'stream_wrap has no ShutdownWrap';
  if (!(streamBaseState instanceof Int32Array)) return 'stream_wrap has no streamBaseState';
  for (const index of [kReadBytesOrError, kLastWriteWasAsync]) {
    if (typeof index !== 'number' || !(index < streamBaseState.length)) {
      return 'stream_wrap does not name the fields of streamBaseState';
    }
  }
  return {
    Tcp: TCP as HandleBinding['Tcp'],
    ConnectWrap: TCPConnectWrap as HandleBinding['ConnectWrap'],
    WriteWrap: WriteWrap as HandleBinding['WriteWrap'],
    ShutdownWrap: ShutdownWrap as HandleBinding['ShutdownWrap'],
    streamState: streamBaseState,
    readResultIndex: kReadBytesOrError as number,
    wasAsyncIndex: kLastWriteWasAsync as number,
  };
}

/** A table behind `process.binding`, without the warning that --pending-deprecation gives. */
function loadInternal(name: string): Record<string, unknown> | string {
  const load = (process as { binding?: (name: string) => unknown }).binding;
  if (typeof load !== 'function') return 'this Node has no process.binding';
  const { noDeprecation } = process;
  try {
    process.noDeprecation = true;
    return load.call(process, name) as Record<string, unknown>;
  } catch (cause) {
    return `process.binding refused: ${(cause as Error).message}`;
  } finally {
    process.noDeprecation = noDeprecation ?? false;
  }
}

const TCP_METHODS = [
  'useUserBuffer',
  'readStart',
  'readStop',
  'writeBuffer',
  'shutdown',
  'close',
  'setNoDelay',
  'setKeepAlive',
  'getpeername',
  'getsockname',
];

/** @returns the handle of a listening server whose class has all we call, or why not */
export function findServerHandle(server: Server): ServerHandle | string {
  const handle = (server as unknown as { _handle?: Record<string, unknown> | null })._handle;
  if (handle === null || typeof handle !== 'object') return 'the server has no handle';
  if (typeof handle.onconnection !== 'function') return 'the server handle has no onconnection';
  // Accepted handles are of the same class as the listening one.
  for (const method of TCP_METHODS) {
    if (typeof handle[method] !== 'function') return `the TCP handle has no ${method}`;
  }
  for (const field of ['fd', 'onread', 'writeQueueSize']) {
    if (!(field in handle)) return `the TCP handle has no ${field}`;
  }
  return handle as unknown as ServerHandle;
}
