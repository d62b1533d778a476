import type { OutputBufferLimit } from '../../base/configuration.ts';

/** Since when a client's unread output is above its soft limit; 0 while it is below. */
export interface OutputWatch {
  softLimitSinceMs: number;
}

/** Which limit so many unread bytes break, '' for none. */
export function brokenOutputLimit(
  watch: OutputWatch,
  limit: OutputBufferLimit,
  bytes: number,
  nowMs: number,
): '' | 'hard' | 'soft' {
  if (limit.softBytes === 0 || bytes <= limit.softBytes) watch.softLimitSinceMs = 0;
  else if (watch.softLimitSinceMs === 0) watch.softLimitSinceMs = nowMs;
  if (limit.hardBytes > 0 && bytes > limit.hardBytes) return 'hard';
  const softMs = watch.softLimitSinceMs === 0 ? 0 : nowMs - watch.softLimitSinceMs;
  return softMs > limit.softS * 1000 ? 'soft' : '';
}
