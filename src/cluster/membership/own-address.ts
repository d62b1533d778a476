import { NodeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { World } from '../../base/world.ts';
import { splitPlace } from './rejoining.ts';
import { isLoopback, isUnspecified } from './wire/ip-address.ts';

const DIAL_MS = 1_000;
const LOOPBACK = '127.0.0.1';

/**
 * What others can send to, where the node listens on all addresses of its machine: what its host
 * name stands for, else the address from which a seed is reached.
 */
export async function findOwnAddress(options: {
  world: World;
  logger: Logger;
  host: string;
  seeds: readonly string[];
}): Promise<string> {
  const { world, logger, host, seeds } = options;
  if (!isUnspecified(host)) return host;
  const named = await resolve(world, world.host.hostname);
  const found = named.find((address) => !isLoopback(address));
  if (found !== undefined) return found;
  for (const seed of seeds) {
    const address = await findAddressTowards(world, seed);
    if (address !== '' && !isLoopback(address)) return address;
  }
  logger.warn('address', 'other machines cannot be told where this node is: set advertise_addr', {
    hostname: world.host.hostname,
  });
  return LOOPBACK;
}

async function resolve(world: World, name: string): Promise<string[]> {
  try {
    return await world.network.resolve(name);
  } catch (error) {
    if (error instanceof NodeError) return [];
    throw error;
  }
}

/** @returns '' when nobody answers there */
async function findAddressTowards(world: World, seed: string): Promise<string> {
  const place = splitPlace(seed);
  try {
    const options = { ...place, timeoutMs: DIAL_MS, secret: null };
    const socket = await world.network.dial(options);
    const { localAddress } = socket;
    socket.setHandler({ onReadable() {}, onDrained() {}, onEnd() {}, onClose() {} });
    socket.destroy();
    return localAddress;
  } catch (error) {
    if (error instanceof NodeError) return '';
    throw error;
  }
}
