/** What lies on disk, over HTTP: BGSAVE and BGREWRITEAOF of all stores or one, and how they are. */
import type {
  BackgroundOutcome,
  LoadingFacts,
  LogFacts,
  PersistenceFacts,
  SnapshotFacts,
} from '../../commands/persistence-service.ts';
import type { Store } from '../../engine/store.ts';
import { type RouteAnswer, type RouteRequest, type RouteRow, refusal } from '../route-row.ts';

const STORE_QUERY = {
  type: 'object',
  properties: { store: { type: 'string', description: 'One store; all of them when absent.' } },
};

const OUTCOME_SCHEMA = {
  type: 'object',
  properties: {
    success: { type: 'boolean' },
    stores: {
      type: 'object',
      description: 'By name: started, scheduled (something else runs), running, failed.',
      additionalProperties: { type: 'string' },
    },
  },
};

const STATISTICS_SCHEMA = {
  type: 'object',
  properties: {
    enabled: { type: 'boolean' },
    loading: { type: 'object', description: 'The loading at the start.' },
    stores: {
      type: 'object',
      description: 'By name: strategy, snapshot, log.',
      additionalProperties: { type: 'object' },
    },
  },
};

export const PERSISTENCE_ROUTES: readonly RouteRow[] = [
  {
    method: 'POST',
    path: '/api/admin/snapshot',
    operationId: 'saveSnapshot',
    summary: 'Begins a snapshot of each store, which is written while commands run',
    tag: 'admin',
    access: { by: 'route', command: 'bgsave' },
    query: STORE_QUERY,
    responses: outcomes('Begun, or waiting for what runs'),
    handle: (request) =>
      begin(request, (store) =>
        request.services.persistence.saveInBackground(store, {
          isScheduled: true,
          isWithinExec: false,
        }),
      ),
  },
  {
    method: 'POST',
    path: '/api/admin/aof-rewrite',
    operationId: 'rewriteLog',
    summary: 'Begins to write the log of each store anew, as short as the data allows',
    tag: 'admin',
    access: { by: 'route', command: 'bgrewriteaof' },
    query: STORE_QUERY,
    responses: outcomes('Begun, or waiting for what runs; stores without a log are left out'),
    handle: (request) =>
      begin(request, (store) => {
        const { persistence } = request.services;
        return persistence.hasLog(store) ? persistence.rewriteInBackground(store, false) : null;
      }),
  },
  {
    method: 'GET',
    path: '/api/admin/persistence-stats',
    operationId: 'getPersistenceStatistics',
    summary: 'Tells of each store what is kept on disk and how that goes',
    tag: 'admin',
    access: { by: 'route', command: 'info' },
    responses: { 200: { description: 'As it is now', schema: STATISTICS_SCHEMA } },
    handle(request) {
      const { configuration, persistence } = request.services;
      const stores: Record<string, unknown> = {};
      for (const store of storesOf(request)) {
        stores[store.name] = storeFacts(persistence.factsOf(store));
      }
      const facts = {
        enabled: configuration.persistence.enabled,
        loading: loadingFacts(persistence.isLoading, persistence.loading),
        stores,
      };
      return { status: 200, facts };
    },
  },
];

function outcomes(description: string): RouteRow['responses'] {
  return {
    202: { description, schema: OUTCOME_SCHEMA },
    404: { description: 'There is no such store' },
    500: { description: 'The disk refuses: the log of the node says why', schema: OUTCOME_SCHEMA },
  };
}

function begin(
  request: RouteRequest,
  start: (store: Store) => BackgroundOutcome | null,
): RouteAnswer {
  const { store: name } = request.query;
  const asked = storesOf(request).filter(
    (store) => name === undefined || store.name.toLowerCase() === name.toLowerCase(),
  );
  if (asked.length === 0) return refusal(404, `There is no store named '${name}'`, { store: name });
  const stores: Record<string, BackgroundOutcome> = {};
  for (const store of asked) {
    const outcome = start(store);
    if (outcome !== null) stores[store.name] = outcome;
  }
  const hasFailed = Object.values(stores).includes('failed');
  return { status: hasFailed ? 500 : 202, facts: { success: !hasFailed, stores } };
}

/** Those that the user may use. */
function storesOf({ caller, services }: RouteRequest): Store[] {
  const { user } = caller.session;
  return services.stores.all.filter((store) => user === null || user.mayUseStore(store.name));
}

function storeFacts({ log, snapshot, strategy }: PersistenceFacts): Record<string, unknown> {
  return { strategy, snapshot: snapshotFacts(snapshot), log: logFacts(log) };
}

function snapshotFacts(snapshot: SnapshotFacts): Record<string, unknown> {
  return {
    in_progress: snapshot.isRunning,
    last_ok: snapshot.isLastGood,
    last_failure: snapshot.lastFailure,
    last_save_time: snapshot.lastSaveS,
    last_duration_ms: snapshot.lastTookMs,
    last_bytes: snapshot.lastBytes,
    saves: snapshot.saveCount,
    changes_since_last_save: snapshot.changesSince,
    keys_written: snapshot.keysWritten,
    keys_total: snapshot.keysTotal,
    extra_memory: snapshot.extraBytes,
    last_extra_memory: snapshot.lastExtraBytes,
  };
}

function logFacts(log: LogFacts): Record<string, unknown> {
  return {
    enabled: log.isEnabled,
    failure: log.failure,
    current_bytes: log.currentBytes,
    base_bytes: log.baseBytes,
    pending_bytes: log.pendingBytes,
    unsynced_bytes: log.unsyncedBytes,
    syncs: log.syncCount,
    sync_in_progress: log.isSyncing,
    last_sync_duration_ms: log.lastSyncMs,
    delayed_syncs: log.delayedSyncCount,
    writers_held: log.slowCount,
    rewrite_in_progress: log.isRewriting,
    rewrite_scheduled: log.isRewriteScheduled,
    rewrites: log.rewriteCount,
    last_rewrite_ok: log.isLastRewriteGood,
  };
}

function loadingFacts(isLoading: boolean, loading: LoadingFacts): Record<string, unknown> {
  return {
    in_progress: isLoading,
    store: loading.storeName,
    total_bytes: loading.totalBytes,
    loaded_bytes: loading.loadedBytes,
    keys_loaded: loading.keyCount,
    keys_expired: loading.expiredCount,
    duration_ms: Math.round(loading.tookMs),
  };
}
