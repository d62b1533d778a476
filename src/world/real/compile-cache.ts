import module from 'node:module';

/** From Node 22.1 on; the types are those of Node 20. */
interface CompileCache {
  enableCompileCache?(): void;
  flushCompileCache?(): void;
}

/**
 * Keeps what is compiled of the modules loaded from now on, where Node keeps it (NODE_COMPILE_CACHE
 * or the temporary directory): half of a start is compiling. A server may end by a signal that lets
 * nothing be written: so it is written early.
 */
export function keepCompiledCode(): void {
  const cache = module as CompileCache;
  cache.enableCompileCache?.();
  if (cache.flushCompileCache === undefined) return;
  setTimeout(() => cache.flushCompileCache?.(), FLUSH_AFTER_MS).unref();
}

/** The functions that a first client needs are compiled by then. */
const FLUSH_AFTER_MS = 5_000;
