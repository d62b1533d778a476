/**
 * Goes on asking everybody who should be a member and is not: seeds, peers known from before,
 * members that failed. Gossip alone never does, so that two halves of a cluster that took each
 * other for dead would stay apart for ever.
 */
import { NodeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Timer, World } from '../../base/world.ts';
import type { KnownPeer } from './cluster-files.ts';
import type { MemberBook } from './serf/member-book.ts';
import type { Swim } from './swim/swim.ts';
import { chooseBelow } from './swim/timing.ts';
import { formatPlace, parseAddress } from './wire/ip-address.ts';

/** With 10 s, parts of a mended network took up to 9.2 s to be one cluster again. */
const PERIOD_MS = 2_000;
/** Of many that are missing some are asked, others the next time. */
const PLACE_COUNT_MAX = 16;
/** The first tries come quickly: the nodes of a cluster are often started together. */
const FIRST_PERIOD_MS = 500;
const FIRST_TRY_COUNT = 6;
/** The node's start waits no longer for who does not answer. */
const START_MS_MAX = 3_000;
export const DEFAULT_PORT = 7946;
/** Peers of before the start that did not turn up for so long are gone for good. */
const KNOWN_MS = 24 * 60 * 60 * 1000;

/** An address to ask. `name` is '' where it is not known who is there. */
interface Place {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

export class Rejoining {
  private readonly world: World;
  private readonly logger: Logger;
  private readonly selfName: string;
  private readonly swim: Swim;
  private readonly book: MemberBook;
  private readonly seeds: readonly string[];
  private readonly seedDns: string;
  private readonly seedDnsPort: number;
  /** Of before the start; who turned up since is known to the book. */
  private readonly known: Map<string, KnownPeer>;
  /** Asked for by an operator, until they answer. */
  private readonly wanted = new Set<string>();
  private readonly onJoined: () => void;
  private readonly createdMs: number;
  private timer: Timer | null = null;
  private roundCount = 0;
  private hasJoined = false;
  private isStopped = false;

  /** @param options.onJoined  somebody was met for the first time, or again */
  constructor(options: {
    world: World;
    logger: Logger;
    selfName: string;
    swim: Swim;
    book: MemberBook;
    seeds: readonly string[];
    seedDns: string;
    seedDnsPort: number;
    known: readonly KnownPeer[];
    onJoined: () => void;
  }) {
    this.world = options.world;
    this.logger = options.logger;
    this.selfName = options.selfName;
    this.swim = options.swim;
    this.book = options.book;
    this.seeds = options.seeds;
    this.seedDns = options.seedDns;
    this.seedDnsPort = options.seedDnsPort;
    this.known = new Map(options.known.map((peer) => [peer.name, peer]));
    this.known.delete(this.selfName);
    this.onJoined = options.onJoined;
    this.createdMs = options.world.clock.monotonicMs();
  }

  /** Resolves when each was asked once, or when the slowest of them takes too long. */
  async start(): Promise<void> {
    const firstRound = this.tryMissing().then(() => this.plan());
    const patience = new Promise<void>((resolve) => {
      this.timer = this.world.timers.after(START_MS_MAX, resolve);
    });
    await Promise.race([firstRound, patience]);
  }

  stop(): void {
    this.isStopped = true;
    this.timer?.cancel();
  }

  /**
   * From now on, until somebody answers there. A member that is alive is asked once: it may not
   * know that this node is.
   */
  want(host: string, port: number): void {
    if (this.isMember(host, port)) {
      void this.tryPlace({ name: '', address: host, port });
      return;
    }
    this.wanted.add(formatPlace(host, port));
    void this.tryMissing();
  }

  /** Peers of before the start that did not turn up yet. */
  get missing(): readonly KnownPeer[] {
    return [...this.known.values()];
  }

  /** It is not missed any more. */
  forget(name: string): void {
    this.known.delete(name);
  }

  private plan(): void {
    if (this.isStopped) return;
    this.timer?.cancel();
    this.roundCount++;
    const isEarly = !this.hasJoined && this.roundCount <= FIRST_TRY_COUNT;
    const periodMs = isEarly ? FIRST_PERIOD_MS : PERIOD_MS;
    const delayMs = periodMs / 2 + chooseBelow(this.world, periodMs);
    this.timer = this.world.timers.after(delayMs, () => {
      void this.tryMissing().then(() => this.plan());
    });
  }

  private async tryMissing(): Promise<void> {
    const missing = await this.findMissing();
    const asked: Place[] = [];
    while (missing.length > 0 && asked.length < PLACE_COUNT_MAX) {
      asked.push(...missing.splice(chooseBelow(this.world, missing.length), 1));
    }
    await Promise.all(asked.map((place) => this.tryPlace(place)));
  }

  private async tryPlace({ name, address, port }: Place): Promise<void> {
    if (this.isStopped || this.isSelf(address, port)) return;
    const isDone = await new Promise<boolean>((resolve) => {
      this.swim.exchange(address, port, !this.hasJoined, resolve);
    });
    if (this.isStopped) return;
    if (!isDone) {
      this.logger.debug('join', 'nobody answered', { peer: name, address, port });
      return;
    }
    this.hasJoined = true;
    this.onJoined();
  }

  private async findMissing(): Promise<Place[]> {
    const places = new Map<string, Place>();
    for (const place of [...this.findMissingMembers(), ...(await this.findMissingSeeds())]) {
      places.set(formatPlace(place.address, place.port), place);
    }
    return [...places.values()];
  }

  private findMissingMembers(): Place[] {
    const missing: Place[] = [];
    if (this.world.clock.monotonicMs() - this.createdMs > KNOWN_MS) this.known.clear();
    for (const { name, address, port, status } of this.book.members) {
      this.known.delete(name);
      if (status === 'failed') missing.push({ name, address, port });
    }
    return [...missing, ...this.known.values()];
  }

  private async findMissingSeeds(): Promise<Place[]> {
    const names = [...this.seeds, ...this.wanted];
    if (this.seedDns !== '') names.push(formatPlace(this.seedDns, this.seedDnsPort));
    const found: Place[] = [];
    for (const name of names) {
      for (const place of await this.resolve(name)) {
        if (!this.isMember(place.address, place.port)) found.push(place);
        else this.wanted.delete(name);
      }
    }
    return found;
  }

  /** Asked anew each time: behind a name there are other addresses tomorrow. */
  private async resolve(text: string): Promise<Place[]> {
    const { host, port } = splitPlace(text);
    if (parseAddress(host) !== null) return [{ name: '', address: host, port }];
    try {
      const addresses = await this.world.network.resolve(host);
      return addresses.map((address) => ({ name: '', address, port }));
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      this.logger.debug('resolve', 'a seed has no address', { host, error });
      return [];
    }
  }

  private isMember(address: string, port: number): boolean {
    return this.book.members.some(
      (member) =>
        member.address === address &&
        member.port === port &&
        member.status !== 'failed' &&
        member.status !== 'left' &&
        member.name !== this.selfName,
    );
  }

  private isSelf(address: string, port: number): boolean {
    const { self } = this.swim.rumours;
    return self !== null && self.address === address && self.port === port;
  }
}

/** `host`, `host:port`, `[address]:port` or a bare IPv6 address. */
export function splitPlace(text: string): { host: string; port: number } {
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(text);
  const plain = bracketed ?? /^([^:]*):(\d+)$/.exec(text);
  if (plain === null) return { host: text, port: DEFAULT_PORT };
  return { host: plain[1], port: plain[2] === undefined ? DEFAULT_PORT : Number(plain[2]) };
}
