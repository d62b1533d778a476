import type { World } from '../base/world.ts';
import { SETTINGS } from '../config/config-table.ts';
import type { Loaded } from '../config/load-configuration.ts';
import { loadConfiguration } from '../config/load-configuration.ts';
import { readStartArguments } from '../config/sources/command-line.ts';
import { describeProblem } from '../config/sources/raw-setting.ts';
import type { Setting } from '../config/table/setting.ts';
import { readSetting } from '../config/table/setting.ts';

/** `config show [file] [flags]`: every setting as YAML with its origin, secrets masked. */
export async function runConfigShow(args: readonly string[], world: World): Promise<number> {
  const loaded = await loadConfiguration(world, readStartArguments(args));
  for (const problem of loaded.problems) world.host.writeError(`${describeProblem(problem)}\n`);
  world.host.writeOut(printConfiguration(loaded));
  return loaded.problems.length > 0 ? 1 : 0;
}

function printConfiguration(loaded: Loaded): string {
  const lines: string[] = [];
  let section = '';
  for (const row of SETTINGS) {
    const where = loaded.assigned.get(row.path);
    // Parameters without a meaning here matter only to whoever set them.
    if (row.section === 'inert' && where === undefined) continue;
    const [head, ...rest] = row.path.split('.') as [string, ...string[]];
    if (head !== section) lines.push(`${head}:`);
    section = head;
    const value = printValue(row, loaded);
    lines.push(`  ${rest.join('.')}: ${value}  # ${where ?? 'default'}`);
  }
  // What is set of the default store stands above.
  const named = loaded.configuration.stores.filter(({ name }) => name.toLowerCase() !== 'default');
  if (named.length > 0) lines.push('stores:');
  for (const { name, maxMemoryBytes, evictionPolicy } of named) {
    lines.push(`  - name: ${name}`);
    lines.push(`    max_memory: ${maxMemoryBytes}`);
    lines.push(`    eviction_policy: ${evictionPolicy}`);
  }
  return `${lines.join('\n')}\n`;
}

function printValue(row: Setting, { configuration }: Loaded): string {
  const value = readSetting(configuration, row);
  const printed = row.codec.print(value);
  if (row.secret) return printed.toString() === '' ? '""' : '"***"';
  if (typeof printed === 'string' && !/^[A-Za-z/][A-Za-z0-9_./-]*$|^\d+[a-z]*$/.test(printed)) {
    return JSON.stringify(printed);
  }
  return typeof printed === 'object' ? JSON.stringify(printed) : String(printed);
}
