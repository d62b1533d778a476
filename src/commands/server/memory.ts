import { entryMemoryBytes } from '../../engine/entry-cost.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, type Execute, keysAt } from '../command-row.ts';
import { helpRow } from '../help-reply.ts';
import { integer64Argument } from '../integer-argument.ts';
import type { NodeServices } from '../node-services.ts';
import { measureMemory, ratio } from './memory-facts.ts';

function memoryRow(
  name: string,
  facts: Pick<CommandRow, 'complexity' | 'summary' | 'tips'>,
  execute: Execute,
): CommandRow {
  return {
    name,
    arity: 2,
    flags: [],
    group: 'server',
    since: '4.0.0',
    syntax: '',
    ...facts,
    execute,
  };
}

const REPORT_TIPS = [
  'nondeterministic_output',
  'request_policy:all_shards',
  'response_policy:special',
];

const usageRow: CommandRow = {
  name: 'usage',
  arity: -3,
  flags: ['readonly'],
  keys: [keysAt(2, 0, 1, 'RO')],
  group: 'server',
  since: '4.0.0',
  complexity: 'O(1)',
  summary: 'Tell how many bytes a key takes with its value and its share of the index',
  syntax: 'key [SAMPLES count]',
  execute({ database }, frame, reply) {
    for (let arg = 3; arg < frame.count; arg += 2) {
      if (!frame.equals(arg, 'SAMPLES') || arg + 1 >= frame.count) {
        return reply.error(ERRORS.syntax);
      }
      const count = integer64Argument(frame, arg + 1);
      if (count === null) return reply.error(ERRORS.notInteger);
      if (count < 0n) return reply.error(ERRORS.syntax);
    }
    const entry = database.find(frame, 2);
    if (entry === 0) reply.null();
    else reply.integer(entryMemoryBytes(database, entry));
  },
};

const statsRow = memoryRow(
  'stats',
  { complexity: 'O(1)', summary: 'Show where the memory goes, as numbers', tips: REPORT_TIPS },
  ({ node }, _frame, reply) => replyStats(node, reply),
);

/** A fact of MEMORY STATS; ratios and percentages are doubles. */
type Fact = readonly [name: string, value: number, kind?: 'double'];

function replyStats(node: NodeServices, reply: ReplyWriter): void {
  const facts = measureMemory(node);
  const { usedBytes, rssBytes, slabLiveBytes, slabHeldBytes, keyCount } = facts;
  const databases = node.stores.default.databases.filter((database) => database.count > 0);
  const before: Fact[] = [
    ['peak.allocated', facts.peakBytes],
    ['total.allocated', usedBytes],
    ['startup.allocated', 0],
    ['replication.backlog', 0],
    ['clients.slaves', 0],
    ['clients.normal', facts.clientBytes],
    ['cluster.links', 0],
    ['aof.buffer', 0],
    ['lua.caches', node.scripting.facts.scriptBytes],
    ['functions.caches', node.scripting.facts.functionBytes],
  ];
  const after: Fact[] = [
    ['overhead.total', facts.overheadBytes],
    ['keys.count', keyCount],
    ['keys.bytes-per-key', Math.floor(ratio(usedBytes, keyCount))],
    ['dataset.bytes', facts.datasetBytes],
    ['dataset.percentage', ratio(facts.datasetBytes, usedBytes) * 100, 'double'],
    ['peak.percentage', ratio(usedBytes, facts.peakBytes) * 100, 'double'],
    ['allocator.allocated', slabLiveBytes],
    ['allocator.active', slabHeldBytes],
    ['allocator.resident', slabHeldBytes],
    ['allocator-fragmentation.ratio', ratio(slabHeldBytes, slabLiveBytes), 'double'],
    ['allocator-fragmentation.bytes', slabHeldBytes - slabLiveBytes],
    ['allocator-rss.ratio', ratio(slabHeldBytes, slabHeldBytes), 'double'],
    ['allocator-rss.bytes', 0],
    ['rss-overhead.ratio', ratio(rssBytes, slabHeldBytes), 'double'],
    ['rss-overhead.bytes', rssBytes - slabHeldBytes],
    ['fragmentation', ratio(rssBytes, usedBytes), 'double'],
    ['fragmentation.bytes', rssBytes - usedBytes],
  ];
  reply.map(before.length + databases.length + after.length);
  replyFacts(reply, before);
  for (const database of databases) {
    reply.bulkText(`db.${database.index}`);
    reply.map(3);
    replyFacts(reply, [
      ['overhead.hashtable.main', database.entries.byteCount],
      ['overhead.hashtable.expires', database.wheel?.byteCount ?? 0],
      ['overhead.hashtable.slot-to-keys', 0],
    ]);
  }
  replyFacts(reply, after);
}

