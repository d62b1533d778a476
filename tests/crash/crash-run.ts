/**
 * Load, SIGKILL, restart, compare; again and again over the same data directory, so that what one
 * recovery gets wrong the next ones inherit. docs/design/recovery.md says what must hold.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { plainReply } from '../../src/testing/reply-decoder.ts';
import { type Draw, seededDraws } from '../../src/testing/seeded.ts';
import { pipeline, scanKeys } from '../support/keyspace-image.ts';
import { findFreePort, startRedis } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';
import { Lane, type LanePlace } from './lane.ts';
import { type SyncPolicy, Victim, type VictimOptions } from './victim.ts';

export interface CrashOptions {
  readonly program: VictimOptions['program'];
  readonly killCount: number;
  readonly seed: number;
  readonly policies: readonly SyncPolicy[];
  readonly log: (line: string) => void;
  /** For a test of the harness itself. */
  readonly afterKill?: (folder: string) => void;
}

export interface CrashReport {
  /** The data is left there after a failure. */
  readonly folder: string;
  readonly problems: string[];
  killCount: number;
  /** Kills while it still read its files. */
  startKillCount: number;
  rewriteKillCount: number;
  snapshotKillCount: number;
  acknowledgedCount: number;
  openCount: number;
  keptCount: number;
  readonly killsByPolicy: Record<string, number>;
}

const LOAD_MS_MIN = 20;
const LOAD_MS_RANGE = 600;
/** One kill in so many hits a server that reads its files. */
const START_KILL_ONE_IN = 6;
/** Keys that lie there all the time, so that a snapshot and a start take a while. */
const BALLAST_KEYS = 20_000;
const BALLAST_DATABASE = 15;
const BALLAST_SAMPLES = 500;

export async function runCrashes(options: CrashOptions): Promise<CrashReport> {
  const { program, killCount, policies, log } = options;
  const draw = seededDraws(options.seed);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-crash-'));
  const asKilled = `${folder}-as-killed`;
  const port = await findFreePort();
  const reference = await startRedis({ args: ['--databases', '64'] });
  const mirror = await WireClient.connect(reference.port);
  const lanes = placesOf(program).map((place) => new Lane(place, seededDraws(draw(2 ** 32))));
  const report = emptyReport(folder);
  let isBallastThere = false;
  try {
    while (report.killCount < killCount && report.problems.length === 0) {
      const policy = policies[draw(policies.length)];
      const start = () => new Victim({ program, port, folder, policy });
      const victim = await startAmidKills(start, draw, report);
      const client = await victim.ready();
      if (!isBallastThere) {
        await client.call('SELECT', String(BALLAST_DATABASE));
        await pipeline(
          client,
          Array.from({ length: BALLAST_KEYS }, (_, i) => ballastSet(i)),
        );
        isBallastThere = true;
        await prepareStores(client, program);
      }
      await checkAll({ client, program, mirror, lanes, draw, report });
      if (report.problems.length > 0) {
        client.end();
        await victim.end('SIGKILL');
        log(victim.output);
        break;
      }
      await loadAndKill({ victim, client, lanes, port, draw, report });
      options.afterKill?.(folder);
      // What a start makes of it is no more what the crash left.
      fs.rmSync(asKilled, { recursive: true, force: true });
      fs.cpSync(folder, asKilled, { recursive: true });
      report.killsByPolicy[policy] = (report.killsByPolicy[policy] ?? 0) + 1;
      if (report.killCount % 25 === 0) log(describe(report));
    }
    if (report.problems.length === 0) {
      const victim = new Victim({ program, port, folder, policy: policies[0] });
      await checkAll({ client: await victim.ready(), program, mirror, lanes, draw, report });
      const code = await victim.end('SIGTERM');
      if (code !== '0') report.problems.push(`SIGTERM ends it with ${code}`);
    }
  } catch (error) {
    report.problems.push(String((error as Error).stack));
  } finally {
    mirror.end();
    await reference.stop();
    if (report.problems.length > 0) {
      log(
        `seed ${options.seed}; the data is in ${folder}, as the last kill left it in ${asKilled}`,
      );
    } else {
      for (const one of [folder, asKilled]) fs.rmSync(one, { recursive: true, force: true });
    }
  }
  return report;
}

export function describe(report: CrashReport): string {
  const byPolicy = Object.entries(report.killsByPolicy).map(([name, count]) => `${name} ${count}`);
  return (
    `${report.killCount} kills (${byPolicy.sort().join(', ')}; ${report.startKillCount} while ` +
    `loading, ${report.rewriteKillCount} in a rewrite, ${report.snapshotKillCount} in a snapshot` +
    `); ${report.acknowledgedCount} acknowledged steps, ${report.openCount} open, ` +
    `${report.keptCount} of these kept`
  );
}

function emptyReport(folder: string): CrashReport {
  const counts = { killCount: 0, startKillCount: 0, rewriteKillCount: 0, snapshotKillCount: 0 };
  const steps = { acknowledgedCount: 0, openCount: 0, keptCount: 0 };
  return { folder, problems: [], ...counts, ...steps, killsByPolicy: {} };
}

