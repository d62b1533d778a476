import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimulatedWorld } from '../world/simulated/simulated-world.ts';
import { loadConfiguration } from './load-configuration.ts';
import { readStartArguments } from './sources/command-line.ts';
import { describeProblem } from './sources/raw-setting.ts';
import { quoteAlways, splitRedisWords } from './table/redis-words.ts';

/** The directives that Debian's redis.conf sets, each with its value. */
const DEBIAN_DIRECTIVES = `
bind 127.0.0.1 -::1
protected-mode yes
port 6379
tcp-backlog 511
timeout 0
tcp-keepalive 300
daemonize yes
pidfile /run/redis/redis-server.pid
loglevel notice
logfile /var/log/redis/redis-server.log
databases 16
always-show-logo no
set-proc-title yes
proc-title-template "{title} {listen-addr} {server-mode}"
stop-writes-on-bgsave-error yes
rdbcompression yes
rdbchecksum yes
dbfilename dump.rdb
rdb-del-sync-files no
dir /var/lib/redis
replica-serve-stale-data yes
replica-read-only yes
repl-diskless-sync yes
repl-diskless-sync-delay 5
repl-diskless-sync-max-replicas 0
repl-diskless-load disabled
repl-disable-tcp-nodelay no
replica-priority 100
acllog-max-len 128
lazyfree-lazy-eviction no
lazyfree-lazy-expire no
lazyfree-lazy-server-del no
replica-lazy-flush no
lazyfree-lazy-user-del no
lazyfree-lazy-user-flush no
oom-score-adj no
oom-score-adj-values 0 200 800
disable-thp yes
appendonly no
appendfilename "appendonly.aof"
appenddirname "appendonlydir"
appendfsync everysec
no-appendfsync-on-rewrite no
auto-aof-rewrite-percentage 100
auto-aof-rewrite-min-size 64mb
aof-load-truncated yes
aof-use-rdb-preamble yes
aof-timestamp-enabled no
slowlog-log-slower-than 10000
slowlog-max-len 128
latency-monitor-threshold 0
notify-keyspace-events ""
hash-max-listpack-entries 512
hash-max-listpack-value 64
list-max-listpack-size -2
list-compress-depth 0
set-max-intset-entries 512
zset-max-listpack-entries 128
zset-max-listpack-value 64
hll-sparse-max-bytes 3000
stream-node-max-bytes 4096
stream-node-max-entries 100
activerehashing yes
client-output-buffer-limit normal 0 0 0
client-output-buffer-limit replica 256mb 64mb 60
client-output-buffer-limit pubsub 32mb 8mb 60
hz 10
dynamic-hz yes
aof-rewrite-incremental-fsync yes
rdb-save-incremental-fsync yes
jemalloc-bg-thread yes
`;

/** Those it shows commented out, with values as an operator would fill them in. */
const DEBIAN_EXAMPLES = `
unixsocket /run/redis/redis-server.sock
unixsocketperm 770
bind-source-addr 10.0.0.1
tls-port 6379
tls-cert-file redis.crt
tls-key-file redis.key
tls-key-file-pass secret
tls-client-cert-file client.crt
tls-client-key-file client.key
tls-client-key-file-pass secret
tls-dh-params-file redis.dh
tls-ca-cert-file ca.crt
tls-ca-cert-dir /etc/ssl/certs
tls-auth-clients optional
tls-replication yes
tls-cluster yes
tls-protocols "TLSv1.2 TLSv1.3"
tls-ciphers DEFAULT:!MEDIUM
tls-ciphersuites TLS_CHACHA20_POLY1305_SHA256
tls-prefer-server-ciphers yes
tls-session-caching no
tls-session-cache-size 5000
tls-session-cache-timeout 60
supervised auto
crash-log-enabled no
crash-memcheck-enabled no
syslog-enabled no
syslog-ident redis
syslog-facility local0
save 3600 1 300 100 60 10000
sanitize-dump-payload no
replicaof 10.0.0.2 6379
masterauth secret
masteruser name
repl-ping-replica-period 10
repl-timeout 60
repl-backlog-size 1mb
repl-backlog-ttl 3600
propagation-error-behavior ignore
replica-ignore-disk-write-errors no
replica-announced yes
min-replicas-to-write 3
min-replicas-max-lag 10
replica-announce-ip 5.5.5.5
replica-announce-port 1234
tracking-table-max-keys 1000000
user worker +@list +@connection ~jobs:* on >ffa9203c493aa99
aclfile /etc/redis/users.acl
requirepass foobared
acl-pubsub-default resetchannels
rename-command CONFIG b840fc02d524045429941cc15f59e41cb7be6c52
maxclients 10000
maxmemory 2gb
maxmemory-policy allkeys-lru
maxmemory-samples 5
maxmemory-eviction-tenacity 10
replica-ignore-maxmemory yes
active-expire-effort 1
io-threads 4
io-threads-do-reads no
shutdown-timeout 10
shutdown-on-sigint default
shutdown-on-sigterm nosave force
lua-time-limit 5000
busy-reply-threshold 5000
cluster-enabled no
cluster-config-file nodes-6379.conf
cluster-node-timeout 15000
cluster-port 0
cluster-replica-validity-factor 10
cluster-migration-barrier 1
cluster-allow-replica-migration yes
cluster-require-full-coverage yes
cluster-replica-no-failover no
cluster-allow-reads-when-down no
cluster-allow-pubsubshard-when-down yes
cluster-link-sendbuf-limit 0
cluster-announce-hostname ""
cluster-preferred-endpoint-type ip
cluster-announce-ip 10.1.1.5
cluster-announce-tls-port 6379
cluster-announce-port 0
cluster-announce-bus-port 6380
latency-tracking yes
latency-tracking-info-percentiles 50 99 99.9
client-query-buffer-limit 1gb
maxmemory-clients 1g
proto-max-bulk-len 512mb
activedefrag no
active-defrag-ignore-bytes 100mb
active-defrag-threshold-lower 10
active-defrag-threshold-upper 100
active-defrag-cycle-min 1
active-defrag-cycle-max 25
active-defrag-max-scan-fields 1000
server_cpulist 0-7:2
bio_cpulist 1,3
aof_rewrite_cpulist 8-11
bgsave_cpulist 1,10-11
ignore-warnings ARM64-COW-BUG
enable-protected-configs no
enable-debug-command local
enable-module-command no
loadmodule /path/to/my_module.so
`;

