import type { NodeServices } from '../node-services.ts';
import type { InfoField } from './info-field.ts';
import { measureMemory, ratio } from './memory-facts.ts';
import { measureBuffers } from './memory-watch.ts';

export function memoryFields(node: NodeServices): InfoField[] {
  const facts = measureMemory(node);
  const { maxMemoryBytes } = node.configuration.cache;
  const { usedBytes, rssBytes, slabLiveBytes, slabHeldBytes } = facts;
  const totalBytes = node.world.host.memoryBytesTotal;
  const { functions } = node.scripting;
  const { functionBytes, scriptBytes, scriptCount } = node.scripting.facts;
  return [
    ...withHuman('used_memory', usedBytes),
    ...withHuman('used_memory_rss', rssBytes),
    ...withHuman('used_memory_peak', facts.peakBytes),
    ['used_memory_peak_perc', percent(usedBytes, facts.peakBytes)],
    ['used_memory_overhead', facts.overheadBytes],
    ['used_memory_startup', 0],
    ['used_memory_dataset', facts.datasetBytes],
    ['used_memory_dataset_perc', percent(facts.datasetBytes, usedBytes)],
    ['slab_live_bytes', slabLiveBytes],
    ['slab_held_bytes', slabHeldBytes],
    ['index_bytes', facts.indexBytes],
    ['heap_used_bytes', facts.heapUsedBytes],
    ['allocator_allocated', slabLiveBytes],
    ['allocator_active', slabHeldBytes],
    ['allocator_resident', slabHeldBytes],
    ...withHuman('total_system_memory', totalBytes),
    ...withHuman('used_memory_lua', 0),
    ['used_memory_vm_eval', 0],
    ['used_memory_scripts_eval', scriptBytes],
    ['number_of_cached_scripts', scriptCount],
    ['number_of_functions', functions.functionCount],
    ['number_of_libraries', functions.libraryCount],
    ['used_memory_vm_functions', 0],
    ...withHuman('used_memory_vm_total', 0),
    ['used_memory_functions', functionBytes],
    ...withHuman('used_memory_scripts', scriptBytes + functionBytes),
    ...withHuman('maxmemory', maxMemoryBytes),
    ['maxmemory_policy', node.stores.default.policy.redisName],
    ['allocator_frag_ratio', ratio(slabHeldBytes, slabLiveBytes).toFixed(2)],
    ['allocator_frag_bytes', slabHeldBytes - slabLiveBytes],
    ['allocator_rss_ratio', ratio(slabHeldBytes, slabHeldBytes).toFixed(2)],
    ['allocator_rss_bytes', 0],
    ['rss_overhead_ratio', ratio(rssBytes, slabHeldBytes).toFixed(2)],
    ['rss_overhead_bytes', rssBytes - slabHeldBytes],
    ['mem_fragmentation_ratio', ratio(rssBytes, usedBytes).toFixed(2)],
    ['mem_fragmentation_bytes', rssBytes - usedBytes],
    ['mem_not_counted_for_evict', 0],
    ['mem_replication_backlog', 0],
    ['mem_total_replication_buffers', 0],
    ['mem_clients_slaves', 0],
    ['mem_clients_normal', facts.clientBytes],
    ['mem_cluster_links', 0],
    ['mem_aof_buffer', 0],
    ['mem_allocator', 'hypercache-slabs'],
    ['active_defrag_running', 0],
    ['lazyfree_pending_objects', 0],
    ['lazyfreed_objects', 0],
    ...ownFields(node),
  ];
}

/** What redis-server has no word for: the limit of the whole node, and how near it is. */
function ownFields(node: NodeServices): InfoField[] {
  const { memory } = node;
  const buffers = measureBuffers(node);
  return [
    ['node_max_memory', memory.limitBytes],
    ['node_used_memory', memory.storeBytes + buffers.total],
    ['node_reserved_memory', memory.reservedBytes],
    ['buffer_bytes', buffers.total],
    ['buffer_bytes_clients', buffers.clients],
    ['buffer_bytes_http', buffers.http],
    ['buffer_bytes_tracking', buffers.tracking],
    ['buffer_bytes_scripts', buffers.scripts + buffers.functions],
    ['buffer_bytes_slowlog', buffers.slowLog],
    ['buffer_bytes_subscriptions', buffers.subscriptions],
    ['buffer_bytes_watches', buffers.watches],
    ['memory_pressure', memory.pressure.ratio.toFixed(4)],
    ['memory_pressure_level', memory.pressure.level],
    ['memory_distressed_stores', memory.storesInDistress().length],
  ];
}

function withHuman(name: string, bytes: number): InfoField[] {
  return [
    [name, bytes],
    [`${name}_human`, humanBytes(bytes)],
  ];
}

function percent(part: number, whole: number): string {
  return `${(ratio(part, whole) * 100).toFixed(2)}%`;
}

const UNITS = ['K', 'M', 'G', 'T', 'P'];

/** `512B`, `1.50K`, `2.00G`. */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(2)}${UNITS[unit]}`;
}
