/**
 * The one door to the outside: every room but `world/` reaches clocks, timers, randomness, disk and
 * network through the World it is handed. `world/real` is the machine, `world/simulated` a fake of
 * all of it driven by one seed, so tests neither sleep nor race.
 */
export interface World {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly disk: Disk;
  readonly network: Network;
  readonly compression: Compression;
  readonly ciphers: Ciphers;
  readonly host: Host;
  /**
   * A thread of its own, which runs the entry `worker-<name>.ts`. It does not keep the process
   * alive.
   * @param data  copied; a SharedArrayBuffer in it is shared
   * @returns null in a simulation, where the caller runs the work inline
   */
  startWorker(name: string, data: unknown): Worker | null;
}

/** Callbacks are set in the turn that started it, before anything comes. */
export interface Worker {
  /** Copied; in order. Lost when it has ended. */
  post(message: unknown): void;
  onMessage(callback: (message: unknown) => void): void;
  /** It has ended, by `terminate` or by itself. `failure` is what it threw, or null. */
  onExit(callback: (failure: Error | null) => void): void;
  terminate(): Promise<void>;
}

export interface Clock {
  /** Unix time in whole milliseconds. May step backwards. */
  wallMs(): number;
  /** Milliseconds with a fraction since some fixed moment. Never steps backwards. */
  monotonicMs(): number;
}

export interface Timers {
  after(delayMs: number, callback: () => void): Timer;
  every(periodMs: number, callback: () => void): Timer;
  /** Runs once in the check phase, after every socket of this loop turn was read. */
  atTurnEnd(callback: () => void): void;
}

/** A timer never keeps the process alive by itself; sockets do. */
export interface Timer {
  cancel(): void;
}

export interface Random {
  /** Uniform over 0 .. 2^32-1. */
  u32(): number;
  /** Fills with bytes fit for secrets. */
  fill(bytes: Uint8Array): void;
}

export interface Disk {
  /** Whole file, or null when there is none. Throws NodeError for anything else. */
  readFile(path: string): Uint8Array | null;
  /** Writes beside, syncs, renames: after a crash there is the old file or the new one. */
  writeFileAtomic(path: string, bytes: Uint8Array): void;
  /** With those above it that are missing. Durable when it returns. */
  makeDirectory(path: string): void;
  listDirectory(path: string): string[];
  remove(path: string): void;
  exists(path: string): boolean;
  /** For log files: each call appends whole lines, in order. */
  openAppend(path: string): AppendFile;
  /** To write at its end. `create`: made anew, or emptied; `append`: as it is, made if missing. */
  openWrite(path: string, how: 'create' | 'append'): WriteFile;
  /** @returns null when there is none */
  openRead(path: string): ReadFile | null;
  /** Makes a small file with that content. @returns false: there is one by that name already */
  createExclusive(path: string, bytes: Uint8Array): boolean;
  /** Replaces `to`. Durable when the directories of both names are synced. */
  rename(from: string, to: string): void;
  /** Names in it, made, changed and removed so far, survive a power failure from now on. */
  syncDirectory(path: string): void;
  /** Cuts the file to its first bytes, and syncs it. */
  truncate(path: string, byteCount: number): void;
  /** A file, or a directory with all that is in it. Nothing happens when there is none. */
  removeTree(path: string): void;
  /** What a user like ours may still write on the disk that holds the path; -1: not known. */
  freeBytes(path: string): number;
}

/**
 * A file that grows at its end. What was written is seen by who reads at once, and lies on the disk
 * for sure when a sync that began afterwards is done.
 */
export interface WriteFile {
  readonly byteCount: number;
  /** '' or a code such as ENOSPC, of the last write or sync. */
  readonly failure: string;
  /**
   * Hands bytes[start, end) to the system. Never throws.
   * @returns how many it took: fewer than all when it then refused, and `failure` says why
   */
  write(bytes: Uint8Array, start: number, end: number): number;
  /**
   * Beside the loop. Calls must not overlap: the caller waits. Writes meanwhile are allowed;
   * whether they are part of it is not told. Rejects with NodeError DISK_REFUSED; then nothing
   * that was written since the last sync that succeeded can be trusted, even if a later one does.
   */
  sync(): Promise<void>;
  /** The same on the loop. Throws NodeError. */
  syncNow(): void;
  truncate(byteCount: number): void;
  /** A sync that is under way still comes to its end. No call may follow, but of `close`. */
  close(): void;
}

