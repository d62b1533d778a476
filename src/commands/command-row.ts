import type { Frame } from '../base/frame.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import type { Session } from './session.ts';

/**
 * Runs one command whose arity, access and memory were checked. Writes exactly one reply (none only
 * where Redis sends none), returns errors as replies and throws only for our own mistakes. Nothing
 * of `frame` may be kept.
 */
export type Execute = (session: Session, frame: Frame, reply: ReplyWriter) => void;

/** As COMMAND INFO names them. */
export type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'admin'
  | 'pubsub'
  | 'noscript'
  | 'blocking'
  | 'loading'
  | 'stale'
  | 'skip_monitor'
  | 'skip_slowlog'
  | 'fast'
  | 'no_auth'
  | 'may_replicate'
  | 'no_mandatory_keys'
  | 'movablekeys'
  | 'allow_busy'
  | 'no_async_loading'
  | 'no_multi'
  | 'asking';

/**
 * What finds keys that no spec describes: none can be found at all (names that follow from data),
 * or the argument of SORT's last STORE.
 */
export type KeyFinder = 'nothing' | 'sortStore';

/** Where keys stand among the arguments, as in Redis 7 key specs. */
export interface KeySpec {
  /** Such as `RO ACCESS`, `RW UPDATE`, `OW INSERT`, `RW DELETE`. */
  readonly flags: string;
  readonly begin:
    | { readonly index: number }
    | { readonly keyword: string; readonly startFrom: number }
    | { readonly isUnknown: true };
  readonly find:
    | { readonly lastKey: number; readonly step: number; readonly limit: number }
    | { readonly keyCountIndex: number; readonly firstKey: number; readonly step: number }
    | { readonly isUnknown: true; readonly finder: KeyFinder };
  readonly notes?: string;
}

export type CommandGroup =
  | 'generic'
  | 'string'
  | 'bitmap'
  | 'connection'
  | 'server'
  | 'transactions'
  | 'pubsub'
  | 'list'
  | 'set'
  | 'sorted-set'
  | 'hash'
  | 'stream'
  | 'hyperloglog'
  | 'geo'
  | 'scripting'
  | 'cluster';

/** One command, or one subcommand of a container. The source of COMMAND, its docs and the tests. */
export interface CommandRow {
  /** Lower case; a subcommand carries its own word only (`get` of `config`). */
  readonly name: string;
  /** As in COMMAND INFO: the name counts; negative means at least. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  /**
   * ACL categories beyond those that follow from flags and group, without `@`; `-x` takes x away.
   */
  readonly categories?: readonly string[];
  readonly keys?: readonly KeySpec[];
  /** What COMMAND DOCS says of a command that has a successor. */
  readonly deprecated?: { readonly since: string; readonly replacedBy: string };
  /** Setting that says who may use it; it is refused to others before anything else. */
  readonly guard?: 'enableDebugCommand' | 'enableModuleCommand';
  /** No write, and yet replicas hear of it: Redis' may_replicate, which COMMAND does not show. */
  readonly mayReplicate?: boolean;
  /** Bounds of a range stand behind its key, where its kin have a member: none is looked up. */
  readonly namesBounds?: boolean;
  /** Starts the node's stopwatch when a call will be long; the others are of constant cost. */
  readonly timesItself?: boolean;
  readonly group: CommandGroup;
  readonly since: string;
  readonly complexity: string;
  /** One sentence of ours, no full stop. */
  readonly summary: string;
  /** Arguments in the notation of the Redis manual: `key value [NX | XX] [EX seconds]`. */
  readonly syntax: string;
  /** Command tips, such as `nondeterministic_output_order`. */
  readonly tips?: readonly string[];
  /** Asked before it is queued in MULTI: the text of an error that then breaks the transaction. */
  readonly refuseQueued?: (session: Session, frame: Frame) => string | null;
  /** Absent in a container that cannot run by itself. */
  readonly execute?: Execute;
  readonly subcommands?: readonly CommandRow[];
}

/**
 * The usual key spec: `count` keys from `index` on; `lastKey` counts from the first, -1 = to the
 * end.
 */
export function keysAt(index: number, lastKey: number, step: number, flags: string): KeySpec {
  return { flags, begin: { index }, find: { lastKey, step, limit: 0 } };
}

/** ACL categories in the order in which COMMAND INFO lists them. */
export const CATEGORIES: readonly string[] = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
];

const GROUP_CATEGORY: Readonly<Record<CommandGroup, string>> = {
  generic: 'keyspace',
  string: 'string',
  bitmap: 'bitmap',
  connection: 'connection',
  server: '',
  transactions: 'transaction',
  pubsub: '',
  list: 'list',
  set: 'set',
  'sorted-set': 'sortedset',
  hash: 'hash',
  stream: 'stream',
  hyperloglog: 'hyperloglog',
  geo: 'geo',
  scripting: 'scripting',
  cluster: '',
};

/**
 * ACL categories of a command: what its flags and its group say, and what its row adds; a row takes
 * one away by a leading `-`.
 */
export function categoriesOf(row: CommandRow): string[] {
  const found = new Set<string>([GROUP_CATEGORY[row.group]]);
  const { flags } = row;
  if (flags.includes('write')) found.add('write');
  if (flags.includes('readonly') && row.group !== 'scripting') found.add('read');
  if (flags.includes('admin')) found.add('admin').add('dangerous');
  if (flags.includes('pubsub')) found.add('pubsub');
  if (flags.includes('blocking')) found.add('blocking');
  found.add(flags.includes('fast') ? 'fast' : 'slow');
  for (const category of row.categories ?? []) {
    if (category.startsWith('-')) found.delete(category.slice(1));
    else found.add(category);
  }
  return CATEGORIES.filter((category) => found.has(category));
}
