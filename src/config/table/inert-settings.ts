import type { Codec } from './codec.ts';
import { Refusal } from './codec.ts';
import {
  choice,
  INT_MAX,
  integer,
  LONG_MAX,
  size,
  text,
  UNSIGNED_LONG_MAX,
  yesNo,
} from './codecs.ts';
import { oomScores, repeatedLines, shutdownFlags } from './redis-codecs.ts';
import type { Setting } from './setting.ts';
import { inert } from './setting.ts';

/**
 * What redis-server 7.0.15 knows and HyperCache has no use for: checked as there, kept as text and
 * echoed, so that tools which read a parameter back or set it at start go on working.
 */

const IMMUTABLE = { access: 'immutable' } as const;
const SECRET = { secret: true } as const;
const COUNT = integer({ min: 0, max: INT_MAX });
const POSITIVE = integer({ min: 1, max: INT_MAX });
const LONG_COUNT = integer({ min: 0, max: LONG_MAX });
const PORT = integer({ min: 0, max: 65_535 });
const PERCENT = integer({ min: 1, max: 99 });
const THRESHOLD = integer({ min: 0, max: 1000 });
const ANY_TEXT = text();

export const INERT_SETTINGS: readonly Setting[] = [
  inert('activedefrag', onlyNo(), 'no'),
  inert('active-defrag-cycle-max', PERCENT, '25'),
  inert('active-defrag-cycle-min', PERCENT, '1'),
  inert('active-defrag-ignore-bytes', size({ min: 1, max: LONG_MAX }), '104857600'),
  inert('active-defrag-max-scan-fields', integer({ min: 1, max: LONG_MAX }), '1000'),
  inert('active-defrag-threshold-lower', THRESHOLD, '10'),
  inert('active-defrag-threshold-upper', THRESHOLD, '100'),
  inert('always-show-logo', yesNo(), 'no', IMMUTABLE),
  inert('aof-disable-auto-gc', yesNo(), 'no'),
  inert('aof-rewrite-incremental-fsync', yesNo(), 'yes'),
  inert('aof_rewrite_cpulist', ANY_TEXT, '', IMMUTABLE),
  inert('bgsave_cpulist', ANY_TEXT, '', IMMUTABLE),
  inert('bind-source-addr', ANY_TEXT, ''),
  inert('bio_cpulist', ANY_TEXT, '', IMMUTABLE),
  inert('cluster-allow-pubsubshard-when-down', yesNo(), 'yes'),
  inert('cluster-allow-reads-when-down', yesNo(), 'no'),
  inert('cluster-allow-replica-migration', yesNo(), 'yes'),
  inert('cluster-announce-bus-port', PORT, '0'),
  inert('cluster-announce-hostname', text(refuseHostname), ''),
  inert('cluster-announce-ip', ANY_TEXT, ''),
  inert('cluster-announce-port', PORT, '0'),
  inert('cluster-announce-tls-port', PORT, '0'),
  inert('cluster-config-file', ANY_TEXT, 'nodes.conf', IMMUTABLE),
  inert('cluster-link-sendbuf-limit', size({ min: 0, max: UNSIGNED_LONG_MAX }), '0'),
  inert('cluster-migration-barrier', COUNT, '1'),
  inert('cluster-port', PORT, '0', IMMUTABLE),
  inert('cluster-preferred-endpoint-type', choice(['ip', 'hostname', 'unknown-endpoint']), 'ip'),
  inert('cluster-replica-no-failover', yesNo(), 'no', { alias: 'cluster-slave-no-failover' }),
  inert('cluster-replica-validity-factor', COUNT, '10', {
    alias: 'cluster-slave-validity-factor',
  }),
  inert('crash-log-enabled', yesNo(), 'yes'),
  inert('crash-memcheck-enabled', yesNo(), 'yes'),
  inert('daemonize', yesNo(), 'no', {
    ...IMMUTABLE,
    help: 'The node stays in the foreground; leave it to the service manager.',
  }),
  inert('disable-thp', yesNo(), 'yes', IMMUTABLE),
  inert('dynamic-hz', yesNo(), 'yes'),
  inert('ignore-warnings', ANY_TEXT, ''),
  inert('io-threads', integer({ min: 1, max: 128 }), '1', IMMUTABLE),
  inert('io-threads-do-reads', yesNo(), 'no', IMMUTABLE),
  inert('jemalloc-bg-thread', yesNo(), 'yes'),
  inert('key-load-delay', integer({ min: -INT_MAX - 1, max: INT_MAX }), '0', { hidden: true }),
  inert('loadmodule', asLines(), '', { access: 'directive' }),
  inert('loading-process-events-interval-bytes', size({ min: 1024, max: INT_MAX }), '2097152', {
    hidden: true,
  }),
  inert('masterauth', ANY_TEXT, '', SECRET),
  inert('masteruser', ANY_TEXT, '', SECRET),
  inert('oom-score-adj', choice(['no', 'yes', 'relative', 'absolute']), 'no'),
  inert('oom-score-adj-values', oomScores(), '0 200 800'),
  inert('proc-title-template', text(refuseTitle), '{title} {listen-addr} {server-mode}'),
  inert('propagation-error-behavior', choice(['ignore', 'panic', 'panic-on-replicas']), 'ignore'),
  inert('rdb-del-sync-files', yesNo(), 'no'),
  inert('rdb-key-save-delay', integer({ min: -INT_MAX - 1, max: INT_MAX }), '0', { hidden: true }),
  inert('rdb-save-incremental-fsync', yesNo(), 'yes'),
  inert('rdbchecksum', yesNo(), 'yes', IMMUTABLE),
  inert('repl-backlog-ttl', LONG_COUNT, '3600'),
  inert('repl-disable-tcp-nodelay', yesNo(), 'no'),
  inert('repl-diskless-load', choice(['disabled', 'on-empty-db', 'swapdb']), 'disabled'),
  inert('repl-diskless-sync', yesNo(), 'yes'),
  inert('repl-diskless-sync-delay', COUNT, '5'),
  inert('repl-diskless-sync-max-replicas', COUNT, '0'),
  inert('repl-ping-replica-period', POSITIVE, '10', { alias: 'repl-ping-slave-period' }),
  inert('repl-timeout', POSITIVE, '60'),
  inert('replica-announce-ip', ANY_TEXT, '', { alias: 'slave-announce-ip' }),
  inert('replica-announce-port', PORT, '0', { alias: 'slave-announce-port' }),
  inert('replica-announced', yesNo(), 'yes'),
  inert('replica-ignore-disk-write-errors', yesNo(), 'no'),
  inert('replica-ignore-maxmemory', yesNo(), 'yes', { alias: 'slave-ignore-maxmemory' }),
  inert('replica-priority', COUNT, '100', { alias: 'slave-priority' }),
  inert('replica-read-only', yesNo(), 'yes', { alias: 'slave-read-only' }),
  inert('replica-serve-stale-data', yesNo(), 'yes', { alias: 'slave-serve-stale-data' }),
  inert('replicaof', asLines(), '', { ...IMMUTABLE, alias: 'slaveof', effect: 'later' }),
  inert('sanitize-dump-payload', choice(['no', 'yes', 'clients']), 'no'),
  inert('server_cpulist', ANY_TEXT, '', IMMUTABLE),
  inert('set-proc-title', yesNo(), 'yes', IMMUTABLE),
  inert('shutdown-on-sigint', shutdownFlags(), 'default'),
  inert('shutdown-on-sigterm', shutdownFlags(), 'default'),
  inert('socket-mark-id', integer({ min: 0, max: 4_294_967_295 }), '0', IMMUTABLE),
  inert('supervised', choice(['upstart', 'systemd', 'auto', 'no']), 'no', {
    ...IMMUTABLE,
    help: 'Accepted; readiness is told to nobody: a systemd unit has Type=exec.',
  }),
  inert('syslog-enabled', yesNo(), 'no', IMMUTABLE),
  inert('syslog-facility', syslogFacility(), 'local0', IMMUTABLE),
  inert('syslog-ident', ANY_TEXT, 'redis', IMMUTABLE),
  inert('tls-client-cert-file', ANY_TEXT, ''),
  inert('tls-client-key-file', ANY_TEXT, ''),
  inert('tls-client-key-file-pass', ANY_TEXT, '', SECRET),
  inert('tls-cluster', yesNo(), 'no'),
  inert('tls-dh-params-file', ANY_TEXT, ''),
  inert('tls-replication', yesNo(), 'no'),
  inert('use-exit-on-panic', yesNo(), 'no', { ...IMMUTABLE, hidden: true }),
  inert('watchdog-period', COUNT, '0', { hidden: true }),
];

