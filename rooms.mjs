/**
 * The map of the house as data. `npm run tidy` holds every file under `src/` to it: what a room is
 * for, what it may import, and how large its files may grow.
 */

/** Every room may import these, itself aside. */
export const FLOOR = ['base', 'observability/metrics'];

/**
 * Room -> charter and allowed imports. A room's name is its folder under `src/`; the longest
 * matching name owns a file. `floor: false` takes the floor away.
 */
export const ROOMS = {
  base: {
    charter: 'bytes, hash, assert, limits, errors, the World interface',
    floor: false,
    imports: [],
  },
  world: {
    charter: 'the real sockets, disk, clock, timers, randomness; simulated/ has their fakes',
    floor: false,
    imports: ['base'],
  },
  'observability/metrics': {
    charter: 'one row per metric; counters are slots of one Float64Array',
    floor: false,
    imports: ['base'],
  },
  'observability/logging': { charter: 'one JSON line per event, correlation id', imports: [] },
  'observability/tracing': { charter: 'a sampled span per command', imports: [] },
  config: {
    charter: 'one row per setting: path, type, default, unit, env name, check, help',
    floor: false,
    imports: ['base'],
  },
  protocol: { charter: 'RESP2/RESP3 bytes to frames, replies to bytes, error rows', imports: [] },
  engine: { charter: 'named stores; knows no wire, no file, no peer', imports: [] },
  rdb: { charter: 'the RDB format: values to bytes and back', imports: ['engine'] },
  journal: {
    charter: 'every effect, encoded once, in order, checksummed; readers hold an offset',
    imports: ['protocol', 'engine'],
  },
  commands: {
    charter: 'one row per command, grouped by family; the door in',
    imports: ['observability/tracing', 'protocol', 'engine', 'rdb'],
  },
  scripting: { charter: 'Lua 5.1 for EVAL and FUNCTION', imports: ['protocol', 'commands'] },
  replay: {
    charter: 'recorded commands, executed past the door: of logs, of other nodes',
    imports: ['protocol', 'engine', 'journal', 'commands'],
  },
  persistence: {
    charter: 'journal to AOF, stores to snapshot, both to stores at start',
    imports: [
      'observability/logging',
      'protocol',
      'engine',
      'journal',
      'rdb',
      'replay',
      'commands',
    ],
  },
  cluster: {
    charter: 'membership, coordination, placement, replication, authenticated links',
    imports: [
      'observability/logging',
      'protocol',
      'engine',
      'rdb',
      'journal',
      'replay',
      'commands',
    ],
  },
  server: {
    charter: 'RESP listener, connections, sessions, pub/sub, blocking, acknowledgement gate',
    imports: ['observability/logging', 'observability/tracing', 'protocol', 'commands'],
  },
  http: {
    charter: 'route table: REST API, health, /metrics; of the engine it reads statistics',
    imports: ['observability/logging', 'observability/tracing', 'protocol', 'engine', 'commands'],
  },
  embedded: {
    charter: 'direct calls without a socket, through the same door',
    imports: ['world', 'config', 'protocol', 'commands', 'node.ts'],
  },
  cli: {
    charter: 'a row per command of the command line; what people and programs are told',
    floor: false,
    imports: ['base', 'config', 'protocol', 'persistence', 'rdb'],
  },
  testing: {
    charter: 'in-process run(), fixtures, seeded generators; imported by tests only',
    imports: ['*'],
  },
};

/** Files outside of every room. `node.ts` alone knows all rooms; the two entries start it. */
export const ENTRIES = {
  'main.ts': {
    charter: 'what stands before everything that is compiled',
    imports: ['world', 'run-main.ts'],
  },
  'run-main.ts': {
    charter: 'argv in, exit code out',
    imports: ['base', 'world', 'cli', 'serve.ts'],
  },
  'serve.ts': {
    charter: 'what `start` loads: the node and its log',
    imports: ['base', 'cli', 'observability/logging', 'node.ts'],
  },
  'node.ts': {
    charter: 'builds every room, hands each its World, starts and stops them in order',
    imports: ['*'],
  },
  'node-stores.ts': {
    charter: 'the stores of a node: what they are made of, and what follows when one is dropped',
    imports: ['*'],
  },
  'node-settings.ts': {
    charter: 'what of a running node follows its settings',
    imports: ['*'],
  },
  'node-health.ts': {
    charter: "what of a node's rooms its health check tells",
    imports: ['base', 'commands', 'observability/metrics'],
  },
  'node-files.ts': {
    charter: 'how the open files that the system allows are shared by the connections of a node',
    imports: ['base', 'node.ts'],
  },
  'node-cluster.ts': {
    charter: 'builds the rooms of the cluster, starts and stops them in order',
    imports: ['*'],
  },
  'node-http.ts': {
    charter: 'opens the HTTP port of a node',
    imports: ['base', 'commands', 'server', 'http'],
  },
  'worker-membership.ts': {
    charter: 'the thread of the gossip',
    imports: ['world', 'cluster'],
  },
  'index.ts': {
    charter: 'the public library entry: embedded node, typed client',
    imports: ['base', 'protocol', 'embedded'],
  },
};

/** Third-party library -> the one room that may import it. */
export const LIBRARIES = {
  '@fastify/rate-limit': 'http',
  commander: 'cli',
  fastify: 'http',
  pino: 'observability/logging',
  'prom-client': 'http',
  yaml: 'config',
};

/** Folders whose subfolders are families that never import one another. */
export const FAMILIES = ['commands'];

/** Ceilings, each with its reason. */
export const CEILINGS = {
  /** What one reader holds in mind at one sitting. */
  fileLines: 500,
  /** One screen and a half; beyond it a function has two ideas. */
  functionLines: 70,
  /** Two files side by side on a laptop. */
  columns: 100,
  /** A folder listing that is read, not scrolled. Tests are not counted. */
  folderFiles: 20,
};

/** Files that may break one rule, each with its reason. One that breaks it no more is reported. */
export const EXCEPTIONS = [
  {
    rule: 'banned-word',
    file: 'src/testing/socket-arena.ts',
    reason: 'real sockets answer in their own time: a bounded wait needs a real timer',
  },
  {
    rule: 'banned-word',
    file: 'src/scripting/lua/compiler/compile.ts',
    reason: 'Lua becomes JavaScript text of our own, in which no word of the script is written',
  },
  {
    rule: 'suppression',
    file: 'tests/embedded/types.test.ts',
    reason: 'what the compiler must refuse is tested by expecting its errors',
  },
];
