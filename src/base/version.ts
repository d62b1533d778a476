/** Set by the bundler from package.json; sources that run unbundled have none. */
declare const HYPERCACHE_VERSION: string | undefined;

/** This product's own version, as `hypercache --version` prints it. */
export const VERSION =
  typeof HYPERCACHE_VERSION === 'string' ? HYPERCACHE_VERSION : '0.0.0-unbundled';

/**
 * The Redis version whose behaviour clients and tools may rely on: INFO, HELLO and LOLWUT say it.
 */
export const REDIS_VERSION = '7.2.0';
