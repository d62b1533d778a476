/**
 * Every command there is, compiled for the door: found by its name's bytes without making a string,
 * flags as booleans, and the counters that INFO commandstats and the metrics read.
 */
import { NodeError } from '../base/errors.ts';
import type { Frame } from '../base/frame.ts';
import { ACL_COMMANDS } from './acl/rows.ts';
import { AUDITED, type AuditNames } from './audit/audit.ts';
import { BITMAP_COMMANDS } from './bitmap/rows.ts';
import { CLUSTER_COMMANDS } from './cluster/rows.ts';
import type { CommandRow, Execute } from './command-row.ts';
import { CONNECTION_COMMANDS } from './connection/rows.ts';
import { FILTER_COMMANDS } from './filter/rows.ts';
import { GEO_COMMANDS } from './geo/rows.ts';
import { HASH_COMMANDS } from './hash/rows.ts';
import { HYPERLOGLOG_COMMANDS } from './hyperloglog/rows.ts';
import { KEY_COMMANDS } from './keys/rows.ts';
import { LIST_COMMANDS } from './list/rows.ts';
import { PERSISTENCE_COMMANDS } from './persistence/rows.ts';
import { PUBSUB_COMMANDS } from './pubsub/rows.ts';
import { SCRIPTING_COMMANDS } from './scripting/rows.ts';
import { SERVER_COMMANDS } from './server/rows.ts';
import { SET_COMMANDS } from './set/rows.ts';
import { SORT_COMMANDS } from './sort/rows.ts';
import { STORE_COMMANDS } from './store/rows.ts';
import { STREAM_COMMANDS } from './stream/rows.ts';
import { STRING_COMMANDS } from './string/rows.ts';
import { TRANSACTION_COMMANDS } from './transaction/rows.ts';
import { ZSET_COMMANDS } from './zset/rows.ts';

export const COMMAND_ROWS: readonly CommandRow[] = [
  ...CONNECTION_COMMANDS,
  ...ACL_COMMANDS,
  ...SERVER_COMMANDS,
  ...PERSISTENCE_COMMANDS,
  ...STORE_COMMANDS,
  ...FILTER_COMMANDS,
  ...KEY_COMMANDS,
  ...STRING_COMMANDS,
  ...BITMAP_COMMANDS,
  ...LIST_COMMANDS,
  ...HASH_COMMANDS,
  ...SET_COMMANDS,
  ...ZSET_COMMANDS,
  ...HYPERLOGLOG_COMMANDS,
  ...GEO_COMMANDS,
  ...STREAM_COMMANDS,
  ...SORT_COMMANDS,
  ...TRANSACTION_COMMANDS,
  ...PUBSUB_COMMANDS,
  ...SCRIPTING_COMMANDS,
  ...CLUSTER_COMMANDS,
];

export interface CommandRename {
  /** In lower case, both. */
  readonly from: string;
  readonly to: string;
}

/** One command as one node runs it. Counters belong to the node, so each node compiles its own. */
export class Command {
  readonly row: CommandRow;
  readonly parent: Command | null;
  /** `config|get` for a subcommand; the row's own name, also when it was renamed. */
  readonly fullName: string;
  readonly nameBytes: Uint8Array;
  readonly arity: number;
  readonly execute: Execute | null;
  readonly subcommands: ReadonlyMap<string, Command> | null;
  readonly guard: NonNullable<CommandRow['guard']> | null;
  readonly isWrite: boolean;
  readonly isDenyOom: boolean;
  /** What client-side caching remembers the keys of. */
  readonly isRead: boolean;
  /** Runs other commands: their reads count as reads of the keys that it declares. */
  readonly isScript: boolean;
  /** CLIENT and its subcommands: CLIENT CACHING holds on over them. */
  readonly isOfClient: boolean;
  readonly isNoAuth: boolean;
  /** Refused to scripts. */
  readonly isNoScript: boolean;
  /** Runs also while a script keeps the node busy. */
  readonly runsBusy: boolean;
  /** Effects on other nodes or clients: held back by CLIENT PAUSE WRITE. */
  readonly mayReplicate: boolean;
  /** Refused to a client in MONITOR. */
  readonly touchesKeyspace: boolean;
  /** Refused where the session's store is dropped, or not for its user. */
  readonly usesStore: boolean;
  /** Shown by MONITOR. */
  readonly isMonitored: boolean;
  readonly isLogged: boolean;
  /** Run at once between MULTI and EXEC instead of being queued. */
  readonly runsInTransaction: boolean;
  /** Refused between MULTI and EXEC. */
  readonly isNoMulti: boolean;
  /** Allowed to a RESP2 client that has subscriptions. */
  readonly runsSubscribed: boolean;
  readonly runsLoading: boolean;
  readonly namesBounds: boolean;
  /** Redis' flag: LATENCY tells of it as a fast command. */
  readonly isFast: boolean;
  /** Cost grows with arguments or data, or it is audited: each call is timed, else a sample. */
  readonly isSlow: boolean;
  /** Null: not an administrator's, or it changes nothing of the node. */
  readonly audit: AuditNames | null;
  /**
   * Calls until one is timed, that one included: 1 where each is, and for the first. It is all that
   * the door counts; the number of calls follows from it.
   */
  untimedLeft = 1;
  /** What `untimedLeft` began at. */
  private period = 1;
  /** Calls before that. */
  private callsBefore = 0;
  /**
   * Calls before the present period that no recorded duration stands for, less those within it that
   * were recorded for themselves.
   */
  unrecordedCalls = 0;
  usec = 0;
  rejectedCalls = 0;
  failedCalls = 0;

