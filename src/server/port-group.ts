import { NodeError } from '../base/errors.ts';
import type { Listener, TlsOptions } from '../base/world.ts';

/** Addresses to listen at, on one port. */
export interface Wanted {
  readonly addresses: readonly string[];
  /** 0: any free one, the same for all addresses. */
  readonly port: number;
  readonly tls: TlsOptions | null;
}

export type Bind = (address: string, port: number, tls: TlsOptions | null) => Promise<Listener>;

/** Listeners by their address as the setting writes it. */
type Bound = Map<string, Listener>;

interface Prepared {
  readonly wanted: Wanted | null;
  readonly done: Promise<void>;
  isDone: boolean;
  bound: Bound;
  error: unknown;
}

/**
 * The listeners of one kind, and their change while the node runs. A change takes two steps, since
 * binding takes time and a command does not: `prepare` binds, `commit` takes what was bound and
 * closes the rest. On another port the old listeners serve until the commit; on the same one they
 * are closed first, because addresses may overlap (`*` and 127.0.0.1), and are bound again if the
 * new ones cannot be.
 */
export class PortGroup {
  private readonly bind: Bind;
  private readonly onLost: (address: string, error: unknown) => void;
  private current: Wanted | null = null;
  private bound: Bound = new Map();
  private prepared: Prepared | null = null;

  /** @param onLost  an address that was given up for a change could not be bound again */
  constructor(bind: Bind, onLost: (address: string, error: unknown) => void) {
    this.bind = bind;
    this.onLost = onLost;
  }

  /**
   * Certificates for connections from now on.
   * @throws NodeError BAD_CERTIFICATE
   */
  replaceTls(tls: TlsOptions): void {
    for (const listener of this.bound.values()) listener.replaceTls(tls);
    if (this.current !== null) this.current = { ...this.current, tls };
  }

  /** The port really bound, 0 when there is none. */
  get port(): number {
    for (const listener of this.bound.values()) return listener.port;
    return 0;
  }

  get listeners(): Iterable<Listener> {
    return this.bound.values();
  }

  /** @throws NodeError PORT_REFUSED; then nothing is bound */
  async open(wanted: Wanted | null): Promise<void> {
    this.bound = await this.bindAll(wanted, { kept: new Map(), port: wanted?.port ?? 0 });
    this.current = wanted;
  }

  /** @returns null when `commit` of the same need not wait */
  prepare(wanted: Wanted | null): Promise<void> | null {
    if (this.prepared !== null && isSame(this.prepared.wanted, wanted)) {
      return this.prepared.isDone ? null : this.prepared.done;
    }
    this.drop();
    if (isSame(this.current, wanted)) return null;
    let settle = (): void => {};
    const prepared: Prepared = {
      wanted,
      done: new Promise((resolve) => {
        settle = resolve;
      }),
      isDone: false,
      bound: new Map(),
      error: null,
    };
    this.prepared = prepared;
    this.bindPrepared(prepared).then(settle);
    return prepared.done;
  }

  /** Why `commit` of that cannot be; null when it can. */
  refusal(wanted: Wanted | null): unknown {
    if (isSame(this.current, wanted)) return null;
    const { prepared } = this;
    if (prepared === null || !prepared.isDone || !isSame(prepared.wanted, wanted)) {
      return new NodeError('UNSUPPORTED', 'A port cannot be bound where nothing may wait');
    }
    return prepared.error;
  }

  /** Takes what was prepared for that, after `refusal` had nothing against it. */
  commit(wanted: Wanted | null): void {
    if (isSame(this.current, wanted)) {
      this.drop();
      return;
    }
    const { prepared, bound } = this;
    if (prepared === null) return;
    this.prepared = null;
    this.current = wanted;
    this.bound = prepared.bound;
    for (const [address, listener] of bound) {
      if (this.bound.get(address) !== listener) void listener.close();
    }
  }

  /** What was prepared is not wanted any more. */
  drop(): void {
    const { prepared } = this;
    this.prepared = null;
    if (prepared?.isDone === true) void this.undo(prepared);
  }

  async close(): Promise<void> {
    this.drop();
    const closing = [...this.bound.values()];
    this.bound = new Map();
    this.current = null;
    await Promise.all(closing.map((listener) => listener.close()));
  }

  private async bindPrepared(prepared: Prepared): Promise<void> {
    const { wanted } = prepared;
    const kept: Bound = new Map();
    let port = wanted?.port ?? 0;
    if (wanted !== null && port === this.current?.port) {
      // The one that 0 has chosen stays.
      port = this.port;
      for (const [address, listener] of this.bound) {
        if (wanted.addresses.includes(address)) kept.set(address, listener);
        else await listener.close();
      }
    }
    try {
      prepared.bound = await this.bindAll(wanted, { kept, port });
    } catch (error) {
      prepared.error = error;
      prepared.bound = kept;
      await this.bindAgain();
    }
    prepared.isDone = true;
    if (this.prepared !== prepared) await this.undo(prepared);
  }

  private async undo({ bound }: Prepared): Promise<void> {
    for (const [address, listener] of bound) {
      if (this.bound.get(address) !== listener) await listener.close();
    }
    await this.bindAgain();
  }

  /**
   * Those of the current addresses that were closed to make room for a change that did not come.
   */
  private async bindAgain(): Promise<void> {
    const { current } = this;
    if (current === null) return;
    for (const [address, listener] of this.bound) {
      if (!listener.isClosed) continue;
      try {
        this.bound.set(address, await this.bind(hostOf(address), listener.port, current.tls));
      } catch (error) {
        this.onLost(address, error);
      }
    }
  }

  /** All or none, beside those that are `kept`. */
  private async bindAll(
    wanted: Wanted | null,
    options: { kept: ReadonlyMap<string, Listener>; port: number },
  ): Promise<Bound> {
    const { kept } = options;
    const bound: Bound = new Map(kept);
    if (wanted === null) return bound;
    let { port } = options;
    for (const address of wanted.addresses) {
      if (bound.has(address)) continue;
      try {
        const listener = await this.bind(hostOf(address), port, wanted.tls);
        bound.set(address, listener);
        port = listener.port;
      } catch (error) {
        if (address.startsWith('-') && isAddressMissing(error)) continue;
        for (const [done, listener] of bound) if (!kept.has(done)) await listener.close();
        throw error;
      }
    }
    return bound;
  }
}

function isSame(left: Wanted | null, right: Wanted | null): boolean {
  if (left === null || right === null) return left === right;
  return left.port === right.port && left.addresses.join(' ') === right.addresses.join(' ');
}

/** Redis' words for every address of a family. */
function hostOf(address: string): string {
  const host = address.startsWith('-') ? address.slice(1) : address;
  if (host === '*') return '0.0.0.0';
  return host === '::*' ? '::' : host;
}

/** An address that this machine does not have is no error when its setting begins with '-'. */
function isAddressMissing(error: unknown): boolean {
  if (!(error instanceof NodeError) || error.code !== 'PORT_REFUSED') return false;
  return /EADDRNOTAVAIL|EAFNOSUPPORT/.test(error.message);
}
