import type { World } from '../base/world.ts';
import { loadConfiguration } from '../config/load-configuration.ts';
import { readStartArguments } from '../config/sources/command-line.ts';
import { describeProblem } from '../config/sources/raw-setting.ts';

/** `config validate [file] [flags]`. @returns 0 when a node would start with it, else 1 */
export async function runConfigValidate(args: readonly string[], world: World): Promise<number> {
  const { problems, notices, file } = await loadConfiguration(world, readStartArguments(args));
  for (const problem of problems) world.host.writeError(`${describeProblem(problem)}\n`);
  if (problems.length > 0) return 1;
  for (const notice of notices) world.host.writeOut(`note: ${notice}\n`);
  world.host.writeOut(`${file?.path ?? 'the configuration'} is good\n`);
  return 0;
}
