/**
 * The nodes that `hypercache cluster` runs on this machine. Below the base directory lie
 *
 *     node-1/            data of node 1
 *     run/node-1.yaml    settings of node 1 alone, for whoever runs it to edit
 *     run/node-1.json    the process that was started last: id, mark, ports, arguments
 *     run/node-1.pid     the process id while it runs
 *     run/node-1.log     what it printed
 *
 * A process is known by its id and its mark together: a stranger who got the id of one that died
 * is never signalled.
 */
import { resolve } from 'node:path';
import type { World } from '../../base/world.ts';

export interface NodePorts {
  readonly resp: number;
  readonly http: number;
  readonly gossip: number;
  readonly link: number;
}

export interface LocalNode {
  readonly number: number;
  /** Also its node id. */
  readonly name: string;
  readonly dataDir: string;
  readonly settingsPath: string;
  readonly recordPath: string;
  readonly pidPath: string;
  readonly logPath: string;
  /** Null: it was never started. */
  readonly record: NodeRecord | null;
  readonly isRunning: boolean;
}

/** What is kept of a start. */
export interface NodeRecord {
  readonly pid: number;
  readonly mark: string;
  readonly ports: NodePorts;
  /** Settings beside those that the manager gives, as on a command line. */
  readonly settings: readonly string[];
}

/** Those that were ever started, by number. */
export function listLocalNodes(world: World, baseDir: string): LocalNode[] {
  const runDir = runDirOf(baseDir);
  if (!world.disk.exists(runDir)) return [];
  return world.disk
    .listDirectory(runDir)
    .map((name) => /^node-([1-9]\d{0,4})\.json$/.exec(name))
    .filter((match) => match !== null)
    .map((match) => localNode(world, baseDir, Number(match[1])))
    .sort((a, b) => a.number - b.number);
}

export function localNode(world: World, baseDir: string, number: number): LocalNode {
  const name = `node-${number}`;
  const stem = resolve(runDirOf(baseDir), name);
  const record = readRecord(world, `${stem}.json`);
  return {
    number,
    name,
    dataDir: resolve(baseDir, name),
    settingsPath: `${stem}.yaml`,
    recordPath: `${stem}.json`,
    pidPath: `${stem}.pid`,
    logPath: `${stem}.log`,
    record,
    isRunning: record !== null && lives(world, record),
  };
}

export function writeRecord({ disk }: World, node: LocalNode, record: NodeRecord): void {
  disk.writeFileAtomic(node.recordPath, Buffer.from(`${JSON.stringify(record, null, 2)}\n`));
}

export function lives({ host }: World, { mark, pid }: NodeRecord): boolean {
  return mark !== '' && host.processMark(pid) === mark;
}

export function runDirOf(baseDir: string): string {
  return resolve(baseDir, 'run');
}

/** One that cannot be read counts as none: what runs is then found by its ports. */
function readRecord({ disk }: World, path: string): NodeRecord | null {
  const bytes = disk.readFile(path);
  if (bytes === null) return null;
  try {
    const record = JSON.parse(Buffer.from(bytes).toString('utf8')) as Partial<NodeRecord> | null;
    const { mark, pid, ports, settings } = record ?? {};
    const isWhole =
      Number.isSafeInteger(pid) &&
      typeof mark === 'string' &&
      PORT_NAMES.every((name) => Number.isSafeInteger(ports?.[name])) &&
      Array.isArray(settings) &&
      settings.every((word) => typeof word === 'string');
    return isWhole ? (record as NodeRecord) : null;
  } catch {
    return null;
  }
}

export const PORT_NAMES = ['resp', 'http', 'gossip', 'link'] as const;
