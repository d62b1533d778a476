import { NodeError } from '../base/errors.ts';
import type { World } from '../base/world.ts';
import { StoresFile } from '../config/stores-file.ts';
import { checkDirectory, checkFile } from '../persistence/tools/check-directory.ts';
import { describeReport, type FileReport, isBad } from '../persistence/tools/findings.ts';
import {
  FAILED,
  isDirectory,
  runTool,
  type ToolArguments,
  type ToolRun,
} from './tool-arguments.ts';
import type { ToolRow } from './tool-row.ts';

/** Reads every file that a start would read. */
export const CHECK_TOOL: ToolRow = {
  name: 'check',
  description: 'read every file of a data directory, and tell what is wrong where',
  words: {
    usage: '[directory|file]',
    help: 'a data directory, or one snapshot or log; else that of the settings',
    countMax: 1,
  },
  flags: [],
  takesSettings: true,
  run: check,
};

/** @returns 0 when all are good, 1 when any is torn or damaged, or there is nothing to check */
async function check(args: ToolArguments, world: World): Promise<number> {
  const parsed = withDirectory(args, world);
  return runTool(parsed, world, async (tool) => {
    const reports: FileReport[] = [];
    const tell = (report: FileReport) => {
      reports.push(report);
      tool.print(describeReport(report));
    };
    const [path] = parsed.words;
    if (path === undefined) {
      tellStores(tool, tell);
      checkDirectory(world, tool.configuration, tell);
      const { dataDir } = tool.configuration.node;
      if (reports.length === 0) tool.print(`${dataDir}: there is no data\n`);
    } else {
      const databaseCount = tool.configuration.cache.databases;
      const report = checkFile(path, { world, configuration: tool.configuration, databaseCount });
      if (report === null)
        throw new NodeError('DISK_REFUSED', `There is no file ${path}`, { path });
      tell(report);
    }
    const badCount = reports.filter(isBad).length;
    tool.print(`${reports.length - badCount} good, ${badCount} bad\n`);
    return badCount > 0 || reports.length === 0 ? FAILED : 0;
  });
}

/** A word that names a directory is the data directory. */
export function withDirectory(args: ToolArguments, world: World): ToolArguments {
  const [path] = args.words;
  if (path === undefined || !isDirectory(world, path)) return args;
  return { ...args, words: args.words.slice(1), rest: ['--data-dir', path, ...args.rest] };
}

function tellStores({ configuration, world }: ToolRun, tell: (report: FileReport) => void): void {
  const file = new StoresFile(configuration, world.disk);
  const bytes = world.disk.readFile(file.path);
  if (bytes === null) return;
  const about = { path: file.path, kind: 'list of stores', byteCount: bytes.length };
  try {
    const count = file.read().length;
    tell({ ...about, contents: `${count} stores`, findings: [] });
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    const finding = { severity: 'damage', offset: -1, reason: error.message } as const;
    tell({ ...about, contents: '', findings: [finding] });
  }
}