export interface ReadFile {
  /** As it was when it was opened. */
  readonly byteCount: number;
  /** @returns how many bytes came to into[start, ...): fewer than asked for only at the end */
  read(into: Uint8Array, start: number, end: number, position: number): number;
  close(): void;
}

export interface AppendFile {
  /** As far as is known: others may append to the same file, which `isInPlace` looks at. */
  readonly byteCount: number;
  /** Where the last call wrote but a part of a line, a new line is begun first. */
  append(bytes: Uint8Array): void;
  /** False when the path leads to another file by now, or to none. */
  isInPlace(): boolean;
  close(): void;
}

export interface Network {
  /** Rejects with NodeError PORT_REFUSED when the address cannot be bound. */
  listen(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Listener>;
  /** Which implementation `listen` will choose for a plain (non-TLS) socket, and why. */
  describeSocketPath(): string;
  /** Rejects with NodeError PORT_REFUSED, BAD_CERTIFICATE. */
  listenHttp(options: HttpOptions): Promise<HttpServer>;
  /** Asks another process. Rejects with NodeError REQUEST_FAILED; so does reading the answer. */
  request(options: RequestOptions): Promise<RequestAnswer>;
  /**
   * Connects to another process. Rejects with NodeError CONNECT_REFUSED, whose `code` tells why:
   * such as ECONNREFUSED, ETIMEDOUT, or of a wrong secret whatever the system makes of it.
   */
  dial(options: DialOptions): Promise<Socket>;
  /** Rejects with NodeError PORT_REFUSED. */
  bindDatagram(options: DatagramOptions, onDatagram: DatagramHandler): Promise<DatagramSocket>;
  /** IPv4 and IPv6 addresses of a host. Rejects with NodeError NAME_UNKNOWN. */
  resolve(name: string): Promise<string[]>;
  /** What SRV records say of a name. Rejects with NodeError NAME_UNKNOWN. */
  resolveService(name: string): Promise<ServicePlace[]>;
}

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** Until the connection stands, its handshake included. */
  readonly timeoutMs: number;
  readonly secret: LinkSecret | null;
  /** The address to connect from. */
  readonly localHost?: string;
  /** Over TLS, to a server that proves who it is. Not together with `secret`. */
  readonly tls?: DialTls;
}

export interface DialTls {
  /** PEM of who signed the server's certificate; null: whom the machine trusts. */
  readonly authorities: string | null;
}

/** What both ends of an encrypted link know: each proves it to the other, and nothing else. */
export interface LinkSecret {
  /** 32 bytes. */
  readonly key: Uint8Array;
}

export interface DatagramOptions {
  readonly host: string;
  /** 0 asks for any free port. */
  readonly port: number;
}

/** bytes[start, end) belong to the socket and are overwritten after the call returns. */
export type DatagramHandler = (
  bytes: Uint8Array,
  start: number,
  end: number,
  address: string,
  port: number,
) => void;

export interface DatagramSocket {
  readonly host: string;
  readonly port: number;
  /**
   * Copies bytes[start, end). Never throws: that one is lost is as usual as it is on the way.
   * @param host  a numeric address
   */
  send(bytes: Uint8Array, start: number, end: number, host: string, port: number): void;
  close(): void;
}

export interface ServicePlace {
  readonly host: string;
  readonly port: number;
}

export interface RequestOptions {
  /** With scheme, `http:` or `https:`. */
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as it is; what it is stands in the headers. */
  readonly body?: string;
  /** PEM of who signed the server's certificate; null: whom the machine trusts. */
  readonly authorities: string | null;
  /** So long nothing may come. */
  readonly silenceMs: number;
}

