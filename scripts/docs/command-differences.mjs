/**
 * What docs/commands.md says of commands that are not as in redis-server: where replies differ, and
 * why a command is absent. Names as in COMMAND DOCS, `client|list`; a container stands for all of
 * its subcommands. Every line is checked: the command exists in Redis, and is here or is not.
 */

const FOLLOWS = 'refused: slots follow from the nodes of the cluster';

/** Commands that are here, and answer otherwise than redis-server 7.0 in some case. */
export const DIFFERENCES = {
  asking: 'ASK is never sent; taken where clients are redirected',
  'client|info': 'buffers that one node shares are shown as 0; `lib-name` and `lib-ver` as in 7.2',
  'client|list': 'as CLIENT INFO; the embedding program has no line',
  'client|tracking': 'prefixes that overlap one another are refused in any order',
  'cluster|addslots': FOLLOWS,
  'cluster|addslotsrange': FOLLOWS,
  'cluster|bumpepoch': 'tells the version of the table, which changes by itself',
  'cluster|countkeysinslot': 'walks all keys',
  'cluster|delslots': FOLLOWS,
  'cluster|delslotsrange': FOLLOWS,
  'cluster|failover': 'refused: owners follow from the nodes',
  'cluster|flushslots': FOLLOWS,
  'cluster|getkeysinslot': 'walks all keys',
  'cluster|help': 'what is refused is left out',
  'cluster|meet': 'the port, or the third argument, is that of the gossip',
  'cluster|replicate': 'refused: owners follow from the nodes',
  'cluster|reset': 'refused: a node leaves when it is stopped',
  'cluster|saveconfig': 'OK: what is known of others is kept whenever it changes',
  'cluster|set-config-epoch': FOLLOWS,
  'cluster|setslot': FOLLOWS,
  'command|docs': 'summaries and arguments are told in words of our own',
  'config|get': 'the settings of this server, of which `docs/settings.md` tells',
  'config|set': 'as CONFIG GET',
  debug: "crashes, restarts and RELOAD are refused; what tests Redis' own structures is absent",
  info: 'what this server does not have is 0; some fields are added',
  lastsave: 'the start of the node, for nothing is saved yet',
  'latency|doctor': 'in words of our own',
  lolwut: 'a drawing of our own',
  'memory|doctor': 'in words of our own',
  'memory|malloc-stats': 'of our own allocator',
  'memory|stats': 'the same fields, measured on our own structures',
  'memory|usage': 'exact, so SAMPLES changes nothing; sizes are those of our own structures',
  'module|load': 'refused: there are no modules',
  'module|loadex': 'refused: there are no modules',
  'module|unload': 'refused: there are no modules',
  'object|refcount': 'as Redis would answer; values are never shared here',
  replicaof: 'only NO ONE: there is no replication by this protocol',
  slaveof: 'as REPLICAOF',
  wait: 'there are no replicas: answers 0 at once or when the time is over',
  'xinfo|stream':
    '`radix-tree-nodes` is estimated from the first 10,000 nodes, so the time is bounded',
};

const REPLICATION =
  'the replication protocol of Redis is not spoken; copies are kept by the nodes of a cluster';

/** Commands of redis-server 7.0 that are not here. */
export const ABSENCES = {
  failover: REPLICATION,
  migrate: 'slots are moved by the nodes themselves',
  psync: REPLICATION,
  replconf: REPLICATION,
  sync: REPLICATION,
};

/** For those without a line: what remains to be built. */
export const NOT_YET = 'not part of this version yet';
