import { parseArgs } from 'node:util';
import { startOurs, startRedis } from '../tests/support/server.ts';
import { type FuzzResult, fuzzProtocol, SERVER_ARGUMENTS } from './protocol/fuzz.ts';

/**
 * npm run fuzz:protocol [-- --seconds 600] [--seed N] [--lanes 8] [--against redis]
 *
 * `--against redis` tries the fuzzer itself on redis-server; error texts are then not checked.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    lanes: { type: 'string', default: '8' },
    against: { type: 'string', default: 'hypercache' },
  },
});

const isOurs = values.against !== 'redis';
const start = isOurs ? startOurs : startRedis;
const server = await start({ args: SERVER_ARGUMENTS });
const result = await fuzzProtocol({
  server,
  seed: Number(values.seed),
  seconds: Number(values.seconds),
  laneCount: Number(values.lanes),
  isStrict: isOurs,
});
const exit = await server.stop();
if (exit !== 0) result.findings.push(`the server ended with ${exit} when asked to stop`);
process.stdout.write(`${table(result)}\n`);
process.exitCode = result.findings.length === 0 ? 0 : 1;

function table(fuzz: FuzzResult): string {
  const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  const rows: [string, string | number][] = [
    ['seed', values.seed],
    ['streams', fuzz.streamCount],
    ['sent', mib(fuzz.sentBytes)],
    ['closed by the server', fuzz.closedByServer],
    ['slowest PING', `${fuzz.pingWorstMs} ms`],
    ['memory warm, at the end', `${mib(fuzz.rssWarmBytes)}, ${mib(fuzz.rssEndBytes)}`],
    ...byCount(fuzz.replyCounts).map(([kind, times]): [string, number] => [`reply ${kind}`, times]),
    ...byCount(fuzz.errorCounts).slice(0, 40),
  ];
  const lines = rows.map(([name, value]) => `${name.padEnd(72)} ${value}`);
  const verdict = fuzz.findings.length === 0 ? 'nothing found' : 'FOUND';
  return [...lines, verdict, ...fuzz.findings.slice(0, 20)].join('\n');
}

function byCount(counts: Map<string, number>): [string, number][] {
  return [...counts].sort((left, right) => right[1] - left[1]);
}
