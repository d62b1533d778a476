import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { AssertionFailure, NodeError } from '../base/errors.ts';
import type { Disk, WriteFile } from '../base/world.ts';
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
      refuses(() => disk.openWrite(at('no/f'), 'create'), at('no/f'), 'ENOENT');
      refuses(() => disk.rename(at('no'), at('f')), at('no'), 'ENOENT');
      refuses(() => disk.truncate(at('no'), 0), at('no'), 'ENOENT');
      refuses(() => disk.syncDirectory(at('no')), at('no'), 'ENOENT');
    });

    test('a file grows at its end: made anew, taken up again, cut', async () => {
      const put = (file: WriteFile, words: string): number =>
        file.write(Buffer.from(`<${words}>`), 1, words.length + 1);
      const first = disk.openWrite(at('w'), 'create');
      assert.equal(first.byteCount, 0);
      assert.equal(put(first, 'one two'), 7);
      assert.equal(text('w'), 'one two');
      await first.sync();
      first.truncate(3);
      assert.equal(first.byteCount, 3);
      put(first, ', three');
      first.syncNow();
      assert.equal(text('w'), 'one, three');
      first.close();
      first.close();
      const second = disk.openWrite(at('w'), 'append');
      assert.equal(second.byteCount, 10);
      put(second, '!');
      second.truncate(14);
      put(second, 'x');
      assert.equal(second.byteCount, 15);
      second.close();
      assert.equal(text('w'), 'one, three!\0\0\0x');
      disk.truncate(at('w'), 10);
      assert.equal(text('w'), 'one, three');
      const third = disk.openWrite(at('w'), 'create');
      assert.equal(third.byteCount, 0);
      assert.equal(third.write(new Uint8Array(4), 2, 2), 0);
      assert.equal(third.failure, '');
      assert.equal(text('w'), '');
      third.close();
      disk.remove(at('w'));
    });

    test('a sync comes to its end though its file is written to, closed and replaced', async () => {
      for (let round = 0; round < 20; round++) {
        const file = disk.openWrite(at('s'), 'create');
        file.write(Buffer.from('before'), 0, 6);
        const sync = file.sync();
        assert.throws(() => file.sync(), AssertionFailure);
        file.write(Buffer.from(' after'), 0, 6);
        file.close();
        assert.throws(() => file.write(Buffer.from('x'), 0, 1), AssertionFailure);
        const other = disk.openWrite(at('s2'), 'create');
        disk.rename(at('s2'), at('s'));
        await sync;
        other.write(Buffer.from('other'), 0, 5);
        await other.sync();
        other.close();
        assert.equal(text('s'), 'other');
      }
      disk.remove(at('s'));
    });

    test('a file is read in parts, as it was when it was opened', () => {
      assert.equal(disk.openRead(at('r')), null);
      disk.writeFileAtomic(at('r'), Buffer.from('0123456789'));
      const file = disk.openRead(at('r'));
      assert.ok(file);
      disk.writeFileAtomic(at('r'), Buffer.from('new'));
      assert.equal(file.byteCount, 10);
      const into = Buffer.alloc(8, '.');
      assert.equal(file.read(into, 2, 6, 3), 4);
      assert.equal(into.toString(), '..3456..');
      assert.equal(file.read(into, 0, 8, 7), 3);
      assert.equal(into.toString(), '789456..');
      assert.equal(file.read(into, 0, 8, 10), 0);
      assert.equal(file.read(into, 0, 8, 99), 0);
      file.close();
      file.close();
      disk.makeDirectory(at('rd'));
      refuses(() => disk.openRead(at('rd')), at('rd'), 'EISDIR');
      disk.remove(at('rd'));
      disk.remove(at('r'));
    });

    test('a rename replaces, also over directories; a full directory is not replaced', () => {
      disk.makeDirectory(at('m/inner'));
      disk.makeDirectory(at('n'));
      disk.writeFileAtomic(at('m/a'), Buffer.from('a'));
      disk.writeFileAtomic(at('n/b'), Buffer.from('b'));
      disk.rename(at('m/a'), at('n/b'));
      disk.syncDirectory(at('m'));
      disk.syncDirectory(at('n'));
      assert.deepEqual([disk.listDirectory(at('m')), text('n/b')], [['inner'], 'a']);
      refuses(() => disk.rename(at('n/b'), at('m/inner')), at('n/b'), 'EISDIR');
      refuses(() => disk.rename(at('m/inner'), at('n/b')), at('m/inner'), 'ENOTDIR');
      refuses(() => disk.rename(at('m'), at('n')), at('m'), 'ENOTEMPTY');
      disk.rename(at('n'), at('m/inner'));
      assert.equal(text('m/inner/b'), 'a');
      assert.equal(disk.exists(at('n')), false);
      disk.rename(at('m'), at('o'));
      assert.equal(text('o/inner/b'), 'a');
      disk.removeTree(at('o'));
      assert.equal(disk.exists(at('o')), false);
      disk.removeTree(at('o'));
      disk.writeFileAtomic(at('p'), Buffer.from('p'));
      disk.removeTree(at('p'));
      assert.equal(disk.exists(at('p')), false);
    });

    test('a file is made only where there is none', () => {
      assert.equal(disk.createExclusive(at('lock'), Buffer.from('1')), true);
      assert.equal(disk.createExclusive(at('lock'), Buffer.from('2')), false);
      assert.equal(text('lock'), '1');
      disk.remove(at('lock'));
    });

    test('free space is a number of bytes, or not known', () => {
      assert.ok(disk.freeBytes(folder) >= -1);
      assert.equal(disk.freeBytes(at('no/such/folder')), -1);
    });
  });
}

