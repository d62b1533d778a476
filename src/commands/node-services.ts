import type { Configuration } from '../base/configuration.ts';
import type { StoreConfiguration, StoreOptionValue } from '../base/configuration-sections.ts';
import type { Frame } from '../base/frame.ts';
import type { PacedLogger } from '../base/log/paced-logger.ts';
import type { Logger, LogHealth } from '../base/logger.ts';
import type { TurnClock } from '../base/turn-clock.ts';
import type { World } from '../base/world.ts';
import type { NodeMemory } from '../engine/memory/node-memory.ts';
import type { StoreRegistry } from '../engine/store-registry.ts';
import type { AccessControl } from './acl/access-control.ts';
import type { BlockingTable } from './blocking/blocking-table.ts';
import type { ClusterService } from './cluster-service.ts';
import type { Command, CommandTable } from './command-table.ts';
import type { NodeStatistics } from './node-statistics.ts';
import type { PersistenceService } from './persistence-service.ts';
import type { ScriptEngine } from './scripting/script-engine.ts';
import type { NodeHealth } from './server/health/node-health.ts';
import type { LatencyMonitor } from './server/latency/latency-monitor.ts';
import type { Stopwatch } from './server/latency/stopwatch.ts';
import type { SlowLog } from './server/slow-log.ts';
import type { Session, SessionTracking } from './session.ts';
import type { WatchTable } from './transaction/watch-table.ts';

/**
 * What commands need of the node they run in. Built once, in `node.ts`; a value, never a global.
 */
export interface NodeServices {
  readonly world: World;
  readonly clock: TurnClock;
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly logHealth: LogHealth;
  /** For lines that clients can bring about at will. */
  readonly paced: PacedLogger;
  readonly settings: SettingsService;
  readonly table: CommandTable;
  readonly stores: StoreRegistry;
  readonly memory: NodeMemory;
  readonly health: NodeHealth;
  readonly persistence: PersistenceService;
  /** NO_CLUSTER until its ports are open: ask for it at each use. */
  readonly cluster: ClusterService;
  readonly counters: Float64Array;
  readonly access: AccessControl;
  readonly clients: ClientRegistry;
  readonly pubsub: PubSub;
  readonly watches: WatchTable;
  readonly tracking: ClientTracking;
  readonly blocking: BlockingTable;
  readonly scripting: ScriptEngine;
  readonly slowLog: SlowLog;
  readonly latency: LatencyMonitor;
  readonly stopwatch: Stopwatch;
  readonly statistics: NodeStatistics;
  readonly monitors: MonitorFeed;
  readonly logins: LoginDelays;
  readonly rates: NodeRates;
  /** 40 hexadecimal digits, new at each start. */
  readonly runId: string;
  readonly startedMs: number;
  readonly version: string;
  /** NO_HTTP while its port is closed: ask for it at each use. */
  readonly http: HttpTraffic;
  /** Ports really bound, for INFO and COMMAND; 0 when closed. */
  readonly ports: { resp: number; tls: number; http: number; redirect: number };
  readonly debug: DebugSwitches;
  /**
   * Ends the node: answers pending replies, then closes. Exit code 0.
   * @returns the text of an error reply when it cannot, which `force` overrides; else null
   */
  shutdown(options: { now: boolean; save: boolean | null; force: boolean }): string | null;
  /** Blocks the event loop; only DEBUG SLEEP asks for that. */
  sleepBlocking(ms: number): void;
}

export interface HttpTraffic {
  readonly connectionCount: number;
  /** Bytes of requests that are not answered yet, and of answers that are not sent yet. */
  readonly heldBytes: number;
}

export const NO_HTTP: HttpTraffic = { connectionCount: 0, heldBytes: 0 };

export interface SettingsService {
  /** CONFIG GET: names and values of all settings that match one of the glob patterns. */
  get(patterns: readonly string[]): (readonly [string, string])[];
  /**
   * What `set` of the same pairs must wait for, such as a port being bound; null when for nothing.
   * It never rejects: what went wrong is told by `set`.
   */
  prepare(pairs: readonly (readonly [string, string])[]): Promise<void> | null;
  /** CONFIG SET: all or none. The error reply's text, or null when done. */
  set(pairs: readonly (readonly [string, string])[], asker: SettingsAsker): string | null;
  /** Whether the setting of that name, ours or Redis', holds a password: never to be shown. */
  isSecret(name: string): boolean;
  rewrite(): string | null;
  /**
   * A store as STORE CREATE names its options: those of `stores:` in YAML, by the same rules.
   * @returns a text that names the option and says what is wrong with it, when one is
   */
  parseStore(
    name: string,
    pairs: readonly (readonly [string, string])[],
  ): StoreConfiguration | string;
  /** Its options in that form, with their names in YAML. */
  describeStore(store: StoreConfiguration): [string, StoreOptionValue][];
  /** Path of the configuration file, '' when there is none. */
  readonly filePath: string;
}

