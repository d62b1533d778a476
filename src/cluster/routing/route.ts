import type { Frame } from '../../base/frame.ts';
import type { CommandRow } from '../../commands/command-row.ts';
import type { Command } from '../../commands/command-table.ts';

/** Which node executes a command. */
export const ROUTE = {
  /** The one that its client is connected to, when what the client sent before is answered. */
  SELF: 0,
  /** The same, at once: it neither reads nor changes what other commands do. */
  SELF_AT_ONCE: 1,
  /** Any that holds the keys: this one, unless an earlier command of the client is under way. */
  READ: 2,
  /** The owner of the keys. */
  OWNER: 3,
  /** The owner of the default store, which decides about stores and function libraries. */
  STORES: 4,
  /** The owner of the store that argument 2 names. */
  NAMED_STORE: 5,
  /** Where the transaction's commands run. */
  EXEC: 6,
  /** Where EXEC will run. */
  WATCH: 7,
  /** XREAD: the owner when it may wait. */
  READ_OR_WAIT: 8,
  /** Where the client's writes were made. */
  WAIT: 9,
  /** Where the script runs that keeps a node busy. */
  KILL: 10,
  /** This node if it holds all keys of the store; else each owner for its slots. */
  ALL_KEYS: 11,
  /** The owner of the store; where each slot has one, one node for all. */
  WHOLE_STORE: 12,
} as const;

export type Route = (typeof ROUTE)[keyof typeof ROUTE];

/** Commands whose flags do not say it. */
const EXCEPTIONS: Readonly<Record<string, Route>> = {
  echo: ROUTE.SELF_AT_ONCE,
  multi: ROUTE.SELF_AT_ONCE,
  ping: ROUTE.SELF_AT_ONCE,
  time: ROUTE.SELF_AT_ONCE,
  exec: ROUTE.EXEC,
  watch: ROUTE.WATCH,
  dbsize: ROUTE.ALL_KEYS,
  keys: ROUTE.ALL_KEYS,
  randomkey: ROUTE.ALL_KEYS,
  scan: ROUTE.ALL_KEYS,
  flushall: ROUTE.WHOLE_STORE,
  flushdb: ROUTE.WHOLE_STORE,
  swapdb: ROUTE.WHOLE_STORE,
  xread: ROUTE.READ_OR_WAIT,
  wait: ROUTE.WAIT,
  waitaof: ROUTE.WAIT,
  // Heard by the clients of every node: this one tells the others.
  spublish: ROUTE.SELF,
  lolwut: ROUTE.SELF,
  'store|create': ROUTE.STORES,
  'store|drop': ROUTE.STORES,
  'store|flush': ROUTE.NAMED_STORE,
  'function|delete': ROUTE.STORES,
  'function|flush': ROUTE.STORES,
  'function|load': ROUTE.STORES,
  'function|restore': ROUTE.STORES,
  'script|kill': ROUTE.KILL,
  'function|kill': ROUTE.KILL,
};

/** @param fullName  `function|load` for a subcommand */
export function routeOf(row: CommandRow, fullName: string): Route {
  const exception = EXCEPTIONS[fullName];
  if (exception !== undefined) return exception;
  if (row.flags.includes('write')) return ROUTE.OWNER;
  if (row.keys === undefined) return row.flags.includes('readonly') ? ROUTE.READ : ROUTE.SELF;
  // Scripts, and PFCOUNT, which keeps what it has counted.
  if (row.mayReplicate === true) return ROUTE.OWNER;
  return row.flags.includes('readonly') ? ROUTE.READ : ROUTE.SELF;
}

/** Works on its client's connection: no other node can run it for that client. */
export function isBound(row: CommandRow, fullName: string): boolean {
  if (row.group === 'connection') return fullName !== 'ping' && fullName !== 'echo';
  return row.name === 'monitor' || row.name.endsWith('subscribe');
}

export function isBlocking({ row }: Command, frame: Frame): boolean {
  if (!row.flags.includes('blocking')) return false;
  return row.name === 'xread' || row.name === 'xreadgroup' ? mayBlock(frame) : true;
}

/** XREAD and XREADGROUP: with the option BLOCK. */
export function mayBlock(frame: Frame): boolean {
  for (let arg = 1; arg < frame.count; arg++) {
    if (frame.equals(arg, 'STREAMS')) return false;
    if (frame.equals(arg, 'BLOCK')) return true;
  }
  return false;
}
