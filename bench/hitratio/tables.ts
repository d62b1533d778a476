import { print, printTable, verdict } from '../support/report.ts';

/** What was measured of one trace at one size. */
export interface Cell {
  readonly trace: string;
  readonly isWebLike: boolean;
  readonly sizePercent: number;
  readonly optimum: number;
  /** Miss ratios by policy, with as many payload bytes. */
  readonly ours: Readonly<Record<string, number>>;
  readonly redis: Readonly<Record<string, number>>;
  /** What redis-server needs for that payload, beyond what it counts when empty. */
  readonly redisLimitBytes: number;
  /** Ours with that many bytes. */
  readonly oursInBytes: Readonly<Record<string, number>>;
  /** Payload held at the end, the least and the most of all caches, as shares of what was meant. */
  readonly heldShares: readonly [number, number];
}

/** Points by which `lru` may miss more often than redis-server's. */
const LRU_POINTS_MAX = 0.5;

export function reportCells(cells: readonly Cell[], isTiny: boolean): void {
  print('\nequal payload: misses of 100 requests');
  const policies = Object.keys(cells[0].ours);
  const redisPolicies = Object.keys(cells[0].redis);
  printTable(
    ['trace', 'size', 'optimum', ...policies, ...redisPolicies.map((name) => `redis ${name}`)],
    cells.map((cell) => [
      ...placeOf(cell),
      percent(cell.optimum),
      ...policies.map((name) => percent(cell.ours[name])),
      ...redisPolicies.map((name) => percent(cell.redis[name])),
    ]),
  );
  reportChecks(cells, isTiny);
  reportMegabytes(cells);
}

function reportChecks(cells: readonly Cell[], isTiny: boolean): void {
  print('\ntargets, equal payload');
  printTable(
    ['trace', 'size', 'lru - redis lru', 'at most', 'verdict', 'best', 'of redis', 'verdict'],
    cells.map((cell) => {
      const lruPoints = pointsOf(cell);
      const best = bestOf(cell.ours);
      const redisBest = bestOf(cell.redis);
      const isBetter = cell.ours[best] < cell.redis[redisBest];
      return [
        ...placeOf(cell),
        lruPoints.toFixed(2),
        String(LRU_POINTS_MAX),
        verdict(lruPoints <= LRU_POINTS_MAX, isTiny),
        `${best} ${percent(cell.ours[best])}`,
        `${redisBest} ${percent(cell.redis[redisBest])}`,
        cell.isWebLike ? verdict(isBetter, isTiny) : '-',
      ];
    }),
  );
  const web = cells.filter((cell) => cell.isWebLike);
  const beats = Object.keys(cells[0].ours).map((name) => {
    const count = web.filter((cell) => cell.ours[name] < cell.redis[bestOf(cell.redis)]).length;
    return `${name} ${count}`;
  });
  print(`better than both of redis-server in how many of ${web.length} web-like cells:`);
  print(beats.join(', '));
  const isLruMet = cells.every((cell) => pointsOf(cell) <= LRU_POINTS_MAX);
  const isBestMet = web.every((cell) => {
    return cell.ours[bestOf(cell.ours)] < cell.redis[bestOf(cell.redis)];
  });
  print(`lru at most ${LRU_POINTS_MAX} points above redis-server's: ${verdict(isLruMet, isTiny)}`);
  print(`best of ours below both of redis-server's, web-like: ${verdict(isBestMet, isTiny)}`);
}

function reportMegabytes(cells: readonly Cell[]): void {
  print('\nequal megabytes: as above, but ours has the bytes that redis-server needed');
  printTable(
    ['trace', 'size', 'MB', 'lru', 'redis lru', 'points', 'best', 'of redis', 'points'],
    cells.map((cell) => {
      const best = bestOf(cell.oursInBytes);
      const redisBest = bestOf(cell.redis);
      return [
        ...placeOf(cell),
        (cell.redisLimitBytes / 1e6).toFixed(2),
        percent(cell.oursInBytes.lru),
        percent(cell.redis.lru),
        ((cell.redis.lru - cell.oursInBytes.lru) * 100).toFixed(1),
        `${best} ${percent(cell.oursInBytes[best])}`,
        `${redisBest} ${percent(cell.redis[redisBest])}`,
        ((cell.redis[redisBest] - cell.oursInBytes[best]) * 100).toFixed(1),
      ];
    }),
  );
}

export function bestOf(ratios: Readonly<Record<string, number>>): string {
  const names = Object.keys(ratios);
  return names.reduce((best, name) => (ratios[name] < ratios[best] ? name : best), names[0]);
}

function pointsOf(cell: Cell): number {
  return (cell.ours.lru - cell.redis.lru) * 100;
}

function placeOf(cell: Cell): string[] {
  return [cell.trace, `${cell.sizePercent} %`];
}

function percent(share: number): string {
  return (share * 100).toFixed(2);
}