function replyFacts(reply: ReplyWriter, facts: readonly Fact[]): void {
  for (const [name, value, kind] of facts) {
    reply.bulkText(name);
    if (kind === 'double') reply.double(value);
    else reply.integer(value);
  }
}

const doctorRow = memoryRow(
  'doctor',
  {
    complexity: 'O(1)',
    summary: 'Report what looks wrong with the use of memory',
    tips: REPORT_TIPS,
  },
  ({ node }, _frame, reply) => reply.verbatim('txt', `${diagnosis(node)}\n`),
);

/** Below this nothing can be said: the process itself outweighs its data. */
const DIAGNOSED_BYTES_MIN = 5 * 1024 * 1024;

function diagnosis(node: NodeServices): string {
  const facts = measureMemory(node);
  if (facts.usedBytes < DIAGNOSED_BYTES_MIN) {
    return 'There is too little data in this node to judge how its memory is used.';
  }
  const findings: string[] = [];
  if (facts.peakBytes > facts.usedBytes * 1.5) {
    findings.push(
      'Peak: the node once used more than one and a half times what it uses now. Freed segments ' +
        'are given back a few at a time, so that the resident size follows slowly.',
    );
  }
  if (facts.slabHeldBytes > facts.slabLiveBytes * 1.4) {
    findings.push(
      'Fragmentation: segments hold over 1.4 times the bytes in use. Compaction runs in the ' +
        'background; if this stays, sizes of values change faster than it can follow.',
    );
  }
  if (facts.clientBytes > facts.usedBytes / 5) {
    findings.push(
      'Clients: their buffers take more than a fifth of the data. Look for clients that send ' +
        'without reading: CLIENT LIST shows omem for each.',
    );
  }
  if (findings.length === 0) return 'Nothing looks wrong with the memory of this node.';
  return findings.map((finding) => `* ${finding}`).join('\n');
}

const mallocStatsRow = memoryRow(
  'malloc-stats',
  {
    complexity: 'O(N) where N is the number of databases',
    summary: 'Show the state of the slab allocator, a line for each database in use',
    tips: REPORT_TIPS,
  },
  ({ node }, _frame, reply) => {
    const lines: string[] = [];
    for (const store of node.stores) {
      for (const { memory, count, entries, index } of store.databases) {
        if (memory.heldBytes === 0) continue;
        lines.push(
          `store=${store.name} db=${index} keys=${count} live_bytes=${memory.liveBytes} ` +
            `held_bytes=${memory.heldBytes} index_bytes=${entries.byteCount}\n`,
        );
      }
    }
    reply.verbatim('txt', lines.join(''));
  },
);

const purgeRow = memoryRow(
  'purge',
  {
    complexity: 'O(N) where N is the number of segments that hold little',
    summary: 'Give back memory that is held and not used',
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  },
  ({ node }, _frame, reply) => {
    for (const store of node.stores) store.runSlice(PURGE_BUDGET_MS);
    reply.ok();
  },
);

/** The rest is left to the background: no client waits for this one. */
const PURGE_BUDGET_MS = 5;

const memoryHelpRow = helpRow({
  container: 'MEMORY',
  group: 'server',
  since: '4.0.0',
  lines: [
    'DOCTOR',
    '    Return memory problems reports.',
    'MALLOC-STATS',
    '    Return internal statistics report from the memory allocator.',
    'PURGE',
    '    Attempt to purge dirty pages for reclamation by the allocator.',
    'STATS',
    '    Return information about the memory usage of the server.',
    'USAGE <key> [SAMPLES <count>]',
    '    Return memory in bytes used by <key> and its value. Nested values are',
    '    sampled up to <count> times (default: 5, 0 means sample all).',
  ],
});

export const memoryCommand: CommandRow = {
  name: 'memory',
  arity: -2,
  flags: [],
  group: 'server',
  since: '4.0.0',
  complexity: 'Depends on subcommand.',
  summary: 'Container of commands on the use of memory',
  syntax: '',
  subcommands: [doctorRow, memoryHelpRow, mallocStatsRow, purgeRow, statsRow, usageRow],
};
