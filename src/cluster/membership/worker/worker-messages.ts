/** What the main thread and the thread of the gossip say to each other; each is copied. */
import type { LogFacts } from '../../../base/logger.ts';
import type { Member, MembershipOptions } from '../membership.ts';

/** What the thread is started with. */
export interface WorkerData {
  readonly options: MembershipOptions;
  /** One Int32 that the main thread raises while it turns. Shared. */
  readonly progress: SharedArrayBuffer;
  /** Float64s in the order of STAT_NAMES. Shared. */
  readonly stats: SharedArrayBuffer;
  /** Lines of level debug are wanted. */
  readonly isDebug: boolean;
}

export const STAT_NAMES = [
  'healthScore',
  'sentPackets',
  'receivedPackets',
  'sentBytes',
  'receivedBytes',
  'refusedPackets',
  'suspicions',
  'refutations',
] as const;

export type ToWorker =
  | { readonly kind: 'start' }
  | { readonly kind: 'tags'; readonly tags: ReadonlyMap<string, string> }
  | { readonly kind: 'event'; readonly name: string; readonly payload: Uint8Array }
  | {
      readonly kind: 'ask';
      readonly id: number;
      readonly name: string;
      readonly payload: Uint8Array;
      readonly timeoutMs: number;
    }
  | { readonly kind: 'respond'; readonly id: number; readonly payload: Uint8Array }
  | { readonly kind: 'join'; readonly host: string; readonly port: number }
  | { readonly kind: 'check'; readonly name: string }
  | { readonly kind: 'forceLeave'; readonly name: string }
  | { readonly kind: 'leave' }
  | { readonly kind: 'stop' };

export type FromWorker =
  | { readonly kind: 'started'; readonly port: number }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** All members, and the names of those that changed since the last time, in order. */
  | {
      readonly kind: 'members';
      readonly members: readonly Member[];
      readonly changed: readonly Member[];
    }
  | { readonly kind: 'failure'; readonly text: string }
  | { readonly kind: 'event'; readonly name: string; readonly payload: Uint8Array }
  | {
      readonly kind: 'query';
      readonly id: number;
      readonly name: string;
      readonly payload: Uint8Array;
      readonly from: string;
    }
  | { readonly kind: 'answers'; readonly id: number; readonly answers: Map<string, Uint8Array> }
  | { readonly kind: 'unasked'; readonly id: number; readonly refusal: Refusal }
  | { readonly kind: 'left' }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly action: string;
      readonly message: string;
      readonly facts: LogFacts;
    };

/** A NodeError, which would lose its class on the way. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, string | number>>;
}
