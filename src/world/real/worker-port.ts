import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../base/errors.ts';

/** The other end of `World.startWorker`: how a worker speaks with who started it. */
export interface WorkerPort {
  /** As `startWorker` was given it. */
  readonly data: unknown;
  post(message: unknown): void;
  onMessage(callback: (message: unknown) => void): void;
  /** No more messages: the thread ends when nothing else keeps it. */
  close(): void;
}

export function openWorkerPort(): WorkerPort {
  const port = parentPort;
  assert(port !== null, 'a worker entry runs in a worker');
  return {
    data: workerData,
    post: (message) => port.postMessage(message),
    onMessage: (callback) => void port.on('message', callback),
    close: () => port.close(),
  };
}
