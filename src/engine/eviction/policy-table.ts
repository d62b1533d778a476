import type { EvictionPolicy } from './eviction-policy.ts';
import { createLru } from './lru.ts';
import { createNoEviction } from './noeviction.ts';

/** Every policy under its own name and under Redis'. A policy keeps state: one object a store. */
export const POLICY_TABLE: Readonly<Record<string, () => EvictionPolicy>> = {
  noeviction: createNoEviction,
  lru: createLru,
  'allkeys-lru': createLru,
};
