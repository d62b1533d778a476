import { resolve } from 'node:path';
import type { Configuration } from '../base/configuration.ts';
import type { World } from '../base/world.ts';
import { rewriteRedisConf } from './rewrite-redis-conf.ts';
import { rewriteYaml } from './rewrite-yaml.ts';
import type { Settled } from './settle-configuration.ts';
import { settleConfiguration } from './settle-configuration.ts';
import type { StartArguments } from './sources/command-line.ts';
import { CONFIG_FILE_VARIABLE, readEnvironment } from './sources/environment.ts';
import type { Source } from './sources/raw-setting.ts';
import { emptySource } from './sources/raw-setting.ts';
import { readRedisConf, readText } from './sources/redis-conf.ts';
import { readYamlFile } from './sources/yaml-file.ts';

export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  /** CONFIG REWRITE: the text of the file with the present values in it. */
  readonly rewrite: Rewrite;
}

type Rewrite = (text: string, now: Configuration, chosen: ReadonlySet<string>) => string;

type Format = 'yaml' | 'redis';

export interface Loaded extends Settled {
  /** Null: no file, or standard input, which cannot be rewritten. */
  readonly file: ConfigFile | null;
}

const STANDARD_INPUT = '/dev/stdin';

/** Reads the file that the arguments or HYPERCACHE_CONFIG name, the environment and the flags. */
export async function loadConfiguration(world: World, start: StartArguments): Promise<Loaded> {
  const { environment, memoryBytesTotal, workingDirectory } = world.host;
  const name = start.file ?? environment[CONFIG_FILE_VARIABLE] ?? '';
  const read = name === '' ? null : await readConfigFile(world, name);
  const settled = settleConfiguration({
    habit: read?.format === 'redis' ? 'redis' : 'hypercache',
    sources: [read?.source ?? emptySource(), readEnvironment(environment), start.flags],
    memoryBytesTotal,
    workingDirectory,
  });
  const canRewrite = read !== null && name !== '-';
  const path = resolve(workingDirectory, name);
  return { ...settled, file: canRewrite ? { path, rewrite: read.rewrite } : null };
}

interface ReadFile {
  readonly format: Format;
  readonly source: Source;
  readonly rewrite: Rewrite;
}

async function readConfigFile(world: World, name: string): Promise<ReadFile> {
  const isStandardInput = name === '-';
  const text = readText(world.disk, isStandardInput ? STANDARD_INPUT : name);
  const label = isStandardInput ? 'standard input' : name;
  if (text === null) {
    const source = emptySource();
    source.problems.push({ where: label, reason: 'there is no such file, or it cannot be read' });
    return { format: 'yaml', source, rewrite: (unchanged) => unchanged };
  }
  const format = formatOf(name, text);
  if (format === 'redis') {
    const source = readRedisConf(text, label, world.disk);
    return { format, source, rewrite: rewriteRedisConf };
  }
  const yaml = await import('yaml');
  const rewrite: Rewrite = (old, now, chosen) => rewriteYaml(yaml, old, { now, chosen });
  return { format, source: readYamlFile(yaml, text, label), rewrite };
}

/** By the name's ending, else by the first line that is no comment: `key:` is YAML. */
export function formatOf(name: string, text: string): Format {
  if (/\.(ya?ml|json)$/i.test(name)) return 'yaml';
  if (/\.conf$/i.test(name)) return 'redis';
  const line = /^[ \t]*([^#\s].*)$/m.exec(text)?.[1] ?? '';
  return /^(---|\{|[A-Za-z0-9_."'-]+:(\s|$))/.test(line) ? 'yaml' : 'redis';
}
