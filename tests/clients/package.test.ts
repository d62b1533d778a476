import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { installTarball } from '../support/installed-package.ts';
import { patiently } from '../support/patience.ts';
import { ROOT } from '../support/server.ts';

test('the packed tarball installs into an empty folder without scripts and runs', (t) => {
  const installed = installTarball();
  t.after(() => installed.remove());
  const own = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));

  const version = execFileSync(installed.binary, ['--version'], { encoding: 'utf8' });
  assert.match(version, new RegExp(own.version.replaceAll('.', '\\.')));
  const help = execFileSync(installed.binary, ['--help'], { encoding: 'utf8' });
  assert.match(help, /hypercache/);

  const script = `
    import { HyperCache } from '@hypercache/node';
    const node = await HyperCache.start({ port: 0 });
    const store = node.store();
    store.set('k', 'v', { ttlMs: 60_000 });
    const value = store.get('k');
    await node.stop();
    process.stdout.write(String(value));
  `;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: installed.folder,
    encoding: 'utf8',
    timeout: patiently(20_000),
  });
  assert.ok(output.endsWith('v'), output);
  assert.deepEqual(packageNames(installed.folder), ['@hypercache/node']);
});

/** All that npm put there: nothing else to fetch, audit or compile. */
function packageNames(folder: string): string[] {
  const modules = path.join(folder, 'node_modules');
  return fs
    .readdirSync(modules)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@')
        ? fs.readdirSync(path.join(modules, name)).map((inner) => `${name}/${inner}`)
        : [name],
    );
}
