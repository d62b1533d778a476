import { resolve } from 'node:path';
import { NodeError } from '../base/errors.ts';
import type { RequestAnswer, World, WriteFile } from '../base/world.ts';
import { verifyArchive } from '../persistence/tools/restore-archive.ts';
import { askedUrl, NODE_FLAGS } from './node/asked-node.ts';
import { accessOf, reasonOf } from './node/node-access.ts';
import { ProgressLine } from './terminal/progress-line.ts';
import { describeBytes } from './terminal/units.ts';
import { FAILED, runTool, type ToolRun } from './tool-arguments.ts';
import type { ToolRow } from './tool-row.ts';

/** A snapshot that runs is waited for by the node before the first byte comes. */
const SILENCE_MS = 300_000;
const SHOWN_EVERY_BYTES = 1024 * 1024;

export const BACKUP_TOOL: ToolRow = {
  name: 'backup',
  description: 'ask a running node for one archive of all its stores, and verify it',
  words: {
    usage: '[file]',
    help: 'where it is written; else hypercache-backup-<time>.tar.gz',
    countMax: 1,
  },
  flags: NODE_FLAGS,
  takesSettings: true,
  run: (args, world) => runTool(args, world, backUp),
};

async function backUp(tool: ToolRun): Promise<number> {
  const { print, words, world } = tool;
  const { disk, host } = world;
  const base = askedUrl(tool);
  const path = resolve(host.workingDirectory, words[0] ?? defaultName(world));
  if (disk.exists(path)) {
    throw new NodeError('DISK_REFUSED', `${path} is there already, and is not replaced`, { path });
  }
  const answer = await world.network.request({
    url: `${base}/api/admin/backup`,
    method: 'POST',
    ...accessOf(tool),
    silenceMs: SILENCE_MS,
  });
  if (answer.status !== 200) {
    host.writeError(
      `hypercache: ${base} answers ${answer.status}: ${await reasonOf(tool, answer)}\n`,
    );
    return FAILED;
  }
  const part = `${path}.part`;
  try {
    const byteCount = await save(world, part, answer);
    const { files } = await verifyArchive(world, part);
    disk.rename(part, path);
    disk.syncDirectory(resolve(path, '..'));
    const stores = files.filter(({ store }) => store !== '');
    const keyCount = stores.reduce((sum, file) => sum + file.keyCount, 0);
    print(`${path}: ${byteCount} bytes, ${stores.length} stores, ${keyCount} keys, verified\n`);
    return 0;
  } finally {
    disk.remove(part);
  }
}

async function save(world: World, path: string, { body }: RequestAnswer): Promise<number> {
  const { disk, host } = world;
  const file: WriteFile = disk.openWrite(path, 'create');
  const line = new ProgressLine(host);
  let shownBytes = 0;
  try {
    for await (const piece of body) {
      if (file.write(piece, 0, piece.length) < piece.length) {
        throw new NodeError('DISK_REFUSED', `Cannot write ${path}: ${file.failure}`, { path });
      }
      if (file.byteCount - shownBytes < SHOWN_EVERY_BYTES) continue;
      shownBytes = file.byteCount;
      line.show(`${describeBytes(shownBytes)} received`);
    }
    await file.sync();
    return file.byteCount;
  } finally {
    line.clear();
    file.close();
  }
}

function defaultName({ clock }: World): string {
  const time = new Date(clock.wallMs()).toISOString().replace(/[-:]|\.\d+/g, '');
  return `hypercache-backup-${time}.tar.gz`;
}
