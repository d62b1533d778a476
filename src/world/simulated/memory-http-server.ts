import { EventEmitter } from 'node:events';
import type { HttpServer } from '../../base/world.ts';

/** Has no connections: who wants to ask something hands requests to the framework by itself. */
export function createMemoryHttpServer(port: number, onClosed: () => void): HttpServer {
  return {
    port,
    raw: new EventEmitter(),
    connectionCount: 0,
    heldBytes: 0,
    setHandler: () => {},
    replaceTls: () => {},
    close: async () => onClosed(),
    closeConnections: () => {},
  };
}
