import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { NodeError } from '../../base/errors.ts';
import { MemoryDisk } from './memory-disk.ts';
import { createSimulatedWorld } from './simulated-world.ts';

const SEEDS = 400;

function put(disk: MemoryDisk, path: string, words: string): void {
  const file = disk.openWrite(path, 'append');
  file.write(Buffer.from(words), 0, words.length);
  file.close();
}

function sync(disk: MemoryDisk, path: string): void {
  const file = disk.openWrite(path, 'append');
  file.syncNow();
  file.close();
}

/** What is found at the path, over many seeds; null: no such name. */
function outcomes(disk: MemoryDisk, path: string): Set<string | null> {
  const found = new Set<string | null>();
  for (let seed = 0; seed < SEEDS; seed++) found.add(disk.crash(seed).readText(path));
  return found;
}

/** A disk that holds an empty, durable file at /log. */
function diskWithLog(): MemoryDisk {
  const disk = new MemoryDisk();
  put(disk, '/log', '');
  disk.syncDirectory('/');
  return disk;
}

test('in order: every byte of what was not synced is a place to fail at', () => {
  const disk = diskWithLog();
  put(disk, '/log', 'safe,');
  sync(disk, '/log');
  put(disk, '/log', 'one');
  put(disk, '/log', 'two');
  assert.equal(disk.unsyncedWeight, 6);
  for (let weight = 0; weight <= 6; weight++) {
    const text = disk.crashAfter(weight).readText('/log');
    assert.equal(text, `safe,${'onetwo'.slice(0, weight)}`);
  }
  assert.equal(disk.readText('/log'), 'safe,onetwo');
});

test('unsynced writes are lost, torn, reordered and zeros; synced ones are always there', () => {
  const disk = diskWithLog();
  put(disk, '/log', 'safe,');
  sync(disk, '/log');
  put(disk, '/log', 'one');
  put(disk, '/log', 'two');
  const found = outcomes(disk, '/log');
  for (const text of found) assert.match(text ?? '', /^safe,/);
  const wanted = ['', 'one', 'onetwo', 'on', 'onet', '\0\0\0two', '\0\0\0', '\0\0\0\0\0\0'];
  for (const tail of wanted) assert.ok(found.has(`safe,${tail}`), JSON.stringify(tail));
});

test('a long write is torn at its sectors, the later without the earlier', () => {
  const disk = diskWithLog();
  put(disk, '/log', 'x'.repeat(5 * 512));
  const isTorn = (text: string | null): boolean => /^x{512}\0{512}.*x{512}$/s.test(text ?? '');
  assert.ok([...outcomes(disk, '/log')].some(isTorn));
});

test('a cut is a change like others', () => {
  const disk = diskWithLog();
  put(disk, '/log', 'before');
  sync(disk, '/log');
  const file = disk.openWrite('/log', 'append');
  file.truncate(2);
  file.write(Buffer.from('XYZ'), 0, 3);
  assert.equal(disk.readText('/log'), 'beXYZ');
  const found = outcomes(disk, '/log');
  for (const text of ['before', 'be', 'beXYZ', 'beXYZe']) assert.ok(found.has(text), text);
  file.syncNow();
  assert.deepEqual([...outcomes(disk, '/log')], ['beXYZ']);
});

test('the same seed finds the same disk, and what it finds is durable', () => {
  const disk = diskWithLog();
  for (let i = 0; i < 20; i++) put(disk, `/log${i % 3}`, `line ${i}\n`);
  for (let seed = 0; seed < 50; seed++) {
    const first = disk.crash(seed);
    const names = first.listDirectory('/');
    assert.deepEqual(disk.crash(seed).listDirectory('/'), names);
    for (const name of names) {
      assert.equal(disk.crash(seed).readText(`/${name}`), first.readText(`/${name}`));
      assert.equal(first.crash(seed + 1).readText(`/${name}`), first.readText(`/${name}`));
    }
    assert.equal(first.unsyncedWeight, 0);
  }
});

test('a name is durable when its directory is synced, whatever was synced of the file', () => {
  const disk = new MemoryDisk();
  put(disk, '/new', 'content');
  sync(disk, '/new');
  assert.deepEqual(outcomes(disk, '/new'), new Set([null, 'content']));
  disk.syncDirectory('/');
  assert.deepEqual(outcomes(disk, '/new'), new Set(['content']));
  disk.remove('/new');
  assert.deepEqual(outcomes(disk, '/new'), new Set([null, 'content']));
  disk.syncDirectory('/');
  assert.deepEqual(outcomes(disk, '/new'), new Set([null]));
});

test('a directory that lost its name takes with it what was synced in it', () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/a/b');
  put(disk, '/a/b/f', 'content');
  sync(disk, '/a/b/f');
  disk.syncDirectory('/a/b');
  assert.deepEqual(outcomes(disk, '/a/b/f'), new Set(['content']));
  disk.rename('/a', '/c');
  disk.syncDirectory('/c');
  disk.syncDirectory('/c/b');
  assert.deepEqual(outcomes(disk, '/c/b/f'), new Set([null, 'content']));
  disk.syncDirectory('/');
  assert.deepEqual(outcomes(disk, '/c/b/f'), new Set(['content']));
});

test('a rename in one directory: the old name or the new one, never both, never none', () => {
  const disk = new MemoryDisk();
  disk.writeFileAtomic('/f', Buffer.from('old'));
  put(disk, '/f.tmp', 'new');
  sync(disk, '/f.tmp');
  disk.syncDirectory('/');
  disk.rename('/f.tmp', '/f');
  const found = new Set<string>();
  for (let seed = 0; seed < SEEDS; seed++) {
    const crashed = disk.crash(seed);
    found.add(`${crashed.readText('/f')} ${crashed.readText('/f.tmp')}`);
  }
  assert.deepEqual(found, new Set(['old new', 'new null']));
});

