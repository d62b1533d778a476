/** Fills a plain `Map` with 16 B keys and values and prints what it cost: argv is count, ttl. */
import { rssBytes } from './process-stats.ts';

const count = Number(process.argv[2]);
const hasTtl = process.argv[3] === 'ttl';
const collect = (globalThis as { gc?: () => void }).gc ?? (() => {});

collect();
const before = rssBytes(process.pid);
const map = new Map<string, unknown>();
for (let i = 0; i < count; i++) {
  // Sliced out of bytes, as strings from a socket are: no two share memory.
  const digits = String(i).padStart(12, '0');
  const key = Buffer.from(`key:${digits}`).toString('latin1');
  const value = Buffer.from(`val:${digits}`).toString('latin1');
  map.set(key, hasTtl ? { value, deadlineMs: 9e12 + i } : value);
}
collect();
const grownBytes = rssBytes(process.pid) - before;
process.stdout.write(JSON.stringify({ grownBytes, size: map.size }));
