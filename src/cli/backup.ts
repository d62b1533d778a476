import { resolve } from 'node:path';
import { NodeError } from '../base/errors.ts';
import type { RequestAnswer, World, WriteFile } from '../base/world.ts';
import { verifyArchive } from '../persistence/tools/restore-archive.ts';
import { addressOf, credentialsOf, readAuthorities, reasonOf } from './node-access.ts';
import { FAILED, parseToolArguments, runTool, type ToolRun } from './tool-arguments.ts';

/** A snapshot that runs is waited for by the node before the first byte comes. */
const SILENCE_MS = 300_000;

/**
 * `backup [file] [--url http://host:port] [--user name] [--ca file] [settings]`: asks a running
 * node for one archive of all its stores, and verifies what came.
 */
export async function runBackup(args: readonly string[], world: World): Promise<number> {
  const shape = { wordCount: 1, valued: ['url', 'user', 'ca'] };
  return runTool(parseToolArguments(args, shape), world, backUp);
}

async function backUp(tool: ToolRun): Promise<number> {
  const { configuration, flags, print, words, world } = tool;
  const { disk, host } = world;
  const base = (flags.get('url') ?? addressOf(configuration)).replace(/\/+$/, '');
  const path = resolve(host.workingDirectory, words[0] ?? defaultName(world));
  if (disk.exists(path)) {
    throw new NodeError('DISK_REFUSED', `${path} is there already, and is not replaced`, { path });
  }
  const answer = await world.network.request({
    url: `${base}/api/admin/backup`,
    method: 'POST',
    headers: credentialsOf(tool),
    authorities: readAuthorities(tool),
    silenceMs: SILENCE_MS,
  });
  if (answer.status !== 200) {
    host.writeError(`hypercache: ${base} answers ${answer.status}: ${await reasonOf(answer)}\n`);
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

async function save({ disk }: World, path: string, { body }: RequestAnswer): Promise<number> {
  const file: WriteFile = disk.openWrite(path, 'create');
  try {
    for await (const piece of body) {
      if (file.write(piece, 0, piece.length) < piece.length) {
        throw new NodeError('DISK_REFUSED', `Cannot write ${path}: ${file.failure}`, { path });
      }
    }
    await file.sync();
    return file.byteCount;
  } finally {
    file.close();
  }
}

function defaultName({ clock }: World): string {
  const time = new Date(clock.wallMs()).toISOString().replace(/[-:]|\.\d+/g, '');
  return `hypercache-backup-${time}.tar.gz`;
}
