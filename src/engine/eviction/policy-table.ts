import type { EvictionPolicy, PolicyContext } from './eviction-policy.ts';
import { createFifo } from './fifo.ts';
import { createLfu, createVolatileLfu } from './lfu.ts';
import { createLru, createVolatileLru } from './lru.ts';
import { createNoEviction } from './noeviction.ts';
import { createRandom, createVolatileRandom } from './random.ts';
import { createS3Fifo } from './s3fifo.ts';
import { createSession } from './session.ts';
import { createSieve } from './sieve.ts';
import { createTtl, createVolatileTtl } from './ttl.ts';
import { createTinyLfu } from './w-tinylfu.ts';

/** Every policy under its own name and under Redis'. A policy keeps state: one object a store. */
export const POLICY_TABLE: Readonly<Record<string, (context: PolicyContext) => EvictionPolicy>> = {
  noeviction: createNoEviction,
  lru: createLru,
  'allkeys-lru': createLru,
  lfu: createLfu,
  'allkeys-lfu': createLfu,
  fifo: createFifo,
  ttl: createTtl,
  session: createSession,
  random: createRandom,
  'allkeys-random': createRandom,
  s3fifo: createS3Fifo,
  sieve: createSieve,
  'w-tinylfu': createTinyLfu,
  'volatile-lru': createVolatileLru,
  'volatile-lfu': createVolatileLfu,
  'volatile-random': createVolatileRandom,
  'volatile-ttl': createVolatileTtl,
};