  /** @param name  what clients call it: the row's name unless it was renamed */
  constructor(row: CommandRow, parent: Command | null, name: string) {
    this.row = row;
    this.parent = parent;
    this.fullName = parent === null ? row.name : `${parent.fullName}|${row.name}`;
    this.nameBytes = Buffer.from(name, 'latin1');
    this.arity = row.arity;
    this.execute = row.execute ?? null;
    this.guard = row.guard ?? null;
    const { flags } = row;
    this.isWrite = flags.includes('write');
    this.isScript = row.group === 'scripting' && row.keys !== undefined;
    this.isDenyOom = flags.includes('denyoom') || this.isScript;
    this.isRead = flags.includes('readonly') && !this.isScript;
    this.isOfClient = (parent?.row ?? row).name === 'client';
    this.isNoAuth = flags.includes('no_auth');
    this.isNoScript = flags.includes('noscript');
    this.runsBusy = flags.includes('allow_busy');
    this.mayReplicate = this.isWrite || row.mayReplicate === true;
    this.touchesKeyspace = this.mayReplicate || flags.includes('readonly');
    this.usesStore = usesStore(row, parent);
    this.isMonitored = !flags.includes('skip_monitor') && !flags.includes('admin');
    this.isLogged = !flags.includes('skip_slowlog');
    this.runsInTransaction = parent === null && RUN_IN_TRANSACTION.has(row.name);
    this.isNoMulti = flags.includes('no_multi');
    this.runsSubscribed = parent === null && RUN_SUBSCRIBED.has(row.name);
    this.runsLoading = flags.includes('loading');
    this.namesBounds = row.namesBounds === true;
    this.audit = AUDITED.get(this.fullName) ?? null;
    this.isFast = flags.includes('fast');
    const isSampled = TIMED_BY_SAMPLE.has(this.fullName) || row.timesItself === true;
    const isQuick = this.isFast || isSampled;
    this.isSlow = !isQuick || this.audit !== null;
    this.subcommands =
      row.subcommands === undefined
        ? null
        : new Map(
            row.subcommands.map((child) => [child.name, new Command(child, this, child.name)]),
          );
  }

  /** Calls that have come to their end. */
  get calls(): number {
    return this.callsBefore + this.period - this.untimedLeft;
  }

  /** A call is timed: it is counted when it ends. @returns the calls that it stands for */
  beginTimed(): number {
    this.untimedLeft = 1;
    return this.period + this.unrecordedCalls;
  }

  /** @param nextPeriod  which of the calls to come is timed */
  endTimed(nextPeriod: number): void {
    this.callsBefore += this.period;
    this.period = nextPeriod;
    this.untimedLeft = nextPeriod;
    this.unrecordedCalls = 0;
  }

  resetCounters(): void {
    this.usec = 0;
    this.rejectedCalls = 0;
    this.failedCalls = 0;
    this.callsBefore = 0;
    this.unrecordedCalls = 0;
    this.period = 1;
    this.untimedLeft = 1;
    for (const child of this.subcommands?.values() ?? []) child.resetCounters();
  }

  timeNext(): void {
    this.callsBefore = this.calls;
    this.unrecordedCalls = 0;
    this.period = 1;
    this.untimedLeft = 1;
    for (const child of this.subcommands?.values() ?? []) child.timeNext();
  }
}

/** Whether it works on the selected store. Libraries are the node's, and STORE names its store. */
function usesStore(row: CommandRow, parent: Command | null): boolean {
  if (row.keys !== undefined || parent?.row.name === 'filter' || row.name === 'debug') return true;
  if (row.group === 'scripting' || parent?.row.name === 'store') return false;
  return row.flags.includes('write') || row.flags.includes('readonly');
}

const RUN_IN_TRANSACTION = new Set(['exec', 'discard', 'multi', 'watch', 'quit', 'reset']);

const RUN_SUBSCRIBED = new Set([
  'ping',
  'subscribe',
  'psubscribe',
  'ssubscribe',
  'unsubscribe',
  'punsubscribe',
  'sunsubscribe',
  'quit',
  'reset',
]);

/** Without Redis' `fast` flag, and yet of constant cost. */
const TIMED_BY_SAMPLE = new Set(['set', 'mset', 'setex', 'psetex', 'getrange', 'setbit', 'ping']);

/** Primes, so that no pipeline's rhythm is in step with them. */
const SAMPLE_EVERY = [17, 67, 257];
const SAMPLE_MS_MIN = 0.05;
/** More than four times as long, so that a step down is not undone by the next sample. */
const SAMPLE_MS_MAX = 0.25;

