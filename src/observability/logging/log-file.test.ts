import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultConfiguration } from '../../base/configuration.ts';
import { MemoryDisk } from '../../world/simulated/memory-disk.ts';
import { RotatingFile, SingleFile } from './log-file.ts';

const SETTINGS = { ...defaultConfiguration().logging, maxFileSizeBytes: 100, maxFiles: 3 };

function lineOf(index: number): string {
  return `line ${String(index).padStart(14, '0')}\n`;
}

/** Lines of 20 bytes, five a file. */
function writeLines(file: { write(line: string): boolean }, from: number, count: number): number {
  let writtenCount = 0;
  for (let i = from; i < from + count; i++) if (file.write(lineOf(i))) writtenCount++;
  return writtenCount;
}

/** All lines of all files, in order of their numbers. */
function linesIn(disk: MemoryDisk, directory = '/logs'): string[] {
  const numberOf = (name: string): number => Number(name.split('.')[1]);
  const names = disk.listDirectory(directory).sort((a, b) => numberOf(a) - numberOf(b));
  const texts = names.map((name) => disk.readText(`${directory}/${name}`) ?? '');
  return texts.join('').split('\n').slice(0, -1);
}

function bytesIn(disk: MemoryDisk): number {
  const names = disk.listDirectory('/logs');
  return names.reduce((sum, name) => sum + (disk.readText(`/logs/${name}`)?.length ?? 0), 0);
}

test('no line is lost between two files, and no file is longer than it may be', () => {
  const disk = new MemoryDisk();
  const file = new RotatingFile(disk, '/logs', SETTINGS);
  assert.equal(writeLines(file, 0, 15), 15);
  assert.deepEqual(disk.listDirectory('/logs'), [
    'hypercache.1.log',
    'hypercache.2.log',
    'hypercache.3.log',
  ]);
  assert.equal(linesIn(disk).length, 15);
  writeLines(file, 15, 1);
  assert.deepEqual(disk.listDirectory('/logs'), [
    'hypercache.2.log',
    'hypercache.3.log',
    'hypercache.4.log',
  ]);
  assert.equal(linesIn(disk)[0], lineOf(5).trimEnd());
});

test('a disk full while rotating: the full file grows, within bounds, then lines are lost', () => {
  const disk = new MemoryDisk();
  const file = new RotatingFile(disk, '/logs', SETTINGS);
  writeLines(file, 0, 5);
  disk.refuseWith('ENOSPC', ['open']);
  assert.equal(writeLines(file, 5, 20), 5);
  assert.match(file.failure, /hypercache\.2\.log: ENOSPC/);
  assert.equal(bytesIn(disk), 200);
  disk.refuseWith(null);
  assert.equal(writeLines(file, 25, 1), 1);
  assert.equal(file.failure, '');
  assert.deepEqual(disk.listDirectory('/logs'), ['hypercache.1.log', 'hypercache.2.log']);
  assert.equal(linesIn(disk).at(-1), lineOf(25).trimEnd());
});

test('a disk that is full in the middle of a line: later lines are whole', () => {
  const disk = new MemoryDisk();
  const file = new RotatingFile(disk, '/logs', SETTINGS);
  const endFault = disk.addFault({ code: 'ENOSPC', verbs: ['append'], bytesLeft: 30 });
  assert.equal(writeLines(file, 0, 4), 1);
  endFault();
  assert.equal(writeLines(file, 4, 1), 1);
  assert.deepEqual(linesIn(disk), [lineOf(0).trimEnd(), 'line 00000', lineOf(4).trimEnd()]);
});

test('old files that cannot be removed: there may be twice as many, then lines are lost', () => {
  const disk = new MemoryDisk();
  const file = new RotatingFile(disk, '/logs', SETTINGS);
  disk.refuseWith('EACCES', ['remove']);
  assert.ok(writeLines(file, 0, 100) < 50);
  assert.match(file.failure, /remove .*EACCES/);
  assert.ok(disk.listDirectory('/logs').length <= 6);
  assert.ok(bytesIn(disk) <= 700, `${bytesIn(disk)} bytes`);
  disk.refuseWith(null);
  assert.equal(writeLines(file, 100, 30), 30);
  assert.equal(disk.listDirectory('/logs').length, 3);
  assert.equal(file.failure, '');
});

