import { findByPath, findByRedisName, redisNames, SETTINGS } from '../config-table.ts';
import { suggest } from '../did-you-mean.ts';
import { splitRedisWords } from '../table/redis-words.ts';
import type { Setting } from '../table/setting.ts';
import type { Source } from './raw-setting.ts';
import { emptySource } from './raw-setting.ts';

/** Short names of settings, beside redis-server's own flags. */
export const SHORT_FLAGS: Readonly<Record<string, string>> = {
  'node-id': 'node.id',
  port: 'network.resp_port',
  'http-port': 'network.http_port',
  'gossip-port': 'network.gossip_port',
  'link-port': 'network.link_port',
  'data-dir': 'node.data_dir',
  seeds: 'cluster.seeds',
};

export interface StartArguments {
  /** Path of the configuration file, `-` for standard input, null when none is named. */
  readonly file: string | null;
  readonly flags: Source;
}

/**
 * Arguments of `start`: an optional file, then flags. A flag is `--path=value`, `--short value`, or
 * a directive of redis-server with any number of values (`--save 60 1 --appendonly yes`).
 */
export function readStartArguments(args: readonly string[]): StartArguments {
  const flags = emptySource();
  // As for redis-server, a last '-' is standard input and not a value of the flag before it.
  const endsWithStandardInput = args.length > 0 && args[args.length - 1] === '-';
  if (endsWithStandardInput) args = args.slice(0, -1);
  let file: string | null = endsWithStandardInput ? '-' : null;
  let at = 0;
  const problem = (where: string, reason: string) => void flags.problems.push({ where, reason });
  while (at < args.length) {
    const argument = args[at]!;
    if (!argument.startsWith('--')) {
      if (file === null && (argument === '-' || !argument.startsWith('-'))) file = argument;
      else problem(argument, 'unexpected argument');
      at++;
      continue;
    }
    let end = at + 1;
    while (end < args.length && !args[end]!.startsWith('--')) end++;
    const values = args.slice(at + 1, end);
    const flag = splitFlag(argument, values);
    if (flag.name === 'config') {
      if (flag.values.length !== 1) problem('--config', 'needs one file name');
      else if (file !== null) problem('--config', 'a configuration file was named before');
      else file = flag.values[0]!;
    } else {
      addFlag(flag, flags);
    }
    at = end;
  }
  return { file, flags };
}

interface Flag {
  readonly name: string;
  readonly values: readonly string[];
  readonly hasEquals: boolean;
}

function splitFlag(argument: string, following: readonly string[]): Flag {
  const equals = argument.indexOf('=');
  if (equals !== -1 && !/\s/.test(argument.slice(0, equals))) {
    const value = argument.slice(equals + 1);
    return { name: argument.slice(2, equals), values: [value, ...following], hasEquals: true };
  }
  // redis-server also takes name and values in one argument: "--port 6380".
  const words = splitRedisWords(argument.slice(2)) ?? [argument.slice(2)];
  return { name: words[0] ?? '', values: [...words.slice(1), ...following], hasEquals: false };
}

function addFlag(flag: Flag, flags: Source): void {
  const where = `--${flag.name}`;
  const name = flag.name.toLowerCase();
  const path = Object.hasOwn(SHORT_FLAGS, name) ? SHORT_FLAGS[name]! : name;
  const row = findByPath(path);
  const redisRow = row === undefined ? findByRedisName(name) : undefined;
  if (row === undefined && redisRow === undefined) {
    const hint = suggest(name, flagNames()).replace("'", "'--");
    flags.problems.push({ where, reason: `unknown flag${hint}` });
    return;
  }
  const values = row !== undefined ? ownValues(row, flag) : redisValues(name, flag);
  if (values === null) {
    flags.problems.push({ where, reason: 'needs one value' });
    return;
  }
  flags.settings.push({
    name: row?.path ?? name,
    form: row !== undefined ? 'path' : 'redis',
    words: values,
    isList: false,
    source: 'command line',
    where,
  });
}

/** One value; a switch may stand alone. */
function ownValues(row: Setting, flag: Flag): readonly string[] | null {
  if (flag.values.length === 1) return flag.values;
  if (flag.values.length > 1 && row.codec.takesWords) return [flag.values.join(' ')];
  const isSwitch = row.codec.schema['type'] === 'boolean';
  return isSwitch && flag.values.length === 0 ? ['true'] : null;
}

function redisValues(name: string, flag: Flag): readonly string[] {
  if (flag.hasEquals) return splitRedisWords(flag.values.join(' ')) ?? flag.values;
  return flag.values.length === 0 && name === 'save' ? [''] : flag.values;
}

function flagNames(): string[] {
  return [
    'config',
    ...Object.keys(SHORT_FLAGS),
    ...redisNames(),
    ...SETTINGS.filter((row) => row.section !== 'inert').map((row) => row.path),
  ];
}