async function load(files: Record<string, string>) {
  const world = createSimulatedWorld();
  world.disk.makeDirectory('/conf.d');
  for (const [path, text] of Object.entries(files)) {
    world.disk.writeFileAtomic(path, Buffer.from(text));
  }
  return loadConfiguration(world, readStartArguments(['/redis.conf']));
}

test("every directive of Debian's redis.conf is taken, with three log lines in all", async () => {
  for (const text of [DEBIAN_DIRECTIVES, DEBIAN_EXAMPLES]) {
    const { problems, notices, assigned } = await load({ '/redis.conf': text });
    assert.deepEqual(problems, []);
    assert.equal(notices.length, 3);
    assert.match(notices[0]!, /^(daemonize yes|supervised auto): /);
    assert.ok(assigned.size > 60);
  }
});

test('directives arrive where the rooms read them', async () => {
  const { configuration } = await load({ '/redis.conf': DEBIAN_EXAMPLES });
  assert.equal(configuration.security.requirepass, 'foobared');
  assert.deepEqual(configuration.security.renamedCommands, [
    { from: 'config', to: 'b840fc02d524045429941cc15f59e41cb7be6c52' },
  ]);
  assert.deepEqual(configuration.security.users, [
    'worker +@list +@connection ~jobs:* on >ffa9203c493aa99',
  ]);
  assert.equal(configuration.cache.maxMemoryBytes, 2 * 1024 ** 3);
  assert.equal(configuration.cache.evictionPolicy, 'lru');
  assert.equal(configuration.network.clientMemoryBytesMax, 1_000_000_000);
  assert.equal(configuration.tls.protocols, 'TLSv1.2 TLSv1.3');
});

test('lines that add up add up, later ones win over earlier ones', async () => {
  const text = 'save 60 1\nsave 30 2\nrename-command a b\nrename-command c ""\nhz 5\nhz 7\n';
  const { configuration, problems } = await load({ '/redis.conf': text });
  assert.deepEqual(problems, []);
  assert.equal(configuration.persistence.savePoints.length, 2);
  assert.deepEqual(configuration.security.renamedCommands, [
    { from: 'a', to: 'b' },
    { from: 'c', to: '' },
  ]);
  assert.equal(configuration.node.hz, 7);
  const reset = await load({ '/redis.conf': 'save 60 1\nsave ""\n' });
  assert.deepEqual(reset.configuration.persistence.savePoints, []);
});

test('bad lines are refused with file, line and reason', async () => {
  const files = {
    '/redis.conf': 'hz 5\nmaxmemry 1\nport\nport 1 2\ntimeout -1\nhz "5\ninclude /more.conf\n',
    '/more.conf': '# x\nmaxmemory 1.5gb\nsave 60\ninclude /none.conf\n',
  };
  const { problems } = await load(files);
  assert.deepEqual(problems.map(describeProblem), [
    '/redis.conf:6: unbalanced quotes in configuration line',
    "/more.conf:4: can't open config file '/none.conf'",
    "/redis.conf:2: unknown directive 'maxmemry'; did you mean 'maxmemory'?",
    '/redis.conf:3: port: wrong number of arguments',
    '/redis.conf:4: port: wrong number of arguments',
    '/redis.conf:5: timeout: argument must be between 0 and 2147483647 inclusive',
    '/more.conf:2: maxmemory: argument must be a memory value',
    '/more.conf:3: save: Invalid save parameters',
  ]);
});

test('include is followed where it stands, with a pattern too, and not in circles', async () => {
  const { configuration, problems } = await load({
    '/redis.conf': 'hz 5\ninclude /conf.d/*.conf\ntimeout 9\n',
    '/conf.d/b.conf': 'hz 7\n',
    '/conf.d/a.conf': 'hz 6\ntimeout 8\n',
    '/conf.d/c.txt': 'nonsense\n',
  });
  assert.deepEqual(problems, []);
  assert.equal(configuration.node.hz, 7);
  assert.equal(configuration.network.idleTimeoutS, 9);
  const circle = await load({ '/redis.conf': 'include /redis.conf\n' });
  assert.deepEqual(circle.problems.map(describeProblem), ['/redis.conf:1: includes nest too deep']);
});

test('words split as sdssplitargs splits them', () => {
  const rows: [string, string[] | null][] = [
    ['', []],
    ['  a\tb  ', ['a', 'b']],
    ['save ""', ['save', '']],
    ['"a b" c', ['a b', 'c']],
    [String.raw`"\x41\n\"\\\q"`, ['A\n"\\q']],
    [String.raw`'it\'s' '\n'`, ["it's", '\\n']],
    ['a"b c"', ['ab c']],
    ['"a"b', null],
    ['"a', null],
    ["'a", null],
    ['"a\\', null],
  ];
  for (const [line, words] of rows) assert.deepEqual(splitRedisWords(line), words, line);
  for (const word of ['', 'a b', '"', '\\', '\n\r\t\x00\x7f', "'"]) {
    assert.deepEqual(splitRedisWords(quoteAlways(word)), [word]);
  }
});
