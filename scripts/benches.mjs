/**
 * Every bench, `bench/<name>.ts`: whether it needs redis-server, and whether it is light: in tiny
 * size one process, no server, a second or two.
 */
export const BENCHES = {
  redis: { needsRedis: true, isLight: false },
  memory: { needsRedis: true, isLight: false },
  stall: { needsRedis: true, isLight: false },
  start: { needsRedis: false, isLight: false },
  scrape: { needsRedis: false, isLight: false },
  'socket-path': { needsRedis: true, isLight: false },
  'hash-index': { needsRedis: false, isLight: true },
  tree: { needsRedis: false, isLight: true },
  door: { needsRedis: false, isLight: true },
  observability: { needsRedis: false, isLight: false },
  embedded: { needsRedis: false, isLight: true },
  http: { needsRedis: false, isLight: false },
  eviction: { needsRedis: false, isLight: false },
  filter: { needsRedis: false, isLight: true },
  hitratio: { needsRedis: true, isLight: false },
  evict: { needsRedis: true, isLight: false },
  isolation: { needsRedis: true, isLight: false },
  rdb: { needsRedis: false, isLight: true },
  snapshot: { needsRedis: false, isLight: true },
  durability: { needsRedis: true, isLight: false },
  links: { needsRedis: false, isLight: true },
  replication: { needsRedis: false, isLight: true },
  'frame-parser': { needsRedis: false, isLight: true },
  'reply-writer': { needsRedis: false, isLight: true },
  lua: { needsRedis: false, isLight: true },
  bullmq: { needsRedis: true, isLight: false },
  cluster: { needsRedis: true, isLight: false },
};

/** What `npm run bench` runs: the targets that the project has set itself. */
export const TARGETS = ['redis', 'memory', 'stall', 'start'];
