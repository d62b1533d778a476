/** Every bench, `bench/<name>.ts`, with what it needs beside the compiled source. */
export const BENCHES = {
  redis: { needsRedis: true },
  memory: { needsRedis: true },
  stall: { needsRedis: true },
  start: { needsRedis: false },
  scrape: { needsRedis: false },
  'socket-path': { needsRedis: true },
  'hash-index': { needsRedis: false },
  tree: { needsRedis: false },
  door: { needsRedis: false },
  observability: { needsRedis: false },
  embedded: { needsRedis: false },
  http: { needsRedis: false },
  eviction: { needsRedis: false },
  filter: { needsRedis: false },
  hitratio: { needsRedis: true },
  evict: { needsRedis: true },
  isolation: { needsRedis: true },
  rdb: { needsRedis: false },
  snapshot: { needsRedis: false },
  durability: { needsRedis: true },
  links: { needsRedis: false },
  replication: { needsRedis: false },
  'frame-parser': { needsRedis: false },
  'reply-writer': { needsRedis: false },
  lua: { needsRedis: false },
  bullmq: { needsRedis: true },
  cluster: { needsRedis: true },
};

/** What `npm run bench` runs: the targets that the project has set itself. */
export const TARGETS = ['redis', 'memory', 'stall', 'start'];
