import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { NodeError } from '../base/errors.ts';
import type { Disk } from '../base/world.ts';
import { createRealDisk } from './real/real-disk.ts';
import { MemoryDisk } from './simulated/memory-disk.ts';

const realFolder = mkdtempSync(join(tmpdir(), 'hypercache-disk-'));
process.on('exit', () => rmSync(realFolder, { recursive: true, force: true }));

const IMPLEMENTATIONS: { name: string; disk: Disk; folder: string }[] = [
  { name: 'real', disk: createRealDisk(), folder: realFolder },
  { name: 'memory', disk: new MemoryDisk(), folder: '/data' },
];

for (const { name, disk, folder } of IMPLEMENTATIONS) {
  const at = (path: string): string => join(folder, path);
  const text = (path: string): string => Buffer.from(disk.readFile(at(path)) ?? '').toString();

  describe(`disk contract: ${name}`, () => {
    disk.makeDirectory(folder);

    test('a file is written whole, replaced whole, and nothing is left beside it', () => {
      assert.equal(disk.readFile(at('a')), null);
      disk.writeFileAtomic(at('a'), Buffer.from('first, and longer'));
      disk.writeFileAtomic(at('a'), Buffer.from('second'));
      assert.equal(text('a'), 'second');
      disk.writeFileAtomic(at('empty'), new Uint8Array(0));
      assert.equal(disk.readFile(at('empty'))?.length, 0);
      assert.deepEqual(disk.listDirectory(folder), ['a', 'empty']);
      disk.remove(at('a'));
      disk.remove(at('empty'));
      disk.remove(at('never there'));
      assert.equal(disk.exists(at('a')), false);
    });

    test('directories nest, list what is in them and go only when empty', () => {
      disk.makeDirectory(at('x/y'));
      disk.makeDirectory(at('x/y'));
      disk.writeFileAtomic(at('x/f'), Buffer.from('1'));
      assert.deepEqual(disk.listDirectory(at('x')), ['f', 'y']);
      refuses(() => disk.remove(at('x')), at('x'), 'ENOTEMPTY');
      disk.remove(at('x/y'));
      disk.remove(at('x/f'));
      disk.remove(at('x'));
      assert.equal(disk.exists(at('x')), false);
    });

    test('an append file counts on from what is there', () => {
      const first = disk.openAppend(at('log'));
      assert.equal(first.byteCount, 0);
      first.append(Buffer.from('one\n'));
      first.append(Buffer.from('two\n'));
      assert.equal(first.byteCount, 8);
      first.close();
      const second = disk.openAppend(at('log'));
      assert.equal(second.byteCount, 8);
      second.append(Buffer.from('three\n'));
      second.close();
      assert.equal(text('log'), 'one\ntwo\nthree\n');
      disk.remove(at('log'));
    });

    test('an append file sees that its path leads elsewhere, and what others appended', () => {
      const file = disk.openAppend(at('log'));
      file.append(Buffer.from('one\n'));
      assert.equal(file.isInPlace(), true);
      const other = disk.openAppend(at('log'));
      other.append(Buffer.from('two\n'));
      assert.equal(file.isInPlace(), true);
      assert.equal(file.byteCount, 8);
      disk.remove(at('log'));
      assert.equal(file.isInPlace(), false);
      file.append(Buffer.from('nobody reads this\n'));
      assert.equal(disk.exists(at('log')), false);
      disk.openAppend(at('log')).close();
      assert.equal(file.isInPlace(), false);
      file.close();
      other.close();
      disk.remove(at('log'));
    });

    test('what the disk refuses is a NodeError that names the path', () => {
      refuses(() => disk.listDirectory(at('none')), at('none'), 'ENOENT');
      refuses(() => disk.writeFileAtomic(at('no/f'), Buffer.from('1')), at('no/f'), 'ENOENT');
      refuses(() => disk.openAppend(at('no/f')), at('no/f'), 'ENOENT');
      disk.makeDirectory(at('d'));
      refuses(() => disk.readFile(at('d')), at('d'), 'EISDIR');
      disk.remove(at('d'));
    });
  });
}

test('a refused write leaves the old file and no other', () => {
  const disk = createRealDisk();
  const path = join(realFolder, 'target');
  disk.makeDirectory(path);
  refuses(() => disk.writeFileAtomic(path, Buffer.from('1')), path, 'EISDIR');
  assert.deepEqual(readdirSync(realFolder), ['target']);
  disk.remove(path);
});

test('a memory disk fails when told to', () => {
  const disk = new MemoryDisk();
  disk.writeFileAtomic('/f', Buffer.from('1'));
  const file = disk.openAppend('/log');
  disk.refuseWith('ENOSPC');
  refuses(() => disk.writeFileAtomic('/f', Buffer.from('2')), '/f', 'ENOSPC');
  refuses(() => file.append(Buffer.from('x')), '/log', 'ENOSPC');
  refuses(() => disk.remove('/f'), '/f', 'ENOSPC');
  disk.refuseWith(null);
  assert.equal(disk.readText('/f'), '1');
  assert.equal(disk.readText('/log'), '');
});

test('after a line that was written in part the next begins a line of its own', () => {
  const disk = new MemoryDisk();
  const file = disk.openAppend('/log');
  const endFault = disk.addFault({ code: 'ENOSPC', verbs: ['append'], bytesLeft: 3 });
  refuses(() => file.append(Buffer.from('first\n')), '/log', 'ENOSPC');
  refuses(() => file.append(Buffer.from('second\n')), '/log', 'ENOSPC');
  endFault();
  file.append(Buffer.from('third\n'));
  assert.equal(disk.readText('/log'), 'fir\nthird\n');
});

test('a real disk that takes a part of a line only: the same', (context) => {
  // A shell's limit on the size of files, in blocks of 512 bytes, stands in for a full disk.
  const script = `
    const { createRealDisk } = await import(${JSON.stringify(REAL_DISK)});
    const file = createRealDisk().openAppend(process.argv[1]);
    file.append(Buffer.from('x'.repeat(1019) + '\\n'));
    try {
      file.append(Buffer.from('too long\\n'));
    } catch (error) {
      console.log(error.code, error.facts.cause, file.byteCount);
    }
    const { truncateSync } = await import('node:fs');
    truncateSync(process.argv[1], 4);
    file.append(Buffer.from('next\\n'));
    console.log(file.isInPlace(), file.byteCount);`;
  const path = join(realFolder, 'limited');
  const shell = `ulimit -f 2 && exec "$0" --input-type=module -e "$1" "$2"`;
  const run = spawnSync('sh', ['-c', shell, process.execPath, script, path], { encoding: 'utf8' });
  if (run.error !== undefined) return context.skip('no shell');
  assert.equal(run.stdout, 'DISK_REFUSED EFBIG 1024\ntrue 10\n', run.stderr);
  assert.equal(readFileSync(path, 'utf8'), 'xxxx\nnext\n');
  rmSync(path);
});

const REAL_DISK = new URL('./real/real-disk.js', import.meta.url).href;

function refuses(act: () => unknown, path: string, code: string): void {
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof NodeError, String(error));
    assert.equal(error.code, 'DISK_REFUSED');
    assert.ok(error.message.includes(path), error.message);
    assert.ok(error.message.endsWith(code), error.message);
    return true;
  });
}
