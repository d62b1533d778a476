/**
 * The trees of large collections, without a server: CPU nanoseconds for each insertion, look-up,
 * step, rank and removal, and bytes for each element, by kind of payload.
 *
 *     node .build/bench/tree.js [--tiny] [elementCount ...]
 */
import { Memory } from '../src/engine/memory/memory.ts';
import { SegmentPool } from '../src/engine/memory/segment-pool.ts';
import { FORMAT } from '../src/engine/tree/page-layout.ts';
import type { TieOrder } from '../src/engine/tree/tree-cursor.ts';
import { Trees } from '../src/engine/tree/trees.ts';

interface Kind {
  readonly name: string;
  readonly format: number;
  readonly payloadBytes: number;
  key(element: number): number;
}

const KINDS: readonly Kind[] = [
  { name: 'set, 16 B', format: FORMAT.SLOTTED32, payloadBytes: 16, key: hashed },
  { name: 'hash, 34 B', format: FORMAT.SLOTTED32, payloadBytes: 34, key: hashed },
  { name: 'scores, 16 B', format: FORMAT.SLOTTED64, payloadBytes: 16, key: hashed },
  { name: 'ascending, 16 B', format: FORMAT.SLOTTED64, payloadBytes: 16, key: (n) => n },
  { name: 'one score, 16 B', format: FORMAT.SLOTTED64, payloadBytes: 16, key: () => 0 },
];

class Tie implements TieOrder {
  sought = 0;

  compare(_bytes: Uint8Array, view: DataView, offset: number): number {
    return view.getUint32(offset, true) - this.sought;
  }
}

const tie = new Tie();

function main(): void {
  const counts = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
  const isTiny = process.argv.includes('--tiny');
  const elementCounts = counts.length > 0 ? counts.map(Number) : isTiny ? [3000] : [1e4, 1e6];
  for (const elementCount of elementCounts) {
    for (const kind of KINDS) measure(kind, elementCount);
  }
}

function measure(kind: Kind, elementCount: number): void {
  const memory = new Memory(new SegmentPool(0));
  const trees = new Trees(memory);
  const id = trees.create(kind.format);
  const { cursor } = trees;
  const insertNs = each(elementCount, (n) => {
    tie.sought = hashed(n);
    cursor.seekTied(id, kind.key(n), tie);
    cursor.insertHere(kind.key(n), kind.payloadBytes);
    writePayload(cursor.view, cursor.payloadOffset, kind.payloadBytes, n);
  });
  const bytesEach = memory.liveBytes / elementCount;
  let found = 0;
  const findNs = each(elementCount, (n) => {
    const element = Math.imul(n, 7919) % elementCount;
    tie.sought = hashed(Math.abs(element));
    if (cursor.seekTied(id, kind.key(Math.abs(element)), tie)) found++;
  });
  const seekNs = each(elementCount, (n) => {
    if (cursor.seek(id, kind.key(Math.abs(Math.imul(n, 7919) % elementCount)))) found++;
  });
  cursor.seekFirst(id);
  const nextNs = each(elementCount - 1, () => {
    cursor.next();
    found += cursor.payloadLength;
  });
  const rankNs = each(elementCount, (n) => {
    cursor.seekRank(id, Math.abs(Math.imul(n, 7919) % elementCount));
    found += cursor.rankHere();
  });
  const removeNs = each(elementCount, (n) => {
    tie.sought = hashed(n);
    if (cursor.seekTied(id, kind.key(n), tie)) cursor.removeHere();
  });
  const leftBytes = memory.liveBytes;
  const times = `insert ${insertNs}, find ${findNs}, seek ${seekNs}, next ${nextNs}`;
  print(
    `${kind.name} x ${elementCount}: ${times}, rank ${rankNs}, remove ${removeNs} ns; ` +
      `${bytesEach} B each${found < 0 || leftBytes > 4096 ? ' (!)' : ''}`,
  );
}

function each(count: number, step: (n: number) => void): number {
  const started = now();
  for (let n = 0; n < count; n++) step(n);
  return (now() - started) / count;
}

function writePayload(view: DataView, at: number, byteCount: number, n: number): void {
  view.setUint32(at, hashed(n), true);
  for (let i = 4; i + 4 <= byteCount; i += 4) view.setUint32(at + i, n, true);
}

/** A bijection of u32. */
function hashed(n: number): number {
  let hash = Math.imul(n ^ (n >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** CPU time, so that whatever else the machine does counts less. */
function now(): number {
  const use = process.cpuUsage();
  return (use.user + use.system) * 1000;
}

function print(text: string): void {
  process.stdout.write(`${text.replace(/\d+\.\d+/g, (number) => Number(number).toFixed(1))}\n`);
}

main();
