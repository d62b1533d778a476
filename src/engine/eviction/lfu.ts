import type { TurnClock } from '../../base/turn-clock.ts';
import type { Store } from '../store.ts';
import type { EvictionPolicy, EvictionSettings, PolicyContext } from './eviction-policy.ts';
import { CandidatePool } from './sampling/candidate-pool.ts';
import { QuickRandom } from './sampling/quick-random.ts';

const COUNTER_MAX = 255;
/** A new key's: it is not to go before it had a chance. */
const COUNTER_INITIAL = 5;
const MINUTE_MASK = 0xffff;
const MINUTE_MS = 60_000;

export function createLfu(context: PolicyContext): EvictionPolicy {
  return new Lfu(context, false);
}

export function createVolatileLfu(context: PolicyContext): EvictionPolicy {
  return new Lfu(context, true);
}

/**
 * The least often used of a sample goes. As in Redis, the access bits are
 *
 *     minute of the last change 16 | counter 8
 *
 * and the counter is a logarithm: an access raises it with probability
 * `1 / ((counter - 5) * lfu-log-factor + 1)`, and it falls by one for each lfu-decay-time minutes
 * without an access. Among equals the one whose last access is the longest ago goes.
 */
class Lfu implements EvictionPolicy {
  readonly name: string;
  readonly redisName: string;
  readonly evicts = true;
  readonly accessKind = 'lfu';
  readonly tracker = null;
  private readonly clock: TurnClock;
  private readonly settings: EvictionSettings;
  private readonly random: QuickRandom;
  private readonly isVolatile: boolean;
  private readonly knownSinceMinute: number;
  private readonly pool = new CandidatePool();
  /** The clock's `accessS` when `minute` was reckoned: a division a second, not one an access. */
  private minuteOfS = -1;
  private minute = 0;

  constructor(context: PolicyContext, isVolatile: boolean) {
    const { clock, settings, random, knownSinceMs } = context;
    this.name = isVolatile ? 'volatile-lfu' : 'lfu';
    this.redisName = isVolatile ? 'volatile-lfu' : 'allkeys-lfu';
    this.clock = clock;
    this.settings = settings;
    this.random = new QuickRandom(random.u32());
    this.isVolatile = isVolatile;
    this.knownSinceMinute = Math.floor(knownSinceMs / MINUTE_MS);
  }

  initialAccess(): number {
    return (this.nowMinute() << 8) | COUNTER_INITIAL;
  }

  onAccess(access: number, _hash: number): number {
    return (this.nowMinute() << 8) | this.raised(this.counterOf(access));
  }

  onOverwrite(access: number, _hash: number): number {
    return (this.nowMinute() << 8) | this.raised(this.counterOf(access));
  }

  idleS(_access: number): number {
    return -1;
  }

  frequency(access: number, _hash: number): number {
    return this.counterOf(access);
  }

  scoreOf(access: number): number {
    return ((COUNTER_MAX - this.counterOf(access)) << 16) | this.elapsedMinutes(access);
  }

  chooseVictim(store: Store): number {
    return this.pool.choose(store, this, this.isVolatile);
  }

  private raised(counter: number): number {
    if (counter === COUNTER_MAX) return counter;
    const above = counter > COUNTER_INITIAL ? counter - COUNTER_INITIAL : 0;
    const odds = above * this.settings.lfuLogFactor + 1;
    return odds === 1 || this.random.u32() * odds < 0x1_0000_0000 ? counter + 1 : counter;
  }

  private counterOf(access: number): number {
    const elapsed = this.elapsedMinutes(access);
    if (elapsed > this.nowMinuteWhole() - this.knownSinceMinute) return COUNTER_INITIAL;
    const decayMin = this.settings.lfuDecayTimeMin;
    const counter = access & COUNTER_MAX;
    if (decayMin === 0 || elapsed < decayMin) return counter;
    const periods = Math.floor(elapsed / decayMin);
    return periods > counter ? 0 : counter - periods;
  }

  private elapsedMinutes(access: number): number {
    return (this.nowMinute() - (access >>> 8)) & MINUTE_MASK;
  }

  private nowMinute(): number {
    return this.nowMinuteWhole() & MINUTE_MASK;
  }

  private nowMinuteWhole(): number {
    const { clock } = this;
    if (clock.accessS !== this.minuteOfS) {
      this.minuteOfS = clock.accessS;
      this.minute = Math.floor(clock.nowMs / MINUTE_MS);
    }
    return this.minute;
  }
}
