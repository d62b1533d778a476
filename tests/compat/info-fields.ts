import type { Reply } from '../../src/testing/reply-decoder.ts';

/** Two servers that got the same commands agree on these to the last digit. */
const EXACT_FIELDS = new Set([
  'redis_mode',
  'arch_bits',
  'role',
  'connected_slaves',
  'loading',
  'blocked_clients',
  'tracking_clients',
  'maxmemory',
  'maxmemory_policy',
  'maxclients',
  'pubsub_channels',
  'pubsub_patterns',
  'keyspace_hits',
  'keyspace_misses',
  'total_error_replies',
  'evicted_keys',
  'cluster_enabled',
]);

type Sections = Map<string, Map<string, string>>;

/**
 * Sections and fields that redis-server has and we have not, or that must be equal and are not;
 * what we tell beyond is welcome.
 * @returns '' when there is no difference
 */
export function infoDifference(oracle: Reply, ours: Reply): string {
  if (oracle.kind !== ours.kind) return `${oracle.kind} and ${ours.kind}`;
  const theirs = sectionsOf(oracle);
  const mine = sectionsOf(ours);
  const differences: string[] = [];
  for (const [title, fields] of theirs) {
    const found = mine.get(title);
    if (found === undefined) differences.push(`no section ${title}`);
    else differences.push(...fieldDifferences(fields, found));
  }
  for (const title of mine.keys()) if (!theirs.has(title)) differences.push(`section ${title}`);
  return differences.join(', ');
}

function* fieldDifferences(theirs: Map<string, string>, mine: Map<string, string>) {
  for (const [name, value] of theirs) {
    const other = mine.get(name);
    if (other === undefined) yield `no ${name}`;
    else if (comparable(name, value) !== comparable(name, other)) {
      yield `${name} ${value} and ${other}`;
    }
  }
}

/** What two servers that were sent the same commands have in common. */
function comparable(name: string, value: string): string {
  if (EXACT_FIELDS.has(name) || name.startsWith('errorstat_')) return value;
  if (/^db\d+$/.test(name)) return value.replace(/,avg_ttl=.*/, '');
  // How many pages a whole scan takes is each server's own affair.
  if (name === 'cmdstat_scan') return '';
  if (name.startsWith('cmdstat_')) return value.replace(/usec=\d+,usec_per_call=[\d.]+,/, '');
  return '';
}

function sectionsOf(reply: Reply): Sections {
  const sections: Sections = new Map();
  if (reply.kind !== 'bulk' && reply.kind !== 'verbatim') return sections;
  let fields = new Map<string, string>();
  for (const line of reply.bytes.toString('latin1').split('\r\n')) {
    const at = line.indexOf(':');
    if (line.startsWith('# ')) {
      fields = new Map();
      sections.set(line.slice(2), fields);
    } else if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1));
  }
  return sections;
}
