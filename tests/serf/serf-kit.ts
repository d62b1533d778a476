/** Real agents of Debian's `serf`, and members of ours in processes of their own, on loopback. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import type { Member, MembershipOptions } from '../../src/cluster/membership/membership.ts';
import { findFreePort, scratchFolder, waitFor } from '../support/server.ts';
import type { Call } from './member-process.ts';

const HOST = '127.0.0.1';
const CLI_MS = 20_000;

export interface Party {
  readonly name: string;
  readonly port: number;
  /** name -> `alive`, `leaving`, `left`, `failed`, as it sees them; itself included. */
  statuses(): Promise<Record<string, string>>;
  tagsOf(name: string): Promise<Record<string, string>>;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export interface Agent extends Party {
  /** Runs `serf <verb> ...` against it. Rejects with its output when it fails. */
  cli(verb: string, ...args: string[]): Promise<string>;
  output(): string;
}

export interface OurMember extends Party {
  readonly events: readonly string[];
  call(verb: Call['verb'], options?: Omit<Call, 'id' | 'verb'>): Promise<unknown>;
  members(): Promise<Member[]>;
}

export interface PartyOptions {
  /** Base64 of 16, 24 or 32 bytes; '': nothing is encrypted. */
  readonly key?: string;
  /** Port of somebody to join. */
  readonly joins?: number;
  readonly tags?: Readonly<Record<string, string>>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export async function startAgent(name: string, options: PartyOptions = {}): Promise<Agent> {
  const { key = '', joins = 0, tags = {} } = options;
  const port = await findFreePort();
  const rpcPort = await findFreePort();
  const args = ['agent', `-node=${name}`, `-bind=${HOST}:${port}`];
  args.push(`-rpc-addr=${HOST}:${rpcPort}`, '-log-level=warn');
  args.push('-event-handler', 'query:hello=printf "%s heard hello" "$SERF_SELF_NAME"');
  if (key !== '') args.push(`-encrypt=${key}`);
  if (joins !== 0) args.push(`-retry-join=${HOST}:${joins}`, '-retry-interval=1s');
  for (const [tag, value] of Object.entries(tags)) args.push('-tag', `${tag}=${value}`);
  const child = spawn('serf', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const cli = (verb: string, ...rest: string[]) => runCli(verb, rpcPort, rest);
  const members = async () => {
    const text = await cli('members', '-format=json');
    return (JSON.parse(text) as { members: AgentMember[] }).members;
  };
  const agent: Agent = {
    name,
    port,
    cli,
    output: () => output,
    statuses: async () =>
      Object.fromEntries((await members()).map((member) => [member.name, member.status])),
    tagsOf: async (wanted) => (await members()).find((one) => one.name === wanted)?.tags ?? {},
    kill: (signal = 'SIGKILL') => end(child, signal),
  };
  await waitFor(`agent ${name}`, 10_000, async () => {
    if (child.exitCode !== null) throw new Error(`agent ${name} ended: ${output}`);
    return (await agent.statuses().catch(() => undefined)) && true;
  });
  return agent;
}

interface AgentMember {
  readonly name: string;
  readonly status: string;
  readonly tags: Record<string, string>;
}

function runCli(verb: string, rpcPort: number, rest: readonly string[]): Promise<string> {
  const args = [verb, `-rpc-addr=${HOST}:${rpcPort}`, ...rest];
  return new Promise((resolve, reject) => {
    execFile('serf', args, { timeout: CLI_MS }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`serf ${verb}: ${stdout}${stderr}`));
    });
  });
}

export async function startMember(name: string, options: PartyOptions = {}): Promise<OurMember> {
  const { key = '', joins = 0, tags = {} } = options;
  const membership: Omit<MembershipOptions, 'tags'> = {
    nodeId: name,
    host: HOST,
    port: 0,
    advertiseHost: '',
    advertisePort: 0,
    clusterKey: key,
    seeds: joins === 0 ? [] : [`${HOST}:${joins}`],
    seedDns: '',
    seedDnsPort: 0,
    directory: path.join(scratchFolder(), 'cluster'),
  };
  const main = path.join(import.meta.dirname, 'member-process.js');
  const argument = JSON.stringify({ ...membership, tags: { hc: '1', ...tags } });
  const child = spawn(process.execPath, ['--enable-source-maps', main, argument], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  running.add(child);
  const events: string[] = [];
  const waiting = new Map<number, (result: unknown) => void>();
  let callCount = 0;
  let port = 0;
  readline.createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Record<string, unknown>;
    if ('port' in line) port = line['port'] as number;
    else if ('event' in line) events.push(`${line['event']} ${line['payload']}`);
    else waiting.get(line['id'] as number)?.(line['result']);
  });
  const call: OurMember['call'] = (verb, rest = {}) =>
    new Promise((resolve) => {
      const id = ++callCount;
      waiting.set(id, resolve);
      child.stdin.write(`${JSON.stringify({ id, verb, ...rest })}\n`);
    });
  const members = async () => (await call('members')) as Member[];
  await waitFor(`member ${name}`, 10_000, () => {
    if (child.exitCode !== null) throw new Error(`member ${name} ended`);
    return port === 0 ? undefined : port;
  });
  return {
    name,
    port,
    events,
    call,
    members,
    statuses: async () =>
      Object.fromEntries((await members()).map((member) => [member.name, member.status])),
    tagsOf: async (wanted) => {
      const found = (await members()).find((member) => member.name === wanted);
      return (found?.tags ?? {}) as unknown as Record<string, string>;
    },
    kill: (signal = 'SIGKILL') => end(child, signal),
  };
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  return new Promise((resolve) => {
    running.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}

/** Waits until each of them sees that name in that status. */
export async function waitForStatus(
  parties: readonly Party[],
  names: readonly string[],
  status: string,
  withinMs = 15_000,
): Promise<void> {
  await waitFor(`${names} to be ${status}`, withinMs, async () => {
    for (const party of parties) {
      const statuses = await party.statuses();
      if (names.some((name) => statuses[name] !== status)) return undefined;
    }
    return true;
  });
}
