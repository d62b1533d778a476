import { join } from 'node:path';
import type { World } from '../base/world.ts';
import { StoresFile } from '../config/stores-file.ts';
import { DataDirectoryLock } from '../persistence/data-directory.ts';
import { restoreArchive } from '../persistence/tools/restore-archive.ts';
import { FAILED, runTool, type ToolArguments } from './tool-arguments.ts';
import type { ToolRow } from './tool-row.ts';

export const RESTORE_TOOL: ToolRow = {
  name: 'restore',
  description: 'make the data directory of a stopped node what a backup holds',
  words: {
    usage: '<file>',
    help: 'what backup wrote; what was there is set aside',
    countMax: 1,
  },
  flags: [],
  takesSettings: true,
  run: restore,
};

/** Nothing is replaced before all of it is verified. */
async function restore(args: ToolArguments, world: World): Promise<number> {
  const [path] = args.words;
  if (path === undefined) {
    world.host.writeError('hypercache: restore needs the backup to be restored\n');
    return FAILED;
  }
  return runTool(args, world, async ({ configuration, print }) => {
    const { dataDir } = configuration.node;
    const lock = DataDirectoryLock.take(world, dataDir);
    try {
      const { index, setAside } = await restoreArchive({
        world,
        configuration,
        path,
        checkStores: (directory) => {
          const node = { ...configuration.node, dataDir: directory };
          new StoresFile({ ...configuration, node }, world.disk).read();
        },
      });
      if (setAside !== '') print(`what was there is in ${setAside}\n`);
      for (const { keyCount, path, store } of index.files) {
        if (store !== '') print(`${join(dataDir, path)}: store '${store}', ${keyCount} keys\n`);
      }
      const made = new Date(index.createdMs).toISOString();
      print(`restored the backup of ${index.nodeId} made at ${made}\n`);
      return 0;
    } finally {
      lock.release();
    }
  });
}
