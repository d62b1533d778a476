import { SLOT_COUNT, slotOfKey } from '../../base/digest/key-slot.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Database } from '../../engine/database.ts';
import { AddressBuffer } from '../../engine/keyspace/address-buffer.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { CommandRow } from '../command-row.ts';
import { integerArgument } from '../integer-argument.ts';
import type { NodeServices } from '../node-services.ts';
import { clusterRow } from './cluster-row.ts';
import { listSlotRanges, presentNodes } from './slot-ranges.ts';

export const infoCommand: CommandRow = clusterRow({
  name: 'info',
  arity: 2,
  flags: ['stale'],
  since: '3.0.0',
  complexity: 'O(1)',
  summary: 'Tell how the cluster is, as this node sees it',
  syntax: '',
  tips: ['nondeterministic_output'],
  execute({ node }, _frame, reply) {
    const lines = infoFields(node).map(([name, value]) => `${name}:${value}\r\n`);
    reply.verbatim('txt', lines.join(''));
  },
});

function infoFields({ cluster, counters }: NodeServices): [string, string | number][] {
  const ranges = listSlotRanges(cluster);
  const owners = new Set(ranges.map(({ owner }) => owner.id));
  const slotCount = ranges.reduce((count, { end, start }) => count + end - start + 1, 0);
  return [
    ['cluster_state', slotCount === SLOT_COUNT ? 'ok' : 'fail'],
    ['cluster_slots_assigned', slotCount],
    ['cluster_slots_ok', slotCount],
    // The slots of a node that fails have another owner at once.
    ['cluster_slots_pfail', 0],
    ['cluster_slots_fail', 0],
    ['cluster_known_nodes', presentNodes(cluster).length],
    ['cluster_size', owners.size],
    ['cluster_current_epoch', cluster.tableVersion],
    ['cluster_my_epoch', cluster.tableVersion],
    ['cluster_stats_messages_sent', counters[METRIC.linkMessagesSent]],
    ['cluster_stats_messages_received', counters[METRIC.linkMessagesReceived]],
    ['total_cluster_links_buffer_limit_exceeded', counters[METRIC.linkMessagesDropped]],
  ];
}

export const myidCommand: CommandRow = clusterRow({
  name: 'myid',
  arity: 2,
  flags: ['stale'],
  since: '3.0.0',
  complexity: 'O(1)',
  summary: 'Tell the id of this node',
  syntax: '',
  execute({ node }, _frame, reply) {
    reply.bulkLatin1(node.cluster.hexId);
  },
});

export const keyslotCommand: CommandRow = clusterRow({
  name: 'keyslot',
  arity: 3,
  flags: ['stale'],
  since: '3.0.0',
  complexity: 'O(N) where N is the number of bytes in the key',
  summary: 'Tell the slot of a key',
  syntax: 'key',
  execute(_session, frame, reply) {
    reply.integer(slotOfKey(frame.bytes, frame.offsets[2], frame.lengths[2]));
  },
});

export const countkeysinslotCommand: CommandRow = clusterRow({
  name: 'countkeysinslot',
  arity: 3,
  flags: ['stale'],
  since: '3.0.0',
  complexity: 'O(N) where N is the number of keys',
  summary: 'Count the keys of a slot that this node has',
  syntax: 'slot',
  execute({ node }, frame, reply) {
    const slot = integerArgument(frame, 2);
    if (Number.isNaN(slot)) return reply.error(ERRORS.notInteger);
    if (slot < 0 || slot >= SLOT_COUNT) return reply.error(ERRORS.clusterSlot);
    let count = 0;
    eachKeyInSlot(node.stores.default.databases[0], slot, () => {
      count++;
      return true;
    });
    reply.integer(count);
  },
});

export const getkeysinslotCommand: CommandRow = clusterRow({
  name: 'getkeysinslot',
  arity: 4,
  flags: ['stale'],
  since: '3.0.0',
  complexity: 'O(N) where N is the number of keys',
  summary: 'List keys of a slot that this node has',
  syntax: 'slot count',
  tips: ['nondeterministic_output'],
  execute({ node }, frame, reply) {
    const slot = integerArgument(frame, 2);
    const wantedCount = integerArgument(frame, 3);
    if (Number.isNaN(slot) || Number.isNaN(wantedCount)) return reply.error(ERRORS.notInteger);
    if (slot < 0 || slot >= SLOT_COUNT || wantedCount < 0) return reply.error(ERRORS.clusterKeys);
    const mark = reply.openAggregate();
    let count = 0;
    eachKeyInSlot(node.stores.default.databases[0], slot, (key) => {
      if (count === wantedCount) return false;
      reply.bulk(key.bytes, key.offset, key.length);
      count++;
      return true;
    });
    reply.closeArray(mark, count);
  },
});

type KeySlice = ReturnType<Database['keySlice']>;

/**
 * Walks all keys, as KEYS does: nobody asks for the keys of a slot often, and to keep them in lists
 * would cost every write.
 * @param visit  false: enough
 */
function eachKeyInSlot(database: Database, slot: number, visit: (key: KeySlice) => boolean): void {
  let cursor = 0;
  do {
    found.count = 0;
    cursor = database.scan(cursor, LIMITS.sliceEntryCount, found);
    for (let i = 0; i < found.count; i++) {
      const entry = found.addresses[i];
      if (database.isExpired(entry)) continue;
      const key = database.keySlice(entry);
      if (slotOfKey(key.bytes, key.offset, key.length) === slot && !visit(key)) return;
    }
  } while (cursor !== 0);
}

/** Of one step of one command; nothing is kept. */
const found = new AddressBuffer(64);
