import { hkdf } from '../../base/digest/hkdf.ts';
import type { LinkSecret } from '../../base/world.ts';

/**
 * What both ends of a link know. null: there is no cluster key, and links stay within the machine.
 */
export function linkSecret(clusterKey: string): LinkSecret | null {
  return clusterKey === '' ? null : { key: deriveKey(clusterKey, 'link') };
}

/** The same on all nodes of a cluster; tells nothing of its key. */
export function clusterDigest(clusterKey: string): string {
  return Buffer.from(deriveKey(clusterKey, 'cluster')).toString('hex');
}

/**
 * 32 bytes for one use out of the cluster key; without one they are known to everybody.
 * @param use  ours: other text, other bytes
 */
export function deriveKey(clusterKey: string, use: string): Uint8Array {
  return hkdf(Buffer.from(clusterKey, 'utf8'), {
    salt: Buffer.from('hypercache', 'utf8'),
    info: Buffer.from(`${use} 1`, 'utf8'),
    byteCount: 32,
  });
}
