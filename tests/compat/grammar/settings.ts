import type { Draft, Generator, GrammarRow } from '../generator.ts';

const YES_NO = ['yes', 'no', 'YES', 'maybe', '', '1'];
const COUNTS = ['0', '1', '10', '128', '-1', 'abc', '', '99999999999999999999', '1.5'];
const BYTES = ['0', '1', '64kb', '1mb', '2GB', '5 mb', '1k', '-1', 'abc', ''];

/** Settings that both servers know and that change no reply of another command here. */
const SETTINGS: readonly (readonly [string, readonly string[]])[] = [
  ['slowlog-max-len', COUNTS],
  ['latency-monitor-threshold', ['0', '100000', 'abc', '-1']],
  ['latency-tracking', ['yes', 'YES', 'maybe', '']],
  ['latency-tracking-info-percentiles', ['50 99', '99.9', '', '101', 'abc', '0 100']],
  ['lfu-decay-time', COUNTS],
  ['lfu-log-factor', COUNTS],
  ['maxmemory-samples', ['1', '5', '10', '0', '64', '-1', 'abc']],
  ['maxmemory-policy', ['noeviction', 'NOEVICTION', 'nonsense', '']],
  ['maxmemory-eviction-tenacity', COUNTS],
  ['timeout', ['0', '100000', '-1', 'abc']],
  ['tcp-keepalive', COUNTS],
  ['hash-max-listpack-entries', COUNTS],
  ['hash-max-ziplist-value', COUNTS],
  ['list-max-listpack-size', COUNTS],
  ['list-compress-depth', COUNTS],
  ['set-max-intset-entries', COUNTS],
  ['zset-max-listpack-value', COUNTS],
  ['stream-node-max-bytes', BYTES],
  ['stream-node-max-entries', COUNTS],
  ['hll-sparse-max-bytes', BYTES],
  ['repl-backlog-size', BYTES],
  ['auto-aof-rewrite-min-size', BYTES],
  ['auto-aof-rewrite-percentage', COUNTS],
  ['lazyfree-lazy-expire', YES_NO],
  ['lazyfree-lazy-user-del', YES_NO],
  ['activerehashing', YES_NO],
  ['dynamic-hz', YES_NO],
  ['active-expire-effort', ['1', '10', '0', '11', 'abc']],
  ['appendfsync', ['always', 'everysec', 'no', 'NO', 'never', '']],
  ['loglevel', ['notice', 'warning', 'Notice', 'loud', '']],
  ['acllog-max-len', COUNTS],
  ['tracking-table-max-keys', COUNTS],
  ['cluster-node-timeout', COUNTS],
  // Only at the start, or never.
  ['databases', ['16', '4', 'abc']],
  ['daemonize', YES_NO],
  ['tcp-backlog', COUNTS],
  ['cluster-enabled', YES_NO],
  ['io-threads', COUNTS],
];

/** Names of which CONFIG GET must tell the same, besides those that are changed here. */
const EQUAL_SETTINGS = [
  'appendfilename',
  'appendonly',
  'busy-reply-threshold',
  'client-output-buffer-limit',
  'cluster-require-full-coverage',
  'dbfilename',
  'maxclients',
  'maxmemory',
  'min-replicas-to-write',
  'no-appendfsync-on-rewrite',
  'notify-keyspace-events',
  'oom-score-adj-values',
  'proc-title-template',
  'proto-max-bulk-len',
  'rdbcompression',
  'replica-priority',
  'requirepass',
  'save',
  'shutdown-timeout',
  'slave-read-only',
  'unixsocketperm',
];

const SETTING_PATTERNS = [
  'hash-max-*',
  'slowlog-*',
  '*-max-ziplist-*',
  'lfu-[dl]*',
  'LAZYFREE*',
  'aof-*',
  'tls-*-file',
  'repl-*',
  '*percent*',
  'nothing*',
  '?z',
  '[',
  '',
];

export const SETTING_ROWS: readonly GrammarRow[] = [
  { name: 'CONFIG GET', weight: 2.5, comparison: 'unordered', make: configGet },
  {
    name: 'CONFIG SET',
    weight: 2.5,
    make: (g, d) => {
      for (let i = g.between(1, 2); i > 0; i--) {
        const [name, values] = g.pick(SETTINGS);
        if (g.chance(0.95)) d.label('known').add(g.chance(0.9) ? name : g.mixCase(name));
        else d.label('unknown').add('no-such-setting');
        d.add(g.pick(values));
      }
    },
  },
];

function configGet(g: Generator, draft: Draft): void {
  for (let i = g.between(1, 2); i > 0; i--) {
    const kind = g.below(10);
    if (kind < 4) draft.label('name').add(g.pick(SETTINGS)[0]);
    else if (kind < 6) draft.label('name').add(g.mixCase(g.pick(EQUAL_SETTINGS)));
    else if (kind < 9) draft.label('pattern').add(g.pick(SETTING_PATTERNS));
    else draft.label('unknown').add('no-such-setting');
  }
}
