import { NodeError } from '../../base/errors.ts';
import { globMatchesText } from '../../base/glob.ts';
import type { Disk } from '../../base/world.ts';
import { splitRedisWords } from '../table/redis-words.ts';
import type { Source } from './raw-setting.ts';
import { emptySource } from './raw-setting.ts';

/** An include inside an include inside ... : beyond this it is a circle. */
const INCLUDE_DEPTH_MAX = 16;
const INCLUDED_FILE_COUNT_MAX = 1000;

/**
 * Reads a redis.conf: one directive a line, its words split as redis-server splits them. `include`
 * is followed where it stands, relative to the working directory, with `*` in the file name.
 * @param fileName  for messages
 */
export function readRedisConf(text: string, fileName: string, disk: Disk): Source {
  const source = emptySource();
  readLines(text, fileName, { source, disk, depth: 0, fileCount: { value: 0 } });
  return source;
}

interface Reading {
  readonly source: Source;
  readonly disk: Disk;
  readonly depth: number;
  readonly fileCount: { value: number };
}

function readLines(text: string, fileName: string, reading: Reading): void {
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!.trim();
    if (line === '' || line.startsWith('#')) continue;
    const where = `${fileName}:${index + 1}`;
    const words = splitRedisWords(line);
    if (words === null) {
      reading.source.problems.push({ where, reason: 'unbalanced quotes in configuration line' });
      continue;
    }
    const name = words[0]!.toLowerCase();
    if (name === 'include') {
      const reason = includeFiles(words.slice(1), reading);
      if (reason !== null) reading.source.problems.push({ where, reason });
      continue;
    }
    reading.source.settings.push({
      name,
      form: name.includes('.') ? 'path' : 'redis',
      words: words.slice(1),
      isList: false,
      source: 'file',
      where,
    });
  }
}

/** @returns what is wrong with the directive, or null */
function includeFiles(words: readonly string[], reading: Reading): string | null {
  if (words.length !== 1) return 'wrong number of arguments';
  if (reading.depth === INCLUDE_DEPTH_MAX) return 'includes nest too deep';
  for (const path of expandPattern(words[0]!, reading.disk)) {
    reading.fileCount.value++;
    if (reading.fileCount.value > INCLUDED_FILE_COUNT_MAX) return 'too many includes';
    const text = readText(reading.disk, path);
    if (text === null) return `can't open config file '${path}'`;
    readLines(text, path, { ...reading, depth: reading.depth + 1 });
  }
  return null;
}

/** `conf.d/*.conf`: `*` and `?` in the last part only; no match is no file. */
function expandPattern(path: string, disk: Disk): string[] {
  const slash = path.lastIndexOf('/');
  const pattern = path.slice(slash + 1);
  if (!/[*?]/.test(pattern)) return [path];
  const directory = slash === -1 ? '.' : path.slice(0, slash + 1);
  if (!disk.exists(directory)) return [];
  return disk
    .listDirectory(directory)
    .filter((name) => !name.startsWith('.') && globMatchesText(pattern, name))
    .sort()
    .map((name) => `${path.slice(0, slash + 1)}${name}`);
}

/** @returns null when there is no such file or it cannot be read */
export function readText(disk: Disk, path: string): string | null {
  try {
    const bytes = disk.readFile(path);
    return bytes === null ? null : Buffer.from(bytes).toString('utf8');
  } catch (error) {
    if (error instanceof NodeError) return null;
    throw error;
  }
}
