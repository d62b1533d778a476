/** The table `redis` that scripts see, and `server`, its name in later versions. */

import { sha1 } from '../base/digest/sha1.ts';
import type { Logger } from '../base/logger.ts';
import { aclAllows } from '../commands/acl/enforce.ts';
import { CALL_TEXTS, type CommandCall } from './command-call.ts';
import { requireNumber } from './lua/arguments.ts';
import type { LuaTable } from './lua/lua-table.ts';
import {
  LuaError,
  type LuaHost,
  type LuaNative,
  type LuaValue,
  NO_VALUES,
} from './lua/lua-value.ts';
import type { ScriptRun } from './script-run.ts';

/** What scripts believe to talk to. */
const REDIS_VERSION = '7.0.15';
const REDIS_VERSION_NUM = 0x0007_000f;

const CONSTANTS: Readonly<Record<string, number | string>> = {
  LOG_DEBUG: 0,
  LOG_VERBOSE: 1,
  LOG_NOTICE: 2,
  LOG_WARNING: 3,
  REDIS_VERSION,
  REDIS_VERSION_NUM,
};

const REPLICATION_CONSTANTS: Readonly<Record<string, number>> = {
  REPL_NONE: 0,
  REPL_AOF: 1,
  REPL_SLAVE: 2,
  REPL_REPLICA: 2,
  REPL_ALL: 3,
};

const LOG_LEVELS = ['debug', 'debug', 'info', 'warn'] as const;
const LOGGED_LENGTH_MAX = 4_096;

export interface RedisTableOptions {
  readonly host: LuaHost;
  readonly run: ScriptRun;
  readonly calls: CommandCall;
  readonly logger: Logger;
}

export function createRedisTable(options: RedisTableOptions): LuaTable {
  const { calls, host, run } = options;
  const natives: Readonly<Record<string, LuaNative>> = {
    call: calls.call,
    pcall: calls.pcall,
    log: logFunction(options.logger),
    sha1hex: sha1Hex,
    error_reply: errorReply,
    status_reply: statusReply,
    setresp: (_host, args) => setProtocol(host, run, args),
    set_repl: (_host, args) => setReplication(host, args),
    acl_check_cmd: (_host, args) => checkAccess(options, args),
    replicate_commands: () => true,
    breakpoint: () => false,
    debug: () => NO_VALUES,
  };
  const table = withConstants(host, CONSTANTS, REPLICATION_CONSTANTS);
  for (const [name, native] of Object.entries(natives)) {
    table.setString(name, host.native(name, native));
  }
  return table;
}

/** What a library has while it is loaded: `register_function`, and no command at all. */
export function createLoadTable(host: LuaHost, logger: Logger, register: LuaNative): LuaTable {
  const table = withConstants(host, CONSTANTS);
  table.setString('log', host.native('log', logFunction(logger)));
  table.setString('register_function', host.native('register_function', register));
  return table;
}

function withConstants(
  host: LuaHost,
  ...lists: readonly Readonly<Record<string, number | string>>[]
): LuaTable {
  const table = host.newTable();
  for (const list of lists) {
    for (const [name, value] of Object.entries(list)) table.setString(name, value);
  }
  return table;
}

/** An error of these functions is a table with `err`, like that of a command. */
export function raise(host: LuaHost, text: string): LuaError {
  const table = host.newTable();
  table.setString('err', text);
  return new LuaError(table, 0);
}

function logFunction(logger: Logger): LuaNative {
  return (host, args) => {
    if (args.length < 2) throw raise(host, 'ERR redis.log() requires two arguments or more.');
    if (typeof args[0] !== 'number' && Number.isNaN(Number(args[0] ?? Number.NaN))) {
      throw raise(host, 'ERR First argument must be a number (log level).');
    }
    const level = Math.trunc(requireNumber(args, 0));
    if (!(level >= 0 && level <= 3)) throw raise(host, 'ERR Invalid debug level.');
    const words = args
      .slice(1)
      .filter((word) => typeof word === 'string' || typeof word === 'number');
    const text = words.map((word) => host.toText(word)).join(' ');
    logger[LOG_LEVELS[level]]('script', text.slice(0, LOGGED_LENGTH_MAX));
    return NO_VALUES;
  };
}

const sha1Hex: LuaNative = (host, args) => {
  if (args.length !== 1) throw raise(host, 'ERR wrong number of arguments');
  const [value] = args;
  const isText = typeof value === 'string' || typeof value === 'number';
  const text = isText ? host.toText(value) : '';
  host.budget.takeSteps(text.length >> 2);
  return Buffer.from(sha1(Buffer.from(text, 'latin1'))).toString('hex');
};

const errorReply: LuaNative = (host, args) => {
  const [text] = args;
  if (args.length !== 1 || typeof text !== 'string') return wrongArguments(host);
  const bare = (text.startsWith('-') ? text.slice(1) : text).replace(/[\r\n]+$/, '');
  const table = host.newTable();
  table.setString('err', bare.includes(' ') ? bare : `ERR ${bare}`);
  return table;
};

const statusReply: LuaNative = (host, args) => {
  const [text] = args;
  if (args.length !== 1 || typeof text !== 'string') return wrongArguments(host);
  const table = host.newTable();
  table.setString('ok', text);
  return table;
};

function wrongArguments(host: LuaHost): LuaTable {
  const table = host.newTable();
  table.setString('err', 'ERR wrong number or type of arguments');
  return table;
}

function setProtocol(host: LuaHost, run: ScriptRun, args: readonly LuaValue[]): typeof NO_VALUES {
  if (args.length !== 1) throw raise(host, 'ERR redis.setresp() requires one argument.');
  const version = integerOf(args[0]);
  if (version !== 2 && version !== 3) throw raise(host, 'ERR RESP version must be 2 or 3.');
  run.protocol = version;
  return NO_VALUES;
}

/** Changes are always recorded as a whole: which is what it sets unless told otherwise. */
function setReplication(host: LuaHost, args: readonly LuaValue[]): typeof NO_VALUES {
  if (args.length !== 1) throw raise(host, 'ERR redis.set_repl() requires two arguments.');
  const flags = integerOf(args[0]);
  if ((flags & ~3) !== 0) {
    const names = 'REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE';
    throw raise(host, `ERR Invalid replication flags. Use ${names}.`);
  }
  return NO_VALUES;
}

function checkAccess({ calls, host, run }: RedisTableOptions, args: LuaValue[]): boolean {
  if (args.length === 0) throw raise(host, CALL_TEXTS.noArguments);
  if (!calls.callFrame.fill(args)) throw raise(host, CALL_TEXTS.wrongArgument);
  const isAllowed = run.session === null ? null : aclAllows(run.session, calls.callFrame.frame);
  if (isAllowed === null) throw raise(host, 'ERR Invalid command passed to redis.acl_check_cmd()');
  return isAllowed;
}

/** lua_tonumber, then the cast of C. */
function integerOf(value: LuaValue): number {
  const isNumber = typeof value === 'number' || typeof value === 'string';
  return isNumber ? Math.trunc(Number(value)) : 0;
}