test('a directory that may not be read any more: what is open is written to', () => {
  const disk = new MemoryDisk();
  const file = new RotatingFile(disk, '/logs', SETTINGS);
  const single = new SingleFile(disk, '/single.log');
  writeLines(file, 0, 1);
  disk.refuseWith('EACCES', ['open', 'list', 'look at', 'remove', 'make directory']);
  assert.equal(writeLines(file, 1, 3), 3);
  assert.equal(writeLines(single, 1, 3), 3);
  assert.match(file.failure, /EACCES/);
  assert.match(single.failure, /EACCES/);
  disk.refuseWith(null);
  assert.equal(writeLines(file, 4, 1), 1);
  assert.equal(file.failure, '');
  assert.equal(linesIn(disk).length, 5);
});

test('a file, or its whole directory, removed under us is begun anew with the next line', () => {
  const disk = new MemoryDisk();
  const file = new RotatingFile(disk, '/logs', SETTINGS);
  writeLines(file, 0, 7);
  disk.remove('/logs/hypercache.2.log');
  assert.equal(writeLines(file, 7, 1), 1);
  assert.equal(linesIn(disk).at(-1), lineOf(7).trimEnd());
  for (const name of disk.listDirectory('/logs')) disk.remove(`/logs/${name}`);
  disk.remove('/logs');
  assert.equal(writeLines(file, 8, 1), 1);
  assert.deepEqual(linesIn(disk), [lineOf(8).trimEnd()]);
});

test('a single file moved away, as by logrotate, is begun anew with the next line', () => {
  const disk = new MemoryDisk();
  const file = new SingleFile(disk, '/log');
  writeLines(file, 0, 2);
  disk.rename('/log', '/log.1');
  assert.equal(writeLines(file, 2, 1), 1);
  assert.equal(disk.readText('/log.1'), lineOf(0) + lineOf(1));
  assert.equal(disk.readText('/log'), lineOf(2));
  disk.remove('/log');
  disk.refuseWith('EACCES', ['open']);
  assert.equal(writeLines(file, 3, 1), 0);
  assert.match(file.failure, /open \/log: EACCES/);
  disk.refuseWith(null);
  assert.equal(writeLines(file, 4, 1), 1);
  assert.equal(disk.readText('/log'), lineOf(4));
});

test('two nodes in one directory, as at a restart: no line is lost, no limit passed', () => {
  const disk = new MemoryDisk();
  const settings = { ...SETTINGS, maxFiles: 100 };
  const old = new RotatingFile(disk, '/logs', settings);
  writeLines(old, 0, 3);
  const next = new RotatingFile(disk, '/logs', settings);
  for (let i = 3; i < 60; i++) assert.ok((i % 3 === 0 ? old : next).write(lineOf(i)));
  assert.deepEqual(
    linesIn(disk),
    Array.from({ length: 60 }, (_, i) => lineOf(i).trimEnd()),
  );
  assert.equal(disk.listDirectory('/logs').length, 12);
  for (const name of disk.listDirectory('/logs')) {
    assert.ok((disk.readText(`/logs/${name}`)?.length ?? 0) <= 100, name);
  }
  old.close();
  assert.ok(next.write(lineOf(60)));
});

test('a node whose file another one rotated away meanwhile goes on in the newest', () => {
  const disk = new MemoryDisk();
  const sleeper = new RotatingFile(disk, '/logs', SETTINGS);
  const busy = new RotatingFile(disk, '/logs', SETTINGS);
  writeLines(busy, 0, 43);
  assert.ok(sleeper.write(lineOf(43)));
  assert.equal(linesIn(disk).at(-1), lineOf(43).trimEnd());
  assert.equal(disk.listDirectory('/logs').length, 3);
});

test('a line longer than a file has a file of its own', () => {
  const disk = new MemoryDisk();
  const file = new RotatingFile(disk, '/logs', SETTINGS);
  const long = `${'x'.repeat(300)}\n`;
  writeLines(file, 0, 1);
  assert.ok(file.write(long));
  assert.ok(file.write(lineOf(1)));
  assert.equal(disk.readText('/logs/hypercache.2.log'), long);
  assert.equal(disk.readText('/logs/hypercache.3.log'), lineOf(1));
});
