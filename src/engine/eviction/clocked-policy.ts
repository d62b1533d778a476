import type { TurnClock } from '../../base/turn-clock.ts';
import type { Store } from '../store.ts';
import type { EvictionPolicy, PolicyContext } from './eviction-policy.ts';
import { AccessClock } from './sampling/access-clock.ts';

export interface ClockedPolicyRow {
  readonly name: string;
  readonly redisName: string;
  readonly evicts: boolean;
  /** As EvictionPolicy.chooseVictim. */
  readonly choose: (store: Store) => number;
}

/** A policy that does not ask when an entry was used; it is kept for OBJECT IDLETIME. */
export class ClockedPolicy implements EvictionPolicy {
  readonly name: string;
  readonly redisName: string;
  readonly evicts: boolean;
  readonly accessKind = 'clock';
  readonly tracker = null;
  private readonly clock: TurnClock;
  private readonly accesses: AccessClock;
  private readonly row: ClockedPolicyRow;

  constructor(row: ClockedPolicyRow, { clock, knownSinceMs }: PolicyContext) {
    this.name = row.name;
    this.redisName = row.redisName;
    this.evicts = row.evicts;
    this.clock = clock;
    this.accesses = new AccessClock(clock, knownSinceMs);
    this.row = row;
  }

  initialAccess(): number {
    return this.clock.accessS;
  }

  onAccess(_access: number, _hash: number): number {
    return this.clock.accessS;
  }

  onOverwrite(_access: number, _hash: number): number {
    return this.clock.accessS;
  }

  idleS(access: number): number {
    return this.accesses.idleS(access);
  }

  frequency(_access: number, _hash: number): number {
    return -1;
  }

  chooseVictim(store: Store): number {
    return this.row.choose(store);
  }
}
