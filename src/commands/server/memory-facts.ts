import type { NodeServices } from '../node-services.ts';

/** What INFO memory, MEMORY STATS and MEMORY DOCTOR tell, measured once for one reply. */
export interface MemoryFacts {
  /** Counted bytes of all stores: what maxmemory bounds. */
  readonly usedBytes: number;
  readonly peakBytes: number;
  readonly rssBytes: number;
  /** Blocks in use, class rounding included. */
  readonly slabLiveBytes: number;
  /** Segments held, in use or not. */
  readonly slabHeldBytes: number;
  readonly indexBytes: number;
  /** Index and expiry wheels: all that is counted and holds no key and no value. */
  readonly overheadBytes: number;
  readonly datasetBytes: number;
  /** Buffers of connections, and names of keys that clients are told about. */
  readonly clientBytes: number;
  readonly keyCount: number;
  readonly heapUsedBytes: number;
}

export function measureMemory(node: NodeServices): MemoryFacts {
  let usedBytes = 0;
  let slabLiveBytes = 0;
  let slabHeldBytes = 0;
  let indexBytes = 0;
  let keyCount = 0;
  for (const store of node.stores) {
    usedBytes += store.countedBytes();
    slabLiveBytes += store.liveBytes();
    slabHeldBytes += store.heldBytes();
    indexBytes += store.indexBytes();
    for (const database of store.databases) keyCount += database.count;
  }
  node.statistics.observeMemory(usedBytes);
  const { rssBytes, heapUsedBytes } = node.world.host.memoryUse();
  const datasetBytes = Math.min(usedBytes, slabLiveBytes);
  return {
    usedBytes,
    peakBytes: node.statistics.memoryBytesPeak,
    rssBytes,
    slabLiveBytes,
    slabHeldBytes,
    indexBytes,
    overheadBytes: usedBytes - datasetBytes,
    datasetBytes,
    clientBytes: node.clients.heldBytes + node.tracking.heldBytes,
    keyCount,
    heapUsedBytes,
  };
}

/** 0 when there is nothing to divide by. */
export function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