export interface RequestAnswer {
  readonly status: number;
  /** Read once, to its end. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** What the machine's zlib does; the packing beside the loop. */
export interface Compression {
  /**
   * CRC-32 of bytes[start, end), at 5 GB/s: five times as quick as `base/digest/crc32.ts`, but a
   * call costs 170 ns.
   * @param crc  of what comes before; 0 at first
   */
  crc32(bytes: Uint8Array, start: number, end: number, crc: number): number;
  /** One member of a gzip file: members one behind the other are such a file as well. */
  gzip(bytes: Uint8Array): Promise<Uint8Array>;
  /** What the members hold, piece by piece. Reading it rejects with NodeError DATA_DAMAGED. */
  gunzip(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/** AES in Galois/counter mode (NIST SP 800-38D): encrypts, and proves that nothing was changed. */
export interface Ciphers {
  /** @returns the ciphertext and 16 bytes of tag behind it */
  sealGcm(options: GcmOptions, plain: Uint8Array): Uint8Array;
  /** @returns null when key, nonce, associated data or a byte is another than when it was sealed */
  openGcm(options: GcmOptions, sealed: Uint8Array): Uint8Array | null;
  /**
   * Unix time at which the first certificate ends.
   * @param chain  PEM, as a TLS port took it
   */
  certificateEndMs(chain: string): number;
}

export interface GcmOptions {
  /** 16, 24 or 32 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes, never twice with one key. */
  readonly nonce: Uint8Array;
  /** Not encrypted, and not sent along, but proved as well. */
  readonly associated: Uint8Array;
}

export interface HttpOptions {
  readonly host: string;
  /** 0 asks for any free port. */
  readonly port: number;
  readonly backlog: number;
  readonly tls: TlsOptions | null;
  readonly headerBytesMax: number;
  /** A request's headers, and all of it, must have come by then. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** A connection without a request is closed after so long. */
  readonly keepAliveMs: number;
  /** Connections at the same time; further ones are closed unheard. */
  readonly connectionCountMax: number;
  /** A connection could not be accepted; `code` such as EMFILE. */
  readonly onAcceptError: (code: string) => void;
  /** One was closed unheard, as there are `connectionCountMax`. */
  readonly onRefused: () => void;
}

/** A port that speaks HTTP/1.1. Requests wait until a handler is set. */
export interface HttpServer {
  readonly port: number;
  /** The machine's own server object, which a web framework asks for. */
  readonly raw: object;
  readonly connectionCount: number;
  /** Bytes of requests that are not answered yet, and of answers that are not sent yet. */
  readonly heldBytes: number;
  /**
   * Of each connection one request at a time is handed over.
   * The arguments are the machine's request and response objects.
   */
  setHandler(handler: HttpHandler): void;
  /** Certificates for connections from now on; running ones keep theirs. */
  replaceTls(tls: TlsOptions): void;
  /**
   * Stops accepting, and closes connections that wait for a request; others are closed with their
   * response. Resolves when the last one is gone.
   */
  close(): Promise<void>;
  /** Closes every connection now; what is not sent is lost. */
  closeConnections(): void;
}

export type HttpHandler = (request: never, response: never) => void;

export interface ListenOptions {
  readonly host: string;
  /** 0 asks for any free port. */
  readonly port: number;
  readonly backlog: number;
  readonly tls: TlsOptions | null;
  /** Only who knows it gets a connection; others are closed unheard. Not together with `tls`. */
  readonly secret?: LinkSecret | null;
  /** `auto` takes the handle when the start-up probe found it sound, else the public API. */
  readonly socketPath: SocketPath;
  readonly keepAliveS: number;
  /** An IPv6 address takes IPv6 only, so that both families can be bound to one port. */
  readonly ipv6Only?: boolean;
  /** A unix socket at that path, in place of host and port. A socket left there is removed. */
  readonly unixSocket?: UnixSocketOptions;
  /** A connection could not be accepted; `code` such as EMFILE. Nobody else hears of it. */
  readonly onAcceptError?: (code: string) => void;
}

export interface UnixSocketOptions {
  readonly path: string;
  /** Permission bits; 0: as the umask gives. */
  readonly permissions: number;
}

export type SocketPath = 'auto' | 'handle' | 'public';

/** PEM contents, not paths. */
export interface TlsOptions {
  readonly certificate: string;
  readonly key: string;
  /** Of the key; '' when it has none. */
  readonly passphrase?: string;
  readonly authorities: string | null;
  readonly clientCertificate: 'ignored' | 'optional' | 'required';
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers: string | null;
  readonly prefersOwnCiphers?: boolean;
  /** How long a client may resume its session; 0: not at all. */
  readonly sessionS?: number;
}

export interface Listener {
  readonly host: string;
  /** 0 of a unix socket. */
  readonly port: number;
  readonly isClosed: boolean;
  /** For connections from now on; 0: off. */
  keepAliveS: number;
  /** Certificates for connections from now on; running ones keep theirs. */
  replaceTls(tls: TlsOptions): void;
  /** Stops accepting; sockets already accepted live on. */
  close(): Promise<void>;
}

/**
 * One TCP (or TLS) connection, accepted or dialled, `noDelay` on. All calls are made on the node's
 * one thread. A handler method may call any method of its socket, also `destroy`.
 */
export interface Socket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly fileDescriptor: number;
  /** Subject of a verified TLS client certificate, else ''. */
  readonly peerName: string;
  /** Bytes handed over by `write` and not yet taken by the kernel. */
  readonly queuedBytes: number;
  readonly isOpen: boolean;
  setHandler(handler: SocketHandler): void;
  /**
   * Sends bytes[start, end). Order is kept over calls.
   * @returns true: the bytes are taken, the caller may reuse the buffer at once.
   *          false: the socket keeps the whole buffer until it is sent; the caller must take a new
   *          one. `onDrained` comes when `queuedBytes` is 0 again. (TLS may copy: then it says true
   *          though `queuedBytes` is not 0, and `onDrained` follows all the same.)
   */
  write(bytes: Uint8Array, start: number, end: number): boolean;
  pauseReading(): void;
  resumeReading(): void;
  /** Sends what is queued, then closes. Reads and writes are over: only `onClose` follows. */
  end(): void;
  /** Closes now; what is queued is lost. */
  destroy(): void;
}

export interface SocketHandler {
  /** bytes[start, end) belong to the socket and are overwritten after the call returns. */
  onReadable(bytes: Uint8Array, start: number, end: number): void;
  onDrained(): void;
  /** The peer sends no more; it may still read. */
  onEnd(): void;
  /**
   * Exactly once, last of all calls, never out of a call to the socket.
   * @param error  a code such as ECONNRESET, or '' if all was well
   */
  onClose(error: string): void;
}

export interface Host {
  readonly pid: number;
  readonly hostname: string;
  /** Such as `Linux 6.1.0 x86_64`. */
  readonly osName: string;
  readonly nodeVersion: string;
  readonly executablePath: string;
  readonly workingDirectory: string;
  readonly cpuCount: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The machine's memory, or the container's limit where that is less. */
  readonly memoryBytesTotal: number;
  /** Files and sockets this process may have open; Infinity where that is not known. */
  readonly openFileCountMax: number;
  /** Standard output is a terminal: a person reads it, not a program. */
  readonly isOutTerminal: boolean;
  /** Standard error is a terminal, where a line may be written over. */
  readonly isErrorTerminal: boolean;
  /** Tells a process that lives from others that had its id before; '' when none has it now. */
  processMark(pid: number): string;
  readonly processes: Processes;
  memoryUse(): HostMemory;
  cpuUse(): HostCpu;
  /**
   * Measures garbage collection from now on. It costs a few microseconds a collection: only who
   * shows the figures asks for them.
   */
  watchGc(): GcWatch;
  /**
   * Writes whole lines to standard output or error, in order, also just before an exit.
   * @returns false when nobody took them
   */
  writeOut(text: string): boolean;
  writeError(text: string): boolean;
  onSignal(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP', callback: () => void): Timer;
}

/** Other processes of this machine: what `hypercache cluster` starts and stops. */
export interface Processes {
  /**
   * Runs this very program with other arguments, for longer than this process: what it prints is
   * appended to a file. Throws NodeError PROCESS_REFUSED.
   * @returns the id of the process
   */
  start(options: ProcessOptions): number;
  /** @returns false when there is no such process */
  signal(pid: number, signal: 'SIGTERM' | 'SIGKILL'): boolean;
  /** Keeps this process alive meanwhile, which timers do not. */
  pause(ms: number): Promise<void>;
}

export interface ProcessOptions {
  readonly args: readonly string[];
  readonly directory: string;
  readonly outputPath: string;
}

export interface HostMemory {
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly arrayBufferBytes: number;
}

/** Of this process, since it was asked for. */
export interface GcWatch {
  readonly seconds: number;
  /** Collections, small ones included. */
  readonly count: number;
  cancel(): void;
}

export interface HostCpu {
  readonly userS: number;
  readonly systemS: number;
}
