import type { World } from '../base/world.ts';
import { machineCiphers } from './ciphers.ts';
import { gzipCompression } from './gzip.ts';
import { RealNetwork } from './network/real-network.ts';
import { createRealClock, createRealTimers, RealRandom } from './real/real-clock.ts';
import { createRealDisk } from './real/real-disk.ts';
import { createRealHost } from './real/real-host.ts';
import { startRealWorker } from './real/real-worker.ts';

/** The machine itself. */
export function createRealWorld(): World {
  return {
    clock: createRealClock(),
    timers: createRealTimers(),
    random: new RealRandom(),
    disk: createRealDisk(),
    network: new RealNetwork(),
    compression: gzipCompression,
    ciphers: machineCiphers,
    host: createRealHost(),
    startWorker: startRealWorker,
  };
}
