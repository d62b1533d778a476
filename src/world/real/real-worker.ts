import { existsSync } from 'node:fs';
import { Worker as Thread } from 'node:worker_threads';
import { assert } from '../../base/errors.ts';
import type { Worker } from '../../base/world.ts';

/** Entries lie at the top of what was built: above this file's folder, or a bundle's chunks. */
const PLACES = ['./', '../', '../../'];

/** @see World.startWorker */
export function startRealWorker(name: string, data: unknown): Worker {
  const thread = new Thread(findEntry(name), { workerData: data, name });
  thread.unref();
  let failure: Error | null = null;
  thread.on('error', (error) => {
    failure = error;
  });
  return {
    post: (message) => thread.postMessage(message),
    onMessage: (callback) => void thread.on('message', callback),
    onExit: (callback) => void thread.on('exit', () => callback(failure)),
    terminate: async () => void (await thread.terminate()),
  };
}

function findEntry(name: string): URL {
  const urls = PLACES.map((place) => new URL(`${place}worker-${name}.js`, import.meta.url));
  const found = urls.find((url) => existsSync(url));
  assert(found !== undefined, 'every worker is an entry of the build');
  return found;
}
