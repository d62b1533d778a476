import type { TurnClock } from '../../base/turn-clock.ts';
import type { Store } from '../store.ts';
import type { EvictionPolicy, PolicyContext } from './eviction-policy.ts';
import { AccessClock } from './sampling/access-clock.ts';
import { CandidatePool } from './sampling/candidate-pool.ts';

export function createLru(context: PolicyContext): EvictionPolicy {
  return new Lru(context, false);
}

export function createVolatileLru(context: PolicyContext): EvictionPolicy {
  return new Lru(context, true);
}

/** The longest idle of a sample goes (`candidate-pool.ts`). */
class Lru implements EvictionPolicy {
  readonly name: string;
  readonly redisName: string;
  readonly evicts = true;
  readonly accessKind = 'clock';
  readonly tracker = null;
  private readonly clock: TurnClock;
  private readonly accesses: AccessClock;
  private readonly isVolatile: boolean;
  private readonly pool = new CandidatePool();

  constructor({ clock, knownSinceMs }: PolicyContext, isVolatile: boolean) {
    this.name = isVolatile ? 'volatile-lru' : 'lru';
    this.redisName = isVolatile ? 'volatile-lru' : 'allkeys-lru';
    this.clock = clock;
    this.accesses = new AccessClock(clock, knownSinceMs);
    this.isVolatile = isVolatile;
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

  scoreOf(access: number): number {
    return this.accesses.idleS(access);
  }

  chooseVictim(store: Store): number {
    return this.pool.choose(store, this, this.isVolatile);
  }
}