/** Each lane has its databases to itself, here and at the reference. */
function placesOf(program: VictimOptions['program']): LanePlace[] {
  const places: LanePlace[] = [0, 2, 4, 6].map((first) => ({
    store: '',
    databases: [first, first + 1],
    mirrors: [first, first + 1],
    library: first === 0 ? 'crashlib' : '',
    hasFieldDeadlines: program === 'hypercache' && first === 4,
  }));
  if (program === 'redis-server') return places;
  const named = (store: string, mirror: number, createOptions?: readonly string[]): LanePlace => ({
    store,
    databases: [0],
    mirrors: [mirror],
    library: '',
    hasFieldDeadlines: true,
    ...(createOptions === undefined ? {} : { createOptions }),
  });
  places.push(named('steady', 20), named('logged', 21));
  places.push(named('passing', 22, ['persistence', 'aof', 'eviction_policy', 'noeviction']));
  return places;
}

async function prepareStores(client: WireClient, program: VictimOptions['program']): Promise<void> {
  if (program === 'redis-server') return;
  for (const [name, strategy] of [
    ['steady', 'hybrid'],
    ['logged', 'aof'],
    ['forgetful', 'none'],
  ]) {
    const options = ['persistence', strategy, 'eviction_policy', 'noeviction'];
    const reply = await client.call('STORE', 'CREATE', name, ...options);
    if (reply.kind === 'error') throw new Error(`STORE CREATE ${name}: ${reply.text}`);
  }
}

/** @returns a server that was not killed before it was ready */
async function startAmidKills(
  start: () => Victim,
  draw: Draw,
  report: CrashReport,
): Promise<Victim> {
  while (draw(START_KILL_ONE_IN) === 0) {
    const victim = start();
    await delay(draw(500));
    await victim.end('SIGKILL');
    report.killCount++;
    report.startKillCount++;
  }
  return start();
}

interface Loaded {
  readonly victim: Victim;
  readonly client: WireClient;
  readonly lanes: readonly Lane[];
  readonly port: number;
  readonly draw: Draw;
  readonly report: CrashReport;
}

async function loadAndKill({ victim, client, lanes, port, draw, report }: Loaded): Promise<void> {
  const runs = lanes.map((lane) => lane.run(port));
  await delay(LOAD_MS_MIN + draw(LOAD_MS_RANGE));
  // Of what takes its time, about every second kill is to hit something under way.
  const order = [null, 'BGREWRITEAOF', 'BGSAVE', null][draw(4)];
  if (order !== null) {
    await client.call(order);
    await delay(draw(40));
  }
  const under = await underWay(client);
  if (draw(2) === 0) await delay(draw(8));
  await victim.end('SIGKILL');
  await Promise.all(runs);
  client.end();
  report.killCount++;
  if (under.isRewriting) report.rewriteKillCount++;
  if (under.isSaving) report.snapshotKillCount++;
}

async function underWay(client: WireClient) {
  const text = String(plainReply(await client.call('INFO', 'persistence')));
  return {
    isRewriting: text.includes('aof_rewrite_in_progress:1'),
    isSaving: text.includes('rdb_bgsave_in_progress:1'),
  };
}

interface Checked {
  readonly program: VictimOptions['program'];
  readonly client: WireClient;
  readonly mirror: WireClient;
  readonly lanes: readonly Lane[];
  readonly draw: Draw;
  readonly report: CrashReport;
}

async function checkAll({ client, mirror, lanes, draw, program, report }: Checked): Promise<void> {
  for (const lane of lanes) {
    const findings = await lane.check(client, mirror);
    report.problems.push(...findings.problems);
    report.acknowledgedCount += findings.acknowledgedCount;
    report.openCount += findings.openCount;
    report.keptCount += findings.keptCount;
  }
  await client.call('SELECT', String(BALLAST_DATABASE));
  report.problems.push(...(await compareBallast(client, draw)));
  if (program === 'hypercache') report.problems.push(...(await checkForgetful(client)));
}

/** A store that keeps nothing is there, and empty, after each start. */
async function checkForgetful(client: WireClient): Promise<string[]> {
  const commands = [['SELECT', 'forgetful'], ['DBSIZE'], ['SET', 'k', 'v'], ['SELECT', '0']];
  const found = (await pipeline(client, commands)).map(plainReply);
  const wanted = ['OK', 0, 'OK', 'OK'];
  if (JSON.stringify(found) === JSON.stringify(wanted)) return [];
  return [`the store that keeps nothing answers ${JSON.stringify(found)}`];
}

async function compareBallast(client: WireClient, draw: Draw): Promise<string[]> {
  const count = Number(plainReply(await client.call('DBSIZE')));
  if (count !== BALLAST_KEYS) {
    const keys = await scanKeys(client);
    return [`${BALLAST_KEYS} keys lay there, ${count} are found, ${keys.length} by SCAN`];
  }
  const numbers = Array.from({ length: BALLAST_SAMPLES }, () => draw(BALLAST_KEYS));
  const replies = await pipeline(
    client,
    numbers.map((i) => ['GET', ballastSet(i)[1]]),
  );
  return numbers.flatMap((i, at) => {
    const [, key, wanted] = ballastSet(i);
    const found = plainReply(replies[at]);
    return found === wanted ? [] : [`${key} is ${found}, should be ${wanted}`];
  });
}

function ballastSet(i: number): string[] {
  return ['SET', `ballast:${i}`, `${'x'.repeat(i % 90)}${i}`];
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
