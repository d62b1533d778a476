import { NodeError } from '../base/errors.ts';
import type { World } from '../base/world.ts';
import { StoresFile } from '../config/stores-file.ts';
import { DataDirectoryLock } from '../persistence/data-directory.ts';
import { StoreFiles } from '../persistence/store-files.ts';
import { checkSnapshot } from '../persistence/tools/check-snapshot.ts';
import { describeReport, isBad } from '../persistence/tools/findings.ts';
import { hasData, placeSnapshot, requireStore } from '../persistence/tools/place-snapshot.ts';
import { FAILED, runTool, type ToolArguments, type ToolRun } from './tool-arguments.ts';
import type { ToolRow } from './tool-row.ts';

export const IMPORT_TOOL: ToolRow = {
  name: 'import',
  description: 'make a dump.rdb the data of a store of a stopped node',
  words: {
    usage: '<file>',
    help: 'a snapshot of redis-server 5 to 7.2, or of another node',
    countMax: 1,
  },
  flags: [
    { usage: '--store <name>', help: 'whose data it becomes; default when none is named' },
    { usage: '--replace', help: 'the store may have data: it is set aside' },
  ],
  takesSettings: true,
  run: importFile,
};

async function importFile(args: ToolArguments, world: World): Promise<number> {
  const [path] = args.words;
  if (path === undefined) {
    world.host.writeError('hypercache: import needs the file to be imported\n');
    return FAILED;
  }
  return runTool(args, world, async (tool) => {
    const lock = DataDirectoryLock.take(world, tool.configuration.node.dataDir);
    try {
      return importSnapshot(path, tool);
    } finally {
      lock.release();
    }
  });
}

function importSnapshot(path: string, { configuration, flags, print, world }: ToolRun): number {
  const { disk } = world;
  const stores = [...configuration.stores, ...new StoresFile(configuration, disk).read()];
  const names = ['default', ...stores.map(({ name }) => name)];
  const store = requireStore(names, flags.get('store') ?? 'default');
  const isKept = stores.find(({ name }) => name === store)?.persistence !== 'none';
  if (!isKept || !configuration.persistence.enabled) {
    throw new NodeError('BAD_CONFIGURATION', `The store '${store}' keeps nothing on disk`);
  }
  const databaseCount = store === 'default' ? configuration.cache.databases : 1;
  const report = checkSnapshot(path, { world, configuration, databaseCount });
  if (report === null) throw new NodeError('DISK_REFUSED', `There is no file ${path}`, { path });
  print(describeReport(report));
  if (isBad(report)) return FAILED;
  const files = new StoreFiles(store, configuration);
  if (hasData(disk, files) && !flags.has('replace')) {
    const reason = `The store '${store}' has data in ${files.directory}: --replace sets it aside`;
    throw new NodeError('BAD_CONFIGURATION', reason, { store });
  }
  const aside = placeSnapshot(disk, files, path);
  if (aside !== '') print(`what the store had is in ${aside}\n`);
  print(`imported into the store '${store}': it is loaded at the next start\n`);
  return 0;
}
