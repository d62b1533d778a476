import { STORE_STAT } from '../../engine/store-stats.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import type { Command } from '../command-table.ts';
import type { NodeServices } from '../node-services.ts';
import type { InfoField } from './info-field.ts';

export function statsFields(node: NodeServices): InfoField[] {
  const { counters, rates, pubsub } = node;
  return [
    ['total_connections_received', counters[METRIC.connectionsReceived]],
    ['total_commands_processed', node.table.calls],
    ['instantaneous_ops_per_sec', Math.round(rates.commandsPerS)],
    ['total_net_input_bytes', counters[METRIC.netInputBytes]],
    ['total_net_output_bytes', counters[METRIC.netOutputBytes]],
    ['total_net_repl_input_bytes', 0],
    ['total_net_repl_output_bytes', 0],
    ['instantaneous_input_kbps', (rates.inputBytesPerS / 1024).toFixed(2)],
    ['instantaneous_output_kbps', (rates.outputBytesPerS / 1024).toFixed(2)],
    ['instantaneous_input_repl_kbps', '0.00'],
    ['instantaneous_output_repl_kbps', '0.00'],
    ['rejected_connections', counters[METRIC.connectionsRejected]],
    ['sync_full', 0],
    ['sync_partial_ok', 0],
    ['sync_partial_err', 0],
    ['expired_keys', sumOf(node, STORE_STAT.EXPIRED)],
    ['expired_subkeys', sumOf(node, STORE_STAT.EXPIRED_FIELDS)],
    ['expired_stale_perc', '0.00'],
    ['expired_time_cap_reached_count', counters[METRIC.expireTimeCapReached]],
    ['expire_cycle_cpu_milliseconds', 0],
    ['evicted_keys', sumOf(node, STORE_STAT.EVICTED)],
    ['evicted_clients', counters[METRIC.evictedClients]],
    ['total_eviction_exceeded_time', 0],
    ['current_eviction_exceeded_time', 0],
    ['keyspace_hits', sumOf(node, STORE_STAT.HITS)],
    ['keyspace_misses', sumOf(node, STORE_STAT.MISSES)],
    ['pubsub_channels', pubsub.channelCount],
    ['pubsub_patterns', pubsub.patternCount],
    ['pubsubshard_channels', pubsub.shardChannelCount],
    ['latest_fork_usec', 0],
    ['total_forks', 0],
    ['migrate_cached_sockets', 0],
    ['slave_expires_tracked_keys', 0],
    ['active_defrag_hits', 0],
    ['active_defrag_misses', 0],
    ['active_defrag_key_hits', 0],
    ['active_defrag_key_misses', 0],
    ['total_active_defrag_time', 0],
    ['current_active_defrag_time', 0],
    ['tracking_total_keys', node.tracking.keyCount],
    ['tracking_total_items', node.tracking.itemCount],
    ['tracking_total_prefixes', node.tracking.prefixCount],
    ['unexpected_error_replies', 0],
    ['total_error_replies', counters[METRIC.errorReplies]],
    ['dump_payload_sanitizations', 0],
    ['total_reads_processed', counters[METRIC.readsProcessed]],
    ['total_writes_processed', counters[METRIC.writesProcessed]],
    ['io_threaded_reads_processed', 0],
    ['io_threaded_writes_processed', 0],
    ['acl_access_denied_auth', counters[METRIC.deniedLogins]],
    ['acl_access_denied_cmd', counters[METRIC.deniedCommands]],
    ['acl_access_denied_key', counters[METRIC.deniedKeys]],
    ['acl_access_denied_channel', counters[METRIC.deniedChannels]],
    ['reply_buffer_shrinks', counters[METRIC.replyBufferShrinks]],
    ['reply_buffer_expands', counters[METRIC.replyBufferGrowths]],
    ['out_of_memory_refusals', counters[METRIC.outOfMemoryRefusals]],
  ];
}

export function sumOf(node: NodeServices, slot: number): number {
  return node.stores.all.reduce((sum, store) => sum + store.stats[slot], 0);
}

export function commandFields(node: NodeServices): InfoField[] {
  const fields: InfoField[] = [];
  for (const command of withSubcommands(node.table.commands)) {
    const { calls, rejectedCalls, failedCalls } = command;
    if (calls === 0 && rejectedCalls === 0 && failedCalls === 0) continue;
    const perCall = calls === 0 ? 0 : command.usec / calls;
    fields.push([
      `cmdstat_${command.fullName}`,
      `calls=${calls},usec=${Math.round(command.usec)},usec_per_call=${perCall.toFixed(2)},` +
        `rejected_calls=${rejectedCalls},failed_calls=${failedCalls}`,
    ]);
  }
  return fields;
}

export function errorFields(node: NodeServices): InfoField[] {
  const codes = [...node.statistics.errors].sort(([left], [right]) => (left < right ? -1 : 1));
  return codes.map(([code, count]) => [`errorstat_${code}`, `count=${count}`]);
}

export function latencyFields(node: NodeServices): InfoField[] {
  const { tracking, trackingPercentiles } = node.configuration.latency;
  if (!tracking) return [];
  return [...node.latency.histograms].map(([name, histogram]) => {
    const percentiles = trackingPercentiles.map(
      (percent) => `p${percent}=${histogram.percentileUs(percent).toFixed(3)}`,
    );
    return [`latency_percentiles_usec_${name}`, percentiles.join(',')];
  });
}

export function* withSubcommands(commands: readonly Command[]): Generator<Command> {
  for (const command of commands) {
    yield command;
    if (command.subcommands !== null) yield* command.subcommands.values();
  }
}
