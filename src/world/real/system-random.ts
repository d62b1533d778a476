import { closeSync, openSync, readSync } from 'node:fs';

/** The kernel's generator, which node:crypto asks as well. */
const SOURCE = '/dev/urandom';

/**
 * Fills bytes from the system's generator for secrets. A start needs a few (hash seeds, the run's
 * id), for which loading node:crypto would take 3 ms; where there is no such file, it is loaded.
 */
export function fillRandom(bytes: Uint8Array): void {
  if (bytes.length > 0 && !readSource(bytes)) {
    process.getBuiltinModule('node:crypto').randomFillSync(bytes);
  }
}

/** @returns false when nothing, or not all, could be read */
function readSource(bytes: Uint8Array): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(SOURCE, 'r');
  } catch {
    // Windows, or a container without devices.
    return false;
  }
  try {
    return readSync(descriptor, bytes, 0, bytes.length, null) === bytes.length;
  } finally {
    closeSync(descriptor);
  }
}