test('a rename without a sync of the file leads to a file without its content', () => {
  const disk = new MemoryDisk();
  disk.writeFileAtomic('/f', Buffer.from('old'));
  put(disk, '/f.tmp', 'new');
  disk.rename('/f.tmp', '/f');
  disk.syncDirectory('/');
  const found = outcomes(disk, '/f');
  assert.ok(found.has('') && found.has('new'));
  assert.ok(!found.has('old'));
});

test('a rename over two directories: for a while under both names, never under none', () => {
  const prepare = (): MemoryDisk => {
    const disk = new MemoryDisk();
    disk.makeDirectory('/from');
    disk.makeDirectory('/to');
    disk.syncDirectory('/');
    put(disk, '/from/f', 'f');
    sync(disk, '/from/f');
    disk.syncDirectory('/from');
    disk.rename('/from/f', '/to/f');
    return disk;
  };
  const places = (disk: MemoryDisk): Set<string> => {
    const found = new Set<string>();
    for (let seed = 0; seed < SEEDS; seed++) {
      const crashed = disk.crash(seed);
      found.add(`${crashed.readText('/from/f')} ${crashed.readText('/to/f')}`);
    }
    return found;
  };
  const disk = prepare();
  assert.deepEqual(places(disk), new Set(['f null', 'f f', 'null f']));
  disk.syncDirectory('/to');
  assert.deepEqual(places(disk), new Set(['f f', 'null f']));
  const other = prepare();
  other.syncDirectory('/from');
  assert.deepEqual(places(other), new Set(['null f']));
});

test('a file replaced in one go is the old one or the new one at each step', () => {
  const disk = new MemoryDisk();
  disk.writeFileAtomic('/f', Buffer.from('old'));
  const found = new Set<string | null>();
  let stepCount = 0;
  disk.onChange = () => {
    stepCount++;
    for (let seed = 0; seed < 100; seed++) found.add(disk.crash(seed).readText('/f'));
  };
  disk.writeFileAtomic('/f', Buffer.from('new'));
  disk.onChange = null;
  assert.deepEqual(found, new Set(['old', 'new']));
  assert.equal(stepCount, 5);
  assert.deepEqual(outcomes(disk, '/f'), new Set(['new']));
});

test('a tree is removed name by name', () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/t/u');
  for (const path of ['/t/a', '/t/b', '/t/u/c']) disk.writeFileAtomic(path, Buffer.from('x'));
  disk.syncDirectory('/t');
  disk.syncDirectory('/');
  disk.removeTree('/t');
  const found = new Set<string>();
  for (let seed = 0; seed < SEEDS; seed++) {
    const crashed = disk.crash(seed);
    found.add(crashed.exists('/t') ? crashed.listDirectory('/t').join() : 'none');
  }
  for (const names of ['none', '', 'a', 'b,u', 'a,b,u']) assert.ok(found.has(names), names);
});

test('a sync covers what was written before it, from its end on', async () => {
  const world = createSimulatedWorld();
  const { disk } = world;
  put(disk, '/log', '');
  disk.syncDirectory('/');
  disk.addFault({ code: '', verbs: ['sync'], path: /log/, delayMs: 300 });
  const file = disk.openWrite('/log', 'append');
  file.write(Buffer.from('before'), 0, 6);
  let isDone = false;
  const done = file.sync().then(() => {
    isDone = true;
  });
  file.write(Buffer.from('after'), 0, 5);
  file.close();
  world.advance(299);
  await Promise.resolve();
  assert.equal(disk.crashAfter(0).readText('/log'), '');
  assert.equal(isDone, false);
  world.advance(1);
  await done;
  assert.equal(disk.crashAfter(0).readText('/log'), 'before');
});

test('what a failed sync left behind never comes to the disk, though it is read', async () => {
  const disk = diskWithLog();
  const file = disk.openWrite('/log', 'append');
  const endFault = disk.addFault({ code: 'EIO', verbs: ['sync'] });
  file.write(Buffer.from('lost'), 0, 4);
  await assert.rejects(
    () => file.sync(),
    (error) => error instanceof NodeError && error.message.endsWith('/log: EIO'),
  );
  assert.equal(file.failure, 'EIO');
  endFault();
  file.write(Buffer.from('kept'), 0, 4);
  await file.sync();
  assert.equal(disk.readText('/log'), 'lostkept');
  assert.deepEqual([...outcomes(disk, '/log')], ['\0\0\0\0kept']);
});

test('faults choose calls and paths, end by themselves, and spare readers when read-only', () => {
  const disk = new MemoryDisk();
  disk.writeFileAtomic('/a', Buffer.from('a'));
  disk.addFault({ code: 'EIO', verbs: ['rename'], path: /^\/b/, callCount: 1 });
  disk.rename('/a', '/b');
  assert.throws(() => disk.rename('/b', '/a'), /Cannot rename \/b: EIO/);
  disk.rename('/b', '/a');
  const endFault = disk.addFault({ code: 'EROFS' });
  assert.equal(disk.readText('/a'), 'a');
  assert.deepEqual(disk.listDirectory('/'), ['a']);
  assert.equal(disk.openRead('/a')?.byteCount, 1);
  assert.throws(() => disk.openWrite('/a', 'append'), /EROFS/);
  assert.throws(() => disk.writeFileAtomic('/a', Buffer.from('b')), /Cannot write \/a: EROFS/);
  assert.throws(() => disk.remove('/a'), /EROFS/);
  endFault();
  disk.remove('/a');
});