/** Open addressing over the lower-case names; a power of two, at most a quarter full. */
const TABLE_SIZE = 2048;

export class CommandTable {
  readonly rows: readonly CommandRow[];
  readonly commands: readonly Command[];
  private sampleStep = 0;
  private lastSampleMs = 0;
  private readonly byName = new Map<string, Command>();
  /** All of them, subcommands included. */
  private readonly counted: readonly Command[];
  private readonly slots: (Command | null)[] = new Array<Command | null>(TABLE_SIZE).fill(null);
  /** Pipelines repeat themselves: the command found last is tried first. */
  private last: Command;

  /**
   * @param renames  as rename-command: an empty `to` takes the command away
   * @throws NodeError BAD_CONFIGURATION
   */
  constructor(rows: readonly CommandRow[] = COMMAND_ROWS, renames: readonly CommandRename[] = []) {
    this.rows = rows;
    for (const row of rows) this.byName.set(row.name, new Command(row, null, row.name));
    for (const { from, to } of renames) this.rename(from, to);
    this.commands = [...this.byName.values()];
    this.counted = this.commands.flatMap((one) => [one, ...(one.subcommands?.values() ?? [])]);
    this.last = this.commands[0];
    for (const command of this.commands) {
      let slot = hashName(command.nameBytes, 0, command.nameBytes.length);
      while (this.slots[slot] !== null) slot = (slot + 1) % TABLE_SIZE;
      this.slots[slot] = command;
    }
  }

  private rename(from: string, to: string): void {
    const command = this.byName.get(from);
    const refuse = (reason: string): never => {
      const message = `security.renamed_commands: ${from} ${to === '' ? '""' : to}: ${reason}`;
      throw new NodeError('BAD_CONFIGURATION', message);
    };
    if (command === undefined) return refuse('there is no such command');
    this.byName.delete(from);
    if (to === '') return;
    if (this.byName.has(to)) return refuse('there is a command of that name');
    this.byName.set(to, new Command(command.row, null, to));
  }

  /** The command that the frame's first argument names, in any case; null when there is none. */
  findFrame(frame: Frame): Command | null {
    const { bytes } = frame;
    const offset = frame.offsets[0];
    const length = frame.lengths[0];
    if (isNamed(this.last, bytes, offset, length)) return this.last;
    let slot = hashName(bytes, offset, length);
    for (;;) {
      const command = this.slots[slot];
      if (command === null) return null;
      if (isNamed(command, bytes, offset, length)) {
        this.last = command;
        return command;
      }
      slot = (slot + 1) % TABLE_SIZE;
    }
  }

  /** In a pipeline the next ones are likely to be the same. */
  get lastFound(): Command {
    return this.last;
  }

  /** All calls of all commands: ten times a second, and in every slice of a repair. */
  get calls(): number {
    let sum = 0;
    for (const command of this.counted) sum += command.calls;
    return sum;
  }

  /**
   * A command of constant cost was timed: two readings of the clock and the histogram take 340 ns,
   * a GET 250. So one call in many is timed and counted with that weight: in so many that it takes
   * a hundredth of the time, however quickly commands come.
   * @returns which of the command's next calls is to be timed
   */
  choosePeriod(nowMs: number): number {
    const elapsedMs = nowMs - this.lastSampleMs;
    this.lastSampleMs = nowMs;
    if (elapsedMs < SAMPLE_MS_MIN) {
      this.sampleStep = Math.min(this.sampleStep + 1, SAMPLE_EVERY.length - 1);
    } else if (elapsedMs > SAMPLE_MS_MAX) {
      this.sampleStep = Math.max(this.sampleStep - 1, 0);
    }
    return SAMPLE_EVERY[this.sampleStep];
  }

  /** @param fullName  any case; `config` or `config|get` */
  find(fullName: string): Command | null {
    const [name, child] = fullName.toLowerCase().split('|');
    const command = this.byName.get(name) ?? null;
    if (child === undefined || command === null) return command;
    return command.subcommands?.get(child) ?? null;
  }

  resetCounters(): void {
    for (const command of this.commands) command.resetCounters();
  }

  /** The slow log's threshold has changed: the next call of each command looks at it. */
  timeNext(): void {
    for (const command of this.commands) command.timeNext();
  }
}

function isNamed(command: Command, bytes: Uint8Array, offset: number, length: number): boolean {
  const name = command.nameBytes;
  if (name.length !== length) return false;
  for (let i = 0; i < length; i++) {
    let byte = bytes[offset + i];
    if (byte >= 65 && byte <= 90) byte += 32;
    if (byte !== name[i]) return false;
  }
  return true;
}

/** Names of up to 32 bytes; longer ones name nothing, so only their head counts. */
function hashName(bytes: Uint8Array, offset: number, length: number): number {
  let hash = length;
  const end = offset + Math.min(length, 32);
  for (let i = offset; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] | 32)) | 0;
  return (hash ^ (hash >>> 11)) & (TABLE_SIZE - 1);
}
