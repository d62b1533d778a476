import type { Configuration } from '../base/configuration.ts';
import type { TurnClock } from '../base/turn-clock.ts';
import type { World } from '../base/world.ts';
import type { Store } from '../engine/store.ts';
import type { CommandTable } from './command-table.ts';
import type { Session } from './session.ts';
import type { SlowLog } from './slow-log.ts';
import type { LatencyMonitor } from './latency-monitor.ts';
import type { WatchTable } from './watch-table.ts';

/** What commands need of the node they run in. Built once, in `node.ts`; a value, never a global. */
export interface NodeServices {
  readonly world: World;
  readonly clock: TurnClock;
  readonly configuration: Configuration;
  readonly settings: SettingsService;
  readonly table: CommandTable;
  readonly stores: readonly Store[];
  readonly counters: Float64Array;
  readonly clients: ClientRegistry;
  readonly pubsub: PubSub;
  readonly watches: WatchTable;
  readonly slowLog: SlowLog;
  readonly latency: LatencyMonitor;
  readonly monitors: MonitorFeed;
  /** 40 hexadecimal digits, new at each start. */
  readonly runId: string;
  readonly startedMs: number;
  readonly version: string;
  /** Ports really bound, for INFO and COMMAND; 0 when closed. */
  readonly ports: { resp: number; tls: number };
  /** Ends the node: answers pending replies, then closes. Exit code 0. */
  shutdown(options: { now: boolean; save: boolean | null; force: boolean }): void;
  /** Blocks the event loop; only DEBUG SLEEP asks for that. */
  sleepBlocking(ms: number): void;
}

export interface SettingsService {
  /** CONFIG GET: names and values of all settings that match one of the glob patterns. */
  get(patterns: readonly string[]): (readonly [string, string])[];
  /** CONFIG SET: all or none. The error reply's text, or null when done. */
  set(pairs: readonly (readonly [string, string])[]): string | null;
  rewrite(): string | null;
  /** Path of the configuration file, '' when there is none. */
  readonly filePath: string;
}

export interface ClientRegistry {
  readonly count: number;
  byId(id: number): Session | undefined;
  all(): Iterable<Session>;
  /** CLIENT PAUSE: holds writes, or everything, of all clients until that moment. */
  pause(untilMs: number, what: 'write' | 'all'): void;
  unpause(): void;
  readonly pausedUntilMs: number;
}

/** Channels, patterns and shard channels are binary: strings with one char per byte (latin1). */
export interface PubSub {
  /** @returns number of clients that received it */
  publish(channel: Uint8Array, message: Uint8Array): number;
  publishShard(channel: Uint8Array, message: Uint8Array): number;
  /** These answer the client themselves, one push per name, as Redis does. */
  subscribe(session: Session, kind: SubscriptionKind, names: readonly string[]): void;
  /** No names: all of that kind. */
  unsubscribe(session: Session, kind: SubscriptionKind, names: readonly string[]): void;
  /** On close and RESET, without replies. */
  removeAll(session: Session): void;
  channels(pattern: string | null, kind: 'channel' | 'shard'): string[];
  subscriberCount(channel: string, kind: 'channel' | 'shard'): number;
  readonly patternCount: number;
}

export type SubscriptionKind = 'channel' | 'pattern' | 'shard';

export interface MonitorFeed {
  readonly count: number;
  add(session: Session): void;
  remove(session: Session): void;
}
