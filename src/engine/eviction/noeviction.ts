import { ClockedPolicy } from './clocked-policy.ts';
import type { EvictionPolicy, PolicyContext } from './eviction-policy.ts';

/** Nothing leaves: a full store refuses writes. */
export function createNoEviction(context: PolicyContext): EvictionPolicy {
  const name = 'noeviction';
  return new ClockedPolicy({ name, redisName: name, evicts: false, choose: () => 0 }, context);
}
