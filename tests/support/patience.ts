/** Time limits are written for a quiet machine; a slow or busy one has so many times as long. */
const SLOWNESS = 6;

/** For how long to wait, in vain, for what takes that long at most where nothing is in its way. */
export function patiently(ms: number): number {
  return ms * SLOWNESS;
}
