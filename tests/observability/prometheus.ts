/** A real Prometheus with the configuration and the rules that are shipped, in a hurry. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { findFreePort, ROOT, scratchFolder, waitFor } from '../support/server.ts';
import { PASSWORD, type StageNode } from './stage.ts';

const FOLDER = path.join(ROOT, 'deploy/prometheus');
/** Rules are evaluated once a second. */
const LOOK_MS = 300;
/** What the shipped rules wait for in minutes takes seconds here. */
const HURRY: readonly (readonly [RegExp, string])[] = [
  [/\[5m\]/g, '[8s]'],
  [/\[1[05]m\]/g, '[8s]'],
  [/\[1h\] offset 10m/g, '[12s] offset 8s'],
  [/^( +)for: \d+m$/gm, '$1for: 2s'],
  [/^( +)interval: 15s$/gm, '$1interval: 1s'],
  // A node that does not answer for longer is taken for failed, and is nobody's copy any more.
  [/(replica_lag_seconds) > 10/, '$1 > 1'],
];

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly number[];
}

export interface Alert {
  readonly name: string;
  readonly query: string;
  readonly health: string;
  readonly state: 'inactive' | 'pending' | 'firing';
  /** Of those that fire. */
  readonly labels: readonly Readonly<Record<string, string>>[];
}

export class Prometheus {
  private readonly process: ChildProcess;
  private readonly origin: string;
  private readonly file: string;
  private readonly startS = Date.now() / 1000;

  private constructor(child: ChildProcess, origin: string, file: string) {
    this.process = child;
    this.origin = origin;
    this.file = file;
  }

  static async start(t: TestContext, nodes: readonly StageNode[]): Promise<Prometheus> {
    const folder = scratchFolder();
    const file = path.join(folder, 'prometheus.yml');
    writeConfiguration(folder, nodes);
    const port = await findFreePort();
    const child = spawn(
      'prometheus',
      [
        `--config.file=${file}`,
        `--storage.tsdb.path=${path.join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ],
      { stdio: 'ignore' },
    );
    const exited = new Promise((resolve) => child.on('exit', resolve));
    const kill = () => child.kill('SIGKILL');
    process.on('exit', kill);
    t.after(() => {
      process.off('exit', kill);
      kill();
      return exited;
    });
    const prometheus = new Prometheus(child, `http://127.0.0.1:${port}`, file);
    await waitFor('every node to be scraped', 30_000, async () => {
      const found = await prometheus.now('hypercache_up').catch(() => []);
      return found.length === nodes.length || undefined;
    });
    return prometheus;
  }

  /** Scrapes these from now on. */
  watch(nodes: readonly StageNode[]): void {
    writeConfiguration(path.dirname(this.file), nodes);
    this.process.kill('SIGHUP');
  }

  async now(query: string): Promise<Series[]> {
    const found = await this.ask<RawResult>('query', { query });
    return found.result.map(({ metric, value }) => {
      return { metric, values: [Number(value![1])] };
    });
  }

  /** Once a second, from the start until now. */
  async history(query: string): Promise<Series[]> {
    const end = `${Date.now() / 1000}`;
    const start = `${this.startS}`;
    const found = await this.ask<RawResult>('query_range', { query, start, end, step: '1' });
    return found.result.map(({ metric, values }) => {
      return { metric, values: values!.map(([, text]) => Number(text)) };
    });
  }

  async alerts(): Promise<Alert[]> {
    const { groups } = await this.ask<{ groups: { rules: RawRule[] }[] }>('rules', {
      type: 'alert',
    });
    return groups
      .flatMap(({ rules }) => rules)
      .map(({ alerts, health, name, query, state }) => {
        const firing = alerts.filter((alert) => alert.state === 'firing');
        return { name, query, health, state, labels: firing.map(({ labels }) => labels) };
      });
  }

  /** @returns the labels of the first that fires */
  async waitForAlert(name: string): Promise<Readonly<Record<string, string>>> {
    return await waitFor(`${name} to fire`, 40_000, async () => {
      const alert = (await this.alerts()).find((one) => one.name === name);
      if (alert?.labels[0] === undefined) await sleep(LOOK_MS);
      return alert?.labels[0];
    });
  }

  private async ask<T>(at: string, parameters: Record<string, string>): Promise<T> {
    const search = new URLSearchParams(parameters);
    const answer = await fetch(`${this.origin}/api/v1/${at}?${search}`);
    const { data, error } = (await answer.json()) as { data: T; error?: string };
    if (error !== undefined) throw new Error(`${error}: ${parameters['query']}`);
    return data;
  }
}

interface RawResult {
  readonly result: readonly RawSeries[];
}

interface RawSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

interface RawRule {
  readonly name: string;
  readonly query: string;
  readonly health: string;
  readonly state: Alert['state'];
  readonly alerts: readonly { state: string; labels: Readonly<Record<string, string>> }[];
}

function writeConfiguration(folder: string, nodes: readonly StageNode[]): void {
  const configuration = parse(fs.readFileSync(path.join(FOLDER, 'prometheus.yml'), 'utf8'));
  const [job] = configuration.scrape_configs;
  const secret = path.join(folder, 'requirepass');
  fs.writeFileSync(secret, PASSWORD);
  configuration.global = { scrape_interval: '2s', evaluation_interval: '1s', scrape_timeout: '2s' };
  job.authorization.credentials_file = secret;
  job.static_configs = [{ targets: nodes.map(({ httpPort }) => `127.0.0.1:${httpPort}`) }];
  fs.mkdirSync(path.join(folder, 'rules'), { recursive: true });
  for (const name of fs.readdirSync(path.join(FOLDER, 'rules'))) {
    let text = fs.readFileSync(path.join(FOLDER, 'rules', name), 'utf8');
    for (const [slow, quick] of HURRY) text = text.replaceAll(new RegExp(slow, 'gm'), quick);
    fs.writeFileSync(path.join(folder, 'rules', name), text);
  }
  fs.writeFileSync(path.join(folder, 'prometheus.yml'), stringify(configuration));
}
