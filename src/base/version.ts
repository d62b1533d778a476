/** Set by the bundler from package.json; sources that run unbundled have none. */
declare const HYPERCACHE_VERSION: string | undefined;

/** This product's own version, as `hypercache --version` prints it. */
export const VERSION =
  typeof HYPERCACHE_VERSION === 'string' ? HYPERCACHE_VERSION : '0.0.0-unbundled';
