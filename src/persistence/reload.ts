/** DEBUG RELOAD and LOADAOF: what the disk holds is read again, within one command. */
import { NodeError } from '../base/errors.ts';
import { NEVER_LATE } from '../base/pace/sliced-work.ts';
import type { ReloadOptions } from '../commands/persistence-service.ts';
import { StoreLoader } from './store-loader.ts';
import type { StorePersistence } from './store-persistence.ts';

const NOT_LOADED = 'ERR Error trying to load the RDB dump';

/** @returns the error's text, null when done */
export function reloadSnapshot(
  keeper: StorePersistence,
  { isFlushed, isSaved }: ReloadOptions,
): string | null {
  const { logger, store } = keeper.parts;
  if (isSaved) {
    keeper.abortJob();
    if (keeper.save() !== 'done') return 'ERR';
  }
  try {
    const loader = new StoreLoader(keeper.parts, keeper.logs.log, 'snapshot');
    if (loader.kind !== 'snapshot') return NOT_LOADED;
    keeper.logs.unrecorded(() => {
      if (isFlushed) forget(keeper);
      while (!loader.step(NEVER_LATE));
    });
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    logger.error('load', error.message);
    return NOT_LOADED;
  }
  // What was read may be anything, and the log must say so.
  if ((!isSaved || !isFlushed) && keeper.logs.isOn) keeper.rewriteInBackground(false);
  keeper.snapshots.noteLoaded();
  logger.warn('load', 'DB reloaded by DEBUG RELOAD', { store: store.name });
  return null;
}

/** @returns the error's text, null when done */
export function reloadLog(keeper: StorePersistence): string | null {
  const { logger, store } = keeper.parts;
  const { appender, log } = keeper.logs;
  try {
    if (appender !== null && appender.secureNow() !== '') return 'ERR';
    keeper.abortJob();
    const loader = new StoreLoader(keeper.parts, log, 'log');
    keeper.logs.unrecorded(() => {
      forget(keeper);
      if (loader.kind === 'log') while (!loader.step(NEVER_LATE));
    });
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    logger.error('load', error.message);
    return 'ERR';
  }
  keeper.snapshots.noteLoaded();
  logger.warn('load', 'Append Only File loaded by DEBUG LOADAOF', { store: store.name });
  return null;
}

/** Who watches keys of it is told that they changed. */
function forget({ parts }: StorePersistence): void {
  parts.store.clear();
  parts.node.watches.dropStore(parts.store);
}
