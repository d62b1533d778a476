/** Puts the stores of a node under its memory limit, and tells when their pressure changes. */
import type { Logger } from '../../base/logger.ts';
import type { PressureChange } from '../../engine/memory/node-memory.ts';
import type { NodeServices } from '../node-services.ts';

/** Bytes that are the node's, not a store's. Each buffer is in one of them only. */
export interface BufferBytes {
  /** Input and output of clients, their queues of MULTI and what they wait for. */
  readonly clients: number;
  /** Requests and answers of HTTP that are under way. */
  readonly http: number;
  /** Keys that clients are told about. */
  readonly tracking: number;
  readonly scripts: number;
  readonly functions: number;
  readonly slowLog: number;
  readonly subscriptions: number;
  /** Keys of WATCH. */
  readonly watches: number;
  readonly total: number;
}

export function measureBuffers(node: NodeServices): BufferBytes {
  const clients = node.clients.heldBytes;
  const http = node.http.heldBytes;
  const tracking = node.tracking.heldBytes;
  const { scriptBytes: scripts, functionBytes: functions } = node.scripting.facts;
  const slowLog = node.slowLog.heldBytes;
  const subscriptions = node.pubsub.heldBytes;
  const watches = node.watches.heldBytes;
  const ofClients = clients + http + tracking + subscriptions + watches;
  const total = ofClients + scripts + functions + slowLog;
  return { clients, http, tracking, scripts, functions, slowLog, subscriptions, watches, total };
}

/** At the start of a node: from then on stores that come and go are counted. */
export function followMemory(node: NodeServices, logger: Logger): void {
  const { memory, stores } = node;
  memory.onPressure((change) => logPressure(change, logger));
  for (const store of stores) memory.admit(store);
  stores.onCreating((configuration) => memory.refuse(configuration));
  stores.onCreated((store) => memory.admit(store));
  stores.onDropped((store) => memory.dismiss(store));
  if (memory.reservedBytes <= memory.storeBytesMax) return;
  logger.warn('node-memory', 'More is reserved for stores than the node may hold: each gets less', {
    reservedBytes: memory.reservedBytes,
    limitBytes: memory.limitBytes,
  });
}

/** From time to time: limits follow the size of buffers, and levels the use. */
export function observeMemory(node: NodeServices): void {
  const { memory, statistics } = node;
  memory.observe(measureBuffers(node).total);
  statistics.observeMemory(memory.storeBytes);
}

/** A full store that evicts is as it should be; one that cannot will refuse writes. */
function logPressure(change: PressureChange, logger: Logger): void {
  const { store, level, before, usedBytes, limitBytes, canEvict } = change;
  const isBad = !canEvict && (level === 'critical' || level === 'panic');
  const facts = {
    ...(store === null ? {} : { store: store.name, evictionPolicy: store.policy.name }),
    level,
    before,
    usedBytes: Math.round(usedBytes),
    limitBytes: Math.round(limitBytes),
    canEvict,
  };
  const whose = store === null ? 'the node' : 'a store';
  const message = `Memory pressure of ${whose} is ${level}`;
  if (isBad) logger.warn('memory-pressure', message, facts);
  else logger.info('memory-pressure', message, facts);
}
