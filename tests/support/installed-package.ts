import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT } from './server.ts';

export interface InstalledPackage {
  readonly folder: string;
  /** `node_modules/.bin/hypercache` in that folder. */
  readonly binary: string;
  readonly tarballBytes: number;
  remove(): void;
}

/** Packs `dist/` as it is and installs it into an empty folder, as users do, without scripts. */
export function installTarball(): InstalledPackage {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-install-'));
  const npm = (cwd: string, ...args: string[]) =>
    execFileSync('npm', [...args, '--loglevel=error'], { cwd, encoding: 'utf8' });
  npm(ROOT, 'pack', '--ignore-scripts', '--pack-destination', folder);
  const tarball = fs.readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack made no tarball');
  const tarballBytes = fs.statSync(path.join(folder, tarball)).size;
  fs.writeFileSync(path.join(folder, 'package.json'), '{"private":true,"type":"module"}');
  npm(
    folder,
    'install',
    `./${tarball}`,
    '--ignore-scripts',
    '--offline',
    '--no-audit',
    '--no-fund',
  );
  return {
    folder,
    binary: path.join(folder, 'node_modules/.bin/hypercache'),
    tarballBytes,
    remove: () => fs.rmSync(folder, { recursive: true, force: true }),
  };
}
