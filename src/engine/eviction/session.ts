import type { TurnClock } from '../../base/turn-clock.ts';
import type { Store } from '../store.ts';
import type { EvictionPolicy, EvictionSettings, PolicyContext } from './eviction-policy.ts';
import { CandidatePool } from './sampling/candidate-pool.ts';

const TIME_MASK = 0x7f_ffff;
const HAS_RETURNED = 0x80_0000;
/** Above every idle time. */
const RANK = 0x100_0000;

export function createSession(context: PolicyContext): EvictionPolicy {
  return new SessionPolicy(context);
}

/**
 * For sessions: many are begun and never come back to. Who did not return within the grace since
 * its creation goes first, the oldest first; then who has been idle longest; who is younger than
 * the grace is spared while there are others. Access bits:
 *
 *     has returned 1 | second of the last use 23 (wraps after 97 days)
 *
 * To return is to be used in a later second than that of the creation. The victim is the best of a
 * sample (`candidate-pool.ts`).
 */
class SessionPolicy implements EvictionPolicy {
  readonly name = 'session';
  readonly redisName = 'session';
  readonly evicts = true;
  readonly accessKind = 'session';
  readonly tracker = null;
  private readonly clock: TurnClock;
  private readonly settings: EvictionSettings;
  private readonly knownSinceMs: number;
  private readonly pool = new CandidatePool();

  constructor({ clock, settings, knownSinceMs }: PolicyContext) {
    this.clock = clock;
    this.settings = settings;
    this.knownSinceMs = knownSinceMs;
  }

  initialAccess(): number {
    return this.clock.accessS & TIME_MASK;
  }

  onAccess(access: number, _hash: number): number {
    const now = this.clock.accessS & TIME_MASK;
    return access === now ? access : now | HAS_RETURNED;
  }

  onOverwrite(access: number, hash: number): number {
    return this.onAccess(access, hash);
  }

  idleS(access: number): number {
    const idleS = (this.clock.accessS - access) & TIME_MASK;
    return Math.min(idleS, this.knownS());
  }

  frequency(_access: number, _hash: number): number {
    return -1;
  }

  scoreOf(access: number): number {
    const idleS = (this.clock.accessS - access) & TIME_MASK;
    const knownS = this.knownS();
    // Of what another policy left behind it is not known whether it returned.
    if (idleS > knownS) return RANK + knownS;
    if ((access & HAS_RETURNED) !== 0) return RANK + idleS;
    return idleS * 1000 >= this.settings.sessionGraceMs ? 2 * RANK + idleS : idleS;
  }

  chooseVictim(store: Store): number {
    return this.pool.choose(store, this, false, RANK);
  }

  private knownS(): number {
    return Math.max(0, Math.floor((this.clock.nowMs - this.knownSinceMs) / 1000));
  }
}
