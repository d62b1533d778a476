import type { World } from '../base/world.ts';
import { DataDirectoryLock } from '../persistence/data-directory.ts';
import { repairDirectory } from '../persistence/tools/repair-directory.ts';
import { withDirectory } from './check.ts';
import { FAILED, parseToolArguments, runTool } from './tool-arguments.ts';

/**
 * `repair [directory] [--salvage] [settings]`: makes the files of a stopped node such that it
 * starts; what is changed is copied before.
 * @returns 0 when a node would start from what is there now
 */
export async function runRepair(args: readonly string[], world: World): Promise<number> {
  const shape = { wordCount: 1, bare: ['salvage'] };
  const parsed = withDirectory(parseToolArguments(args, shape), world);
  if (parsed.words.length > 0) {
    world.host.writeError(`hypercache: ${parsed.words[0]} is not a directory\n`);
    return FAILED;
  }
  return runTool(parsed, world, async ({ configuration, flags, print }) => {
    const { dataDir } = configuration.node;
    if (!world.disk.exists(dataDir)) {
      print(`${dataDir}: there is no data\n`);
      return FAILED;
    }
    const lock = DataDirectoryLock.take(world, dataDir);
    try {
      let isChanged = false;
      const tell = (line: string) => {
        isChanged = true;
        print(line);
      };
      const isSalvaged = flags.has('salvage');
      const isGood = repairDirectory({ world, configuration, isSalvaged, tell });
      if (!isChanged) print(`${dataDir}: nothing to repair\n`);
      return isGood ? 0 : FAILED;
    } finally {
      lock.release();
    }
  });
}
