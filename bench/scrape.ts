/**
 * What a scrape of /metrics costs with many keys: its time over HTTP, of one scrape after the other
 * on one connection, beside that of an empty node. Nothing walks keys, so both should be the same.
 */
import http from 'node:http';
import { parseArgs } from 'node:util';
import { findFreePort, startOurs, waitFor } from '../tests/support/server.ts';
import { askText, DIGITS, loadKeys } from './support/bulk-load.ts';
import { median, print, printJson, printMachine, printTable, verdict } from './support/report.ts';

const { values: flags } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    keys: { type: 'string' },
    scrapes: { type: 'string' },
  },
});

const IS_TINY = flags.tiny;
const KEY_COUNT = Number(flags.keys ?? (IS_TINY ? 50_000 : 10_000_000));
const SCRAPE_COUNT = Number(flags.scrapes ?? (IS_TINY ? 5 : 100));
const TARGET_MS = 50;
/** Each has its names and its histogram from then on. */
const OTHER_COMMANDS = [
  ['SET', 'k', 'v'],
  ['GET', 'k'],
  ['DEL', 'k'],
  ['INCR', 'n'],
  ['EXPIRE', 'n', '100'],
  ['TTL', 'n'],
  ['HSET', 'h', 'f', 'v'],
  ['HGETALL', 'h'],
  ['LPUSH', 'l', 'v'],
  ['LRANGE', 'l', '0', '-1'],
  ['SADD', 's', 'm'],
  ['ZADD', 'z', '1', 'm'],
  ['XADD', 'x', '*', 'f', 'v'],
  ['MGET', 'a', 'b'],
  ['EXISTS', 'a'],
  ['SCAN', '0'],
  ['INFO'],
];

interface Scrape {
  readonly durationMs: number;
  readonly byteCount: number;
}

printMachine();
print(`${KEY_COUNT} keys, ${SCRAPE_COUNT} scrapes`);
const rows: {
  name: string;
  firstMs: number;
  medianMs: number;
  longestMs: number;
  bytes: number;
}[] = [];
const httpPort = await findFreePort();
const server = await startOurs({
  args: [
    '--http.enabled=yes',
    '--http-port',
    String(httpPort),
    '--persistence.enabled=no',
    '--cache.cuckoo_filter=yes',
    '--logging.level=warn',
  ],
});
try {
  await waitFor('HTTP to answer', 20_000, () => scrape('/health/startup').catch(() => undefined));
  for (const command of OTHER_COMMANDS) await askText(server.port, ...command);
  await measure('no keys');
  await loadKeys(server.port, KEY_COUNT, ['SET', `key:${DIGITS}`, 'v'.repeat(16)]);
  await measure(`${KEY_COUNT} keys`);
} finally {
  await server.stop();
}
printTable(
  ['a scrape, ms', 'first', 'median', 'longest', 'KiB', 'target', 'verdict'],
  rows.map((row) => [
    row.name,
    row.firstMs.toFixed(1),
    row.medianMs.toFixed(1),
    row.longestMs.toFixed(1),
    (row.bytes / 1024).toFixed(0),
    String(TARGET_MS),
    verdict(row.medianMs < TARGET_MS, IS_TINY),
  ]),
);
printJson('scrape', { keyCount: KEY_COUNT, rows });

async function measure(name: string): Promise<void> {
  const scrapes: Scrape[] = [];
  for (let i = 0; i < SCRAPE_COUNT; i++) scrapes.push(await scrape('/metrics'));
  const times = scrapes.map(({ durationMs }) => durationMs);
  rows.push({
    name,
    firstMs: times[0],
    medianMs: median(times),
    longestMs: Math.max(...times.slice(1)),
    bytes: scrapes[0].byteCount,
  });
}

function scrape(path: string): Promise<Scrape> {
  const startMs = performance.now();
  return new Promise((resolve, reject) => {
    const request = http.get({ port: httpPort, path, host: '127.0.0.1' }, (response) => {
      let byteCount = 0;
      response.on('data', (bytes: Buffer) => {
        byteCount += bytes.length;
      });
      response.on('end', () => {
        const isGood = response.statusCode === 200 && byteCount > 0;
        if (isGood) resolve({ durationMs: performance.now() - startMs, byteCount });
        else reject(new Error(`${path} answered ${response.statusCode}`));
      });
    });
    request.on('error', reject);
  });
}
