import type { EvictionPolicy } from './eviction-policy.ts';
import { idleSeconds } from './lru.ts';

/** Nothing leaves: a full store refuses writes. Access times are kept for OBJECT IDLETIME. */
export function createNoEviction(): EvictionPolicy {
  return {
    name: 'noeviction',
    redisName: 'noeviction',
    evicts: false,
    initialAccess: (accessS) => accessS,
    onAccess: (_access, accessS) => accessS,
    idleS: idleSeconds,
    chooseVictim: () => 0,
  };
}
