/** INFO persistence: Redis' fields, of the default store; named stores have a line each. */
import type { NodeServices } from '../node-services.ts';
import type { LogFacts, SnapshotFacts } from '../persistence-service.ts';
import type { InfoField } from './info-field.ts';

export function persistenceFields(node: NodeServices): InfoField[] {
  const { persistence, stores } = node;
  const { log, snapshot } = persistence.factsOf(stores.default);
  return [
    ['loading', flag(persistence.isLoading)],
    ['async_loading', 0],
    ...snapshotFields(snapshot, log),
    ['rdb_last_load_keys_expired', persistence.loading.expiredCount],
    ['rdb_last_load_keys_loaded', persistence.loading.keyCount],
    ...rewriteFields(log, snapshot),
    ['module_fork_in_progress', 0],
    ['module_fork_last_cow_size', 0],
    ...(log.isEnabled ? logFields(log) : []),
    ...(persistence.isLoading ? loadingFields(node) : []),
    ...stores.named.map((store) => storeField(node, store)),
  ];
}

function snapshotFields(snapshot: SnapshotFacts, log: LogFacts): InfoField[] {
  const isWriting = snapshot.isRunning || log.isRewriting;
  const { keysTotal, keysWritten } = snapshot;
  const share = isWriting && keysTotal > 0 ? (keysWritten / keysTotal) * 100 : 0;
  return [
    ['current_cow_peak', snapshot.extraBytes],
    ['current_cow_size', snapshot.extraBytes],
    ['current_cow_size_age', 0],
    ['current_fork_perc', share.toFixed(2)],
    ['current_save_keys_processed', keysWritten],
    ['current_save_keys_total', keysTotal],
    ['rdb_changes_since_last_save', snapshot.changesSince],
    ['rdb_bgsave_in_progress', flag(snapshot.isRunning)],
    ['rdb_last_save_time', snapshot.lastSaveS],
    ['rdb_last_bgsave_status', snapshot.isLastGood ? 'ok' : 'err'],
    ['rdb_last_bgsave_time_sec', snapshot.lastTookS],
    ['rdb_current_bgsave_time_sec', snapshot.runningS],
    ['rdb_saves', snapshot.saveCount],
    ['rdb_last_cow_size', snapshot.lastExtraBytes],
  ];
}

function rewriteFields(log: LogFacts, snapshot: SnapshotFacts): InfoField[] {
  return [
    ['aof_enabled', flag(log.isEnabled)],
    ['aof_rewrite_in_progress', flag(log.isRewriting)],
    ['aof_rewrite_scheduled', flag(log.isRewriteScheduled)],
    ['aof_last_rewrite_time_sec', log.lastRewriteTookS],
    ['aof_current_rewrite_time_sec', log.runningS],
    ['aof_last_bgrewrite_status', log.isLastRewriteGood ? 'ok' : 'err'],
    ['aof_rewrites', log.rewriteCount],
    ['aof_rewrites_consecutive_failures', log.rewriteFailuresInRow],
    ['aof_last_write_status', log.failure === '' ? 'ok' : 'err'],
    ['aof_last_cow_size', log.rewriteCount === 0 ? 0 : snapshot.lastExtraBytes],
  ];
}

function logFields(log: LogFacts): InfoField[] {
  return [
    ['aof_current_size', log.currentBytes],
    ['aof_base_size', log.baseBytes],
    ['aof_pending_rewrite', 0],
    ['aof_buffer_length', log.pendingBytes],
    ['aof_pending_bio_fsync', flag(log.isSyncing)],
    ['aof_delayed_fsync', log.delayedSyncCount],
  ];
}

function loadingFields({ persistence, stores }: NodeServices): InfoField[] {
  const { loadedBytes, startedMs, tookMs, totalBytes } = persistence.loading;
  const share = totalBytes === 0 ? 1 : Math.min(1, loadedBytes / totalBytes);
  const leftS = share === 0 ? 1 : (tookMs / share - tookMs) / 1000;
  return [
    ['loading_start_time', Math.floor(startedMs / 1000)],
    ['loading_total_bytes', totalBytes],
    ['loading_rdb_used_mem', stores.all.reduce((sum, store) => sum + store.countedBytes(), 0)],
    ['loading_loaded_bytes', loadedBytes],
    ['loading_loaded_perc', (share * 100).toFixed(2)],
    ['loading_eta_seconds', Math.ceil(leftS)],
  ];
}

function storeField(
  { persistence }: NodeServices,
  store: NodeServices['stores']['default'],
): InfoField {
  const { log, snapshot, strategy } = persistence.factsOf(store);
  const values = [
    `strategy=${strategy}`,
    `rdb_changes_since_last_save=${snapshot.changesSince}`,
    `rdb_bgsave_in_progress=${flag(snapshot.isRunning)}`,
    `rdb_last_save_time=${snapshot.lastSaveS}`,
    `rdb_last_bgsave_status=${snapshot.isLastGood ? 'ok' : 'err'}`,
    `aof_rewrite_in_progress=${flag(log.isRewriting)}`,
    `aof_last_write_status=${log.failure === '' ? 'ok' : 'err'}`,
    `aof_current_size=${log.currentBytes}`,
  ];
  return [`store_${store.name}`, values.join(',')];
}

function flag(isUp: boolean): number {
  return isUp ? 1 : 0;
}