test('a real disk that takes nothing: a write says so, a sync rejects', async (context) => {
  const disk = createRealDisk();
  if (!disk.exists('/dev/full')) return context.skip('no /dev/full');
  const file = disk.openWrite('/dev/full', 'append');
  assert.equal(file.write(Buffer.from('x'), 0, 1), 0);
  assert.equal(file.failure, 'ENOSPC');
  await assert.rejects(
    () => file.sync(),
    (error) => error instanceof NodeError && error.message.endsWith('/dev/full: EINVAL'),
  );
  assert.equal(file.failure, 'EINVAL');
  refuses(() => file.syncNow(), '/dev/full', 'EINVAL');
  file.close();
});

test('a write that is taken in part says how much and why', (context) => {
  const memory = new MemoryDisk();
  const file = memory.openWrite('/f', 'create');
  const endFault = memory.addFault({ code: 'ENOSPC', verbs: ['write'], bytesLeft: 3 });
  assert.equal(file.write(Buffer.from('12345'), 0, 5), 3);
  assert.equal(file.failure, 'ENOSPC');
  assert.equal(file.write(Buffer.from('45'), 0, 2), 0);
  endFault();
  assert.equal(file.write(Buffer.from('45'), 0, 2), 2);
  assert.deepEqual([file.failure, file.byteCount, memory.readText('/f')], ['', 5, '12345']);

  const script = `
    const { createRealDisk } = await import(${JSON.stringify(REAL_DISK)});
    const file = createRealDisk().openWrite(process.argv[1], 'create');
    console.log(file.write(new Uint8Array(1500), 0, 1500), file.failure, file.byteCount);
    file.truncate(1000);
    console.log(file.write(new Uint8Array(10), 0, 10), file.failure, file.byteCount);`;
  const shell = `ulimit -f 2 && exec "$0" --input-type=module -e "$1" "$2"`;
  const path = join(realFolder, 'partial');
  const run = spawnSync('sh', ['-c', shell, process.execPath, script, path], { encoding: 'utf8' });
  if (run.error !== undefined) return context.skip('no shell');
  assert.equal(run.stdout, '1024 EFBIG 1024\n10  1010\n', run.stderr);
  rmSync(path);
});

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