/** Who wants to change settings; what is protected may be open to clients of this machine. */
export interface SettingsAsker {
  readonly isLocal: boolean;
}

export interface ClientRegistry {
  readonly count: number;
  /** Of all connections together: for INFO and maxmemory-clients. */
  readonly queryBytes: number;
  readonly outputBytes: number;
  /** Memory of all their buffers. */
  readonly heldBytes: number;
  /** The largest of any connection, as INFO's client_recent_max_input_buffer and its sibling. */
  readonly queryBytesMax: number;
  readonly outputBytesMax: number;
  byId(id: number): Session | undefined;
  all(): Iterable<Session>;
  takeId(): number;
  /** Correlation id of a session, of clients of other nodes as well; '' when there is none. */
  correlationOf(id: number): string;
  /** Sessions for clients of other nodes: they have the bits of the gate, and are not listed. */
  addProxy(session: Session): void;
  removeProxy(session: Session): void;
  /** Its line in CLIENT LIST, without the newline. */
  describe(session: Session): string;
  /** Raises or clears a bit of GATE for every session, those to come included. */
  setGate(bit: number, isRaised: boolean): void;
  /** CLIENT PAUSE: holds writes, or everything, of all clients until that moment. */
  pause(untilMs: number, what: PauseKind, nowMs: number): void;
  unpause(): void;
  /** 0 when nothing is paused. */
  readonly pausedUntilMs: number;
  readonly pauseKind: PauseKind;
}

export type PauseKind = 'write' | 'all';

/** Channels, patterns and shard channels are binary: strings with one char per byte (latin1). */
export interface PubSub {
  /** @returns number of clients that received it */
  publish(
    kind: 'channel' | 'shard',
    channel: string,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): number;
  subscribe(session: Session, kind: SubscriptionKind, name: string): void;
  /** @returns whether the session was subscribed */
  unsubscribe(session: Session, kind: SubscriptionKind, name: string): boolean;
  /** What the session is subscribed to, oldest first. */
  names(session: Session, kind: SubscriptionKind): string[];
  /** On close and RESET, without replies. */
  removeAll(session: Session): void;
  channels(pattern: Uint8Array | null, kind: 'channel' | 'shard'): string[];
  subscriberCount(channel: string, kind: 'channel' | 'shard'): number;
  readonly patternCount: number;
  readonly channelCount: number;
  readonly shardChannelCount: number;
  /** Memory of all subscriptions, about. */
  readonly heldBytes: number;
}

export type SubscriptionKind = 'channel' | 'pattern' | 'shard';

/** Client-side caching: who is told when a key that it may hold a copy of changes. */
export interface ClientTracking {
  /** For INFO. */
  readonly clientCount: number;
  readonly keyCount: number;
  readonly itemCount: number;
  readonly prefixCount: number;
  readonly heldBytes: number;
  /** CLIENT TRACKING ON; prefixes are added to those that are followed already. */
  enable(session: Session, options: TrackingOptions): void;
  /** OFF, RESET, or the end of the session. */
  disable(session: Session): void;
  /** The door runs a command of a session that tracks. */
  enter(session: Session, command: Command): void;
  /**
   * It has: what it read is remembered, what it changed is told.
   * @param entered  what the session's tracking was before, for the command may have ended it
   */
  leave(session: Session, frame: Frame, command: Command, entered: SessionTracking): void;
  /** The door refused a command of a session that tracks. */
  refused(session: Session): void;
  /** The reply of a silenced client was dropped: what waited for it can be told. */
  tellWhatWaits(session: Session): void;
}

/** What DEBUG turned for the sake of a test. */
export interface DebugSwitches {
  /** Nothing is done by the clock: no expiry, no eviction of clients, no statistics. */
  isCronPaused: boolean;
  /** Scripts may run commands that have the flag noscript. */
  runsDeniedInScripts: boolean;
  /** RESTORE takes payloads whose checksum is wrong. */
  skipsChecksums: boolean;
  /** From this size on a list element has a node of its own; 0: the usual. */
  packedThresholdBytes: number;
}

export interface TrackingOptions {
  readonly redirectId: number;
  readonly isBroadcast: boolean;
  readonly isOptIn: boolean;
  readonly isOptOut: boolean;
  readonly isNoLoop: boolean;
  readonly prefixes: readonly string[];
}

export interface MonitorFeed {
  readonly count: number;
  add(session: Session): void;
  remove(session: Session): void;
  /** Shows a command to every client in MONITOR; the door calls it after the command ran. */
  report(session: Session, frame: Frame): void;
}

/** Slows down who guesses passwords, per address. */
export interface LoginDelays {
  /** How long the next attempt from there must wait, 0 for not at all. */
  delayMs(address: string): number;
  recordFailure(address: string): void;
  recordSuccess(address: string): void;
}

/** Averages over the last 16 samples of 100 ms, as INFO's instantaneous_* fields. */
export interface NodeRates {
  readonly commandsPerS: number;
  readonly inputBytesPerS: number;
  readonly outputBytesPerS: number;
}
