import { posix } from 'node:path';

/** cgroup v1 says "no limit" with a number near 2^63. */
const NO_LIMIT_BYTES = 2 ** 60;

/**
 * The least memory limit of the control groups this process is in, or null where there is none.
 * Groups nest, and each level may limit: every level from ours to the root is asked.
 * @param readText  content of a file, or null when it cannot be read
 * @source cgroups(7); memory.max (v2), memory.limit_in_bytes (v1)
 */
export function findContainerLimitBytes(readText: (path: string) => string | null): number | null {
  const groups = readText('/proc/self/cgroup');
  if (groups === null) return null;
  let least = NO_LIMIT_BYTES;
  for (const line of groups.split('\n')) {
    // hierarchy-id:controllers:path, for v2 `0::/path`
    const [hierarchy, controllers, path] = line.split(':', 3);
    if (path === undefined) continue;
    const isUnified = hierarchy === '0' && controllers === '';
    if (!isUnified && !controllers.split(',').includes('memory')) continue;
    const root = isUnified ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory';
    const fileName = isUnified ? 'memory.max' : 'memory.limit_in_bytes';
    for (let at = posix.resolve('/', path); ; at = posix.dirname(at)) {
      // Inside a container the path may name a group of the host that is not mounted: not there.
      const limitBytes = Number.parseInt(readText(posix.join(root, at, fileName)) ?? '', 10);
      if (limitBytes > 0 && limitBytes < least) least = limitBytes;
      if (at === '/') break;
    }
  }
  return least === NO_LIMIT_BYTES ? null : least;
}
