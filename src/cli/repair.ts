import type { World } from '../base/world.ts';
import { DataDirectoryLock } from '../persistence/data-directory.ts';
import { repairDirectory } from '../persistence/tools/repair-directory.ts';
import { withDirectory } from './check.ts';
import { FAILED, runTool, type ToolArguments } from './tool-arguments.ts';
import type { ToolRow } from './tool-row.ts';

export const REPAIR_TOOL: ToolRow = {
  name: 'repair',
  description: 'make the files of a stopped node such that it starts; what was is kept beside',
  words: {
    usage: '[directory]',
    help: 'a data directory; else that of the settings',
    countMax: 1,
  },
  flags: [
    { usage: '--salvage', help: 'leave out what is damaged, and keep what can be read behind it' },
  ],
  takesSettings: true,
  run: repair,
};

/** @returns 0 when a node would start from what is there now */
async function repair(args: ToolArguments, world: World): Promise<number> {
  const parsed = withDirectory(args, world);
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
