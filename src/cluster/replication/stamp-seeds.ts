import { deriveKey } from '../peers/link-key.ts';
import type { StampSeeds } from './stamp-table.ts';

export type { StampSeeds };

/** Of the hash that tags keys: the same on all nodes, unknown to clients. */
export function stampSeeds(clusterKey: string): StampSeeds {
  const bytes = deriveKey(clusterKey, 'stamps');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { seed0: view.getUint32(0, true), seed1: view.getUint32(4, true) };
}
