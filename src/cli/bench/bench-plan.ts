/** What the flags of `bench` ask for. */
import { NodeError } from '../../base/errors.ts';
import { reachable } from '../node/asked-node.ts';
import { passwordOf, readAuthorities } from '../node/node-access.ts';
import type { RespLogin, RespPlace } from '../resp/resp-talk.ts';
import type { ToolRun } from '../tool-arguments.ts';
import { findCount, findDuration, findNumber, findSize, refused } from '../tool-flags.ts';
import type { FlagRow } from '../tool-row.ts';
import { customOperation, OPERATIONS, type OperationRow } from './operations.ts';
import type { KeySpace, WeightedOperation } from './workload.ts';

export interface BenchPlan {
  readonly places: readonly RespPlace[];
  readonly login: RespLogin;
  readonly connectionCount: number;
  readonly depth: number;
  /** Null: a closed loop. */
  readonly ratePerS: number | null;
  readonly warmUpMs: number;
  /** Infinite when a number of commands is asked for. */
  readonly durationMs: number;
  readonly commandCount: number;
  readonly operations: readonly WeightedOperation[];
  readonly space: KeySpace;
  readonly isFilled: boolean;
  readonly isCleaned: boolean;
}

export const BENCH_FLAGS: readonly FlagRow[] = [
  {
    usage: '--rate <count>',
    help: 'commands a second, due whether or not the node keeps up; else as fast as it answers',
  },
  { usage: '--duration <time>', help: 'how long; 10s' },
  { usage: '--requests <count>', help: 'how many commands, in place of a time' },
  { usage: '--warm-up <time>', help: 'before that, and not counted; 1s' },
  { usage: '--clients <count>', help: 'connections; 50' },
  { usage: '--pipeline <count>', help: 'commands under way on each of them; 1' },
  {
    usage: '--mix <operations>',
    help: 'what is sent and how often, such as get:9,set:1; of ping, get, set, ...; get:9,set:1',
  },
  {
    usage: '--command <text>',
    help: "one of your own, with {key}, {element} and {value}: 'HINCRBY user:{key} visits 1'",
  },
  { usage: '--keys <count>', help: 'how many keys of each kind; 100000' },
  { usage: '--skew <power>', help: '1: all keys alike; 4: a fifth of them gets two thirds; 1' },
  { usage: '--size <bytes>', help: 'of a value; 64' },
  { usage: '--store <name>', help: 'a named store, or the number of a database' },
  { usage: '--fill', help: 'write every key that is going to be read first' },
  { usage: '--clean', help: 'remove the keys at the end' },
  {
    usage: '--target <addresses>',
    help: 'host:port of one or more nodes, with commas; else that of the settings',
  },
  { usage: '--tls', help: 'speak TLS' },
];

const CONNECTIONS_MAX = 10_000;
const DEPTH_MAX = 10_000;
const PLACES_MAX = 1_000_000;
const RATE_MAX = 10_000_000;
const KEYS_MAX = 1_000_000_000;
const VALUE_BYTES_MAX = 64 * 1024 * 1024;
const COUNT_MAX = Number.MAX_SAFE_INTEGER;
const OPERATIONS_MAX = 64;

export function readPlan(tool: ToolRun): BenchPlan {
  const { flags } = tool;
  const commandCount = findCount(tool, 'requests', { min: 1, max: COUNT_MAX });
  if (commandCount !== null && flags.has('duration')) {
    throw refused('requests', 'not together with --duration');
  }
  const connectionCount = findCount(tool, 'clients', { min: 1, max: CONNECTIONS_MAX }) ?? 50;
  const depth = findCount(tool, 'pipeline', { min: 1, max: DEPTH_MAX }) ?? 1;
  if (connectionCount * depth > PLACES_MAX) {
    throw refused('pipeline', `at most ${PLACES_MAX} commands under way on all clients together`);
  }
  const isCounted = commandCount !== null;
  return {
    places: placesOf(tool),
    login: {
      user: flags.get('user') ?? null,
      password: passwordOf(tool),
      store: flags.get('store') ?? null,
    },
    connectionCount,
    depth,
    ratePerS: findNumber(tool, 'rate', { min: 0.1, max: RATE_MAX }),
    // Those of a warm-up would be missing among those that were asked for.
    warmUpMs: findDuration(tool, 'warm-up') ?? (isCounted ? 0 : 1_000),
    durationMs: isCounted ? Number.POSITIVE_INFINITY : (findDuration(tool, 'duration') ?? 10_000),
    commandCount: commandCount ?? Number.POSITIVE_INFINITY,
    operations: operationsOf(tool),
    space: {
      keyCount: findCount(tool, 'keys', { min: 1, max: KEYS_MAX }) ?? 100_000,
      skew: findNumber(tool, 'skew', { min: 1, max: 100 }) ?? 1,
      valueBytes: findSize(tool, 'size', { min: 1, max: VALUE_BYTES_MAX }) ?? 64,
    },
    isFilled: flags.has('fill'),
    isCleaned: flags.has('clean'),
  };
}

function operationsOf({ flags }: ToolRun): WeightedOperation[] {
  const line = flags.get('command');
  if (line !== undefined) {
    if (flags.has('mix')) throw refused('command', 'not together with --mix');
    if (line.trim() === '') throw refused('command', 'must name a command');
    return [{ row: customOperation(line), weight: 1 }];
  }
  const parts = (flags.get('mix') ?? 'get:9,set:1').split(',');
  if (parts.length > OPERATIONS_MAX) throw refused('mix', `at most ${OPERATIONS_MAX} operations`);
  return parts.map((part) => {
    const match = /^([a-z]+)(?::(\d{1,9}))?$/.exec(part.trim().toLowerCase());
    const weight = Number(match?.[2] ?? 1);
    if (match === null || weight === 0) throw refused('mix', 'must be such as get:9,set:1');
    return { row: requireOperation(match[1]), weight };
  });
}

export function requireOperation(name: string): OperationRow {
  const row = OPERATIONS.find((operation) => operation.name === name);
  if (row !== undefined) return row;
  const names = OPERATIONS.map((operation) => operation.name).join(', ');
  throw refused('mix', `there is no '${name}'; there are ${names}`);
}

function placesOf(tool: ToolRun): RespPlace[] {
  const { configuration, flags } = tool;
  const tls = flags.has('tls') ? { authorities: readAuthorities(tool) } : null;
  const target = flags.get('target');
  if (target !== undefined) {
    return target.split(',').map((text) => ({ ...parsePlace(text.trim()), tls }));
  }
  const { respBindAddresses, respPort } = configuration.network;
  const port = tls === null ? respPort : configuration.tls.port;
  const host = reachable(respBindAddresses[0] ?? '');
  if (port === 0) throw new NodeError('BAD_CONFIGURATION', 'Which port? --port, or --target');
  return [{ host, port, tls }];
}

function parsePlace(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) {
    throw refused('target', 'must be host:port, with commas between several');
  }
  return { host: match[1] ?? match[2], port };
}
