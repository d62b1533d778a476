import { join } from 'node:path';
import type { World } from '../base/world.ts';
import { StoresFile } from '../config/stores-file.ts';
import { DataDirectoryLock } from '../persistence/data-directory.ts';
import { restoreArchive } from '../persistence/tools/restore-archive.ts';
import { FAILED, parseToolArguments, runTool } from './tool-arguments.ts';

/**
 * `restore backup.tar.gz [settings]`: the data directory of a stopped node becomes what the backup
 * holds. Nothing is replaced before all of it is verified, and what was there is set aside.
 */
export async function runRestore(args: readonly string[], world: World): Promise<number> {
  const parsed = parseToolArguments(args, { wordCount: 1 });
  const [path] = parsed.words;
  if (path === undefined) {
    world.host.writeError('hypercache: restore needs the backup to be restored\n');
    return FAILED;
  }
  return runTool(parsed, world, async ({ configuration, print }) => {
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