/** Directives of old files that redis-server 7.0.15 reads and forgets. */
export const FORGOTTEN_DIRECTIVES: readonly string[] = [
  'list-max-ziplist-entries',
  'list-max-ziplist-value',
  'lua-replicate-commands',
];

function onlyNo(): Codec<boolean> {
  const reason =
    'Active defragmentation cannot be enabled: it requires a Redis server compiled with a ' +
    'modified Jemalloc like the one shipped by default with the Redis source distribution';
  const plain = yesNo();
  return {
    ...plain,
    parseRedis: (words, current, isRepeat) => {
      const value = plain.parseRedis(words, current, isRepeat);
      return value === true ? new Refusal(reason) : value;
    },
  };
}

function syslogFacility(): Codec<string> {
  const names = ['user', ...Array.from({ length: 8 }, (_, number) => `local${number}`)];
  return choice(names);
}

function asLines(): Codec<string> {
  const lines = repeatedLines();
  return {
    ...lines,
    parse: (value) => value,
    parseList: (items) => items.join(' '),
    print: (value) => value,
    parseRedis: (words) => words.join(' '),
    printRedis: (value) => value,
    rewriteLines: (value) => (value === '' ? [] : [value]),
  };
}

function refuseHostname(name: string): string | null {
  if (name.length >= 256) {
    return 'Hostnames must be less than 256 characters';
  }
  return /^[A-Za-z0-9.-]*$/.test(name)
    ? null
    : 'Hostnames may only contain alphanumeric characters, hyphens or dots';
}

const FILLED_VARIABLES = /\{(listen-addr|server-mode|port|tls-port)\}/g;
const EMPTY_VARIABLES = /\{(title|unixsocket|config-file)\}/g;

/** As redis-server checks it: filled in without a title, something must be left. */
function refuseTitle(template: string): string | null {
  const title = template.replace(FILLED_VARIABLES, 'x').replace(EMPTY_VARIABLES, '');
  const isGood = !/[{}]/.test(title) && title.trim() !== '';
  return isGood ? null : 'template format is invalid or contains unknown variables';
}
