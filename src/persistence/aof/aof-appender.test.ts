import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../base/limits.ts';
import { Effect } from '../../engine/effect.ts';
import { EVENT } from '../../engine/event-table.ts';
import { StoreJournal } from '../../journal/store-journal.ts';
import type { MemoryDisk } from '../../world/simulated/memory-disk.ts';
import { createSimulatedWorld } from '../../world/simulated/simulated-world.ts';
import { AofAppender, type AofTrouble, type SyncPolicy } from './aof-appender.ts';
import { LogReader, UNIT } from './log-reader.ts';

const PATH = '/data/a.aof';

async function openLog(policy: SyncPolicy) {
  const world = createSimulatedWorld(1);
  const { disk } = world;
  disk.makeDirectory('/data');
  const clock = { nowMs: world.clock.wallMs() };
  const journal = new StoreJournal({ clock, onFirst: () => {} });
  const troubles: (string | null)[] = [];
  let safeCount = 0;
  const appender = new AofAppender({
    journal,
    clock: world.clock,
    timers: world.timers,
    policy,
    onSafe: () => void safeCount++,
    onTrouble: (trouble: AofTrouble | null) =>
      void troubles.push(trouble === null ? null : `${trouble.kind} ${trouble.code}`),
  });
  appender.open(disk.openWrite(PATH, 'create'));
  disk.syncDirectory('/data');
  disk.syncDirectory('/');
  const effect = new Effect('default');
  let count = 0;
  return {
    world,
    disk,
    journal,
    appender,
    troubles,
    get safeCount() {
      return safeCount;
    },
    record(words: readonly string[] = ['SET', 'k', `${++count}`]) {
      effect.begin(words[0], 0, 1);
      for (const word of words.slice(1)) effect.text(word);
      journal.onEffect(effect, EVENT.none, 0);
    },
    /** Records so many effects, as one loop turn. */
    turn(effectCount = 1) {
      for (let i = 0; i < effectCount; i++) this.record();
      appender.flush();
      return journal.position;
    },
    async advance(ms: number) {
      world.advance(ms);
      await settled();
    },
  };
}

/** Lets promises run. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** The last argument of each SET in a file. */
function valuesOf(disk: MemoryDisk, path = PATH): string[] {
  const source = disk.openRead(path);
  assert.ok(source !== null);
  const reader = new LogReader(source);
  const values: string[] = [];
  for (let unit = reader.next(); unit !== UNIT.END; unit = reader.next()) {
    assert.notEqual(unit, UNIT.BAD, `${reader.reason} at ${reader.unitOffset}`);
    if (reader.frame.equals(0, 'SET')) values.push(reader.frame.latin1(2));
  }
  return values;
}

test('a turn is one write, whatever it holds', async () => {
  const log = await openLog('no');
  let writes = 0;
  log.disk.onChange = () => void writes++;
  log.turn(300);
  assert.equal(writes, 1);
  assert.equal(valuesOf(log.disk).length, 300);
  log.appender.flush();
  assert.equal(writes, 1, 'nothing to write, nothing written');
});

test('policy no: safe when written, never synced', async () => {
  const log = await openLog('no');
  for (let i = 0; i < 10; i++) {
    const position = log.turn();
    assert.equal(log.appender.safePosition, position);
    await log.advance(5000);
  }
  assert.equal(log.appender.syncCount, 0);
  assert.equal(log.appender.isSynced(log.appender.position), false);
});

test('policy everysec: safe when written; synced a second after the last sync began', async () => {
  const log = await openLog('everysec');
  for (let i = 0; i < 50; i++) {
    const position = log.turn();
    assert.equal(log.appender.safePosition, position);
    await log.advance(100);
  }
  assert.ok([5, 6].includes(log.appender.syncCount), `${log.appender.syncCount} syncs in 5 s`);
  await log.advance(1000);
  const { syncCount } = log.appender;
  assert.ok(log.appender.isSynced(log.appender.position));
  await log.advance(60_000);
  assert.equal(log.appender.syncCount, syncCount, 'an idle log is not synced');
  assert.equal(log.appender.unsyncedBytes, 0);
});

test('policy always: one sync at a time covers all that was written before it began', async () => {
  const log = await openLog('always');
  log.disk.addFault({ code: '', verbs: ['sync'], delayMs: 10 });
  const first = log.turn();
  assert.equal(log.appender.isSyncing, true);
  assert.ok(log.appender.safePosition < first);
  let last = 0;
  for (let i = 0; i < 100; i++) last = log.turn();
  await log.advance(10);
  assert.equal(log.appender.syncCount, 1);
  assert.equal(log.appender.safePosition, first);
  await log.advance(10);
  assert.equal(log.appender.syncCount, 2, 'a hundred turns share the second one');
  assert.equal(log.appender.safePosition, last);
  assert.equal(log.appender.isSyncing, false);
});

test('policy always: what comes during a sync is written once, when it is done', async () => {
  const log = await openLog('always');
  log.disk.addFault({ code: '', verbs: ['sync'], delayMs: 10 });
  log.turn();
  let writes = 0;
  log.disk.onChange = () => void writes++;
  for (let i = 0; i < 20; i++) log.turn();
  assert.equal(writes, 0);
  log.record(['SET', 'k', 'x'.repeat(LIMITS.logHeldBytesMax)]);
  log.appender.flush();
  assert.equal(writes, 1, 'but not more than so much is held');
  await log.advance(10);
  await log.advance(10);
  assert.equal(log.appender.safePosition, log.journal.position);
  assert.equal(valuesOf(log.disk).length, 22);
});

test('who waits is told when it is safe, in any order', async () => {
  const log = await openLog('always');
  log.disk.addFault({ code: '', verbs: ['sync'], delayMs: 10 });
  const told: string[] = [];
  void log.appender.whenSafe(log.turn(), true).then(() => told.push('first'));
  void log.appender.whenSafe(log.turn(), false).then(() => told.push('second'));
  void log.appender.whenSafe(0, true).then(() => told.push('at once'));
  await settled();
  assert.deepEqual(told, ['at once']);
  await log.advance(10);
  assert.deepEqual(told, ['at once', 'first']);
  await log.advance(10);
  assert.deepEqual(told, ['at once', 'first', 'second']);
});

test('a change of policy lets go who waited, or makes them wait', async () => {
  const log = await openLog('always');
  log.disk.addFault({ code: '', verbs: ['sync'], delayMs: 50 });
  const position = log.turn();
  const { safeCount } = log;
  log.appender.policy = 'everysec';
  assert.equal(log.appender.safePosition, position);
  assert.ok(log.safeCount > safeCount);
  await log.advance(50);
  log.appender.policy = 'always';
  assert.ok(log.turn() > log.appender.safePosition);
});

test('a full disk: what was refused stays, and follows when it heals', async () => {
  const log = await openLog('everysec');
  const heal = log.disk.addFault({ code: 'ENOSPC', verbs: ['write'], bytesLeft: 150 });
  log.turn(1);
  const position = log.turn(3);
  assert.deepEqual(log.troubles, ['write ENOSPC']);
  assert.ok(log.appender.safePosition < position);
  assert.ok(log.appender.pendingBytes > 0);
  await log.advance(5000);
  assert.ok(log.appender.isTroubled);
  log.record(['DEL', 'expired']);
  heal();
  await log.advance(LIMITS.logRetryMs);
  assert.deepEqual(log.troubles, ['write ENOSPC', null]);
  assert.equal(log.appender.safePosition, log.journal.position);
  assert.equal(log.appender.pendingBytes, 0);
  assert.deepEqual(valuesOf(log.disk), ['1', '2', '3', '4']);
});

for (const code of ['EROFS', 'EIO']) {
  test(`a disk that refuses with ${code}: readers go on, writers wait until it heals`, async () => {
    const log = await openLog('always');
    const heal = log.disk.addFault({ code, verbs: ['write'] });
    const told: string[] = [];
    const position = log.turn();
    void log.appender.whenSafe(position, true).then(() => told.push('writer'));
    void log.appender.whenSafe(position, false).then(() => told.push('reader'));
    await settled();
    assert.deepEqual(told, ['reader']);
    assert.deepEqual(log.troubles, [`write ${code}`]);
    heal();
    await log.advance(LIMITS.logRetryMs);
    assert.deepEqual(told, ['reader', 'writer']);
  });
}

test('after a failed sync nothing is safe before a new file stands behind a new base', async () => {
  const log = await openLog('always');
  const safe = log.turn();
  await settled();
  assert.equal(log.appender.safePosition, safe);
  const heal = log.disk.addFault({ code: 'EIO', verbs: ['sync'], callCount: 1 });
  const lost = log.turn();
  await settled();
  assert.deepEqual(log.troubles, ['sync EIO']);
  heal();
  await log.advance(60_000);
  assert.equal(log.appender.safePosition, safe, 'a later sync of the same file heals nothing');
  log.record(['DEL', 'expired meanwhile']);
  log.appender.flush();
  assert.ok(log.appender.switchTo(log.disk.openWrite('/data/b.aof', 'create')));
  const later = log.turn();
  await settled();
  assert.equal(log.appender.safePosition, safe, 'the base is not there yet');
  assert.ok(log.appender.isTroubled);
  log.appender.settle();
  await settled();
  assert.deepEqual(log.troubles, ['sync EIO', null]);
  assert.equal(log.appender.safePosition, later);
  assert.ok(later > lost);
  assert.deepEqual(valuesOf(log.disk, '/data/b.aof'), ['3'], 'the base holds the others');
});

test('another file: the old one is synced first, and closed', async () => {
  const log = await openLog('always');
  log.disk.addFault({ code: '', verbs: ['sync'], delayMs: 10 });
  log.record();
  assert.ok(log.appender.switchTo(log.disk.openWrite('/data/b.aof', 'create')));
  const old = log.journal.position;
  const position = log.turn();
  assert.deepEqual(valuesOf(log.disk), ['1']);
  assert.equal(log.appender.switchTo(log.disk.openWrite('/data/c.aof', 'create')), false);
  await log.advance(10);
  assert.equal(log.appender.safePosition, old);
  assert.deepEqual(valuesOf(log.disk, '/data/b.aof'), ['2']);
  await log.advance(10);
  assert.equal(log.appender.safePosition, position);
  assert.ok(log.appender.switchTo(log.disk.openWrite('/data/c.aof', 'create')));
});

test('the first record of another file tells how long the one before was', async () => {
  const log = await openLog('no');
  log.turn(5);
  const { fileBytes } = log.appender;
  log.appender.switchTo(log.disk.openWrite('/data/b.aof', 'create'));
  log.turn();
  const source = log.disk.openRead('/data/b.aof');
  assert.ok(source !== null);
  const reader = new LogReader(source);
  assert.equal(reader.next(), UNIT.COMMAND);
  assert.equal(reader.line.afterBytes, fileBytes);
});

test('records tell how much of their file was synced before them', async () => {
  const log = await openLog('always');
  log.turn();
  await settled();
  const { fileBytes } = log.appender;
  log.turn();
  const source = log.disk.openRead(PATH);
  assert.ok(source !== null);
  const reader = new LogReader(source);
  while (reader.recordCount < 2) reader.next();
  assert.equal(reader.line.syncedBytes, fileBytes);
});

test('a disk that does not keep up makes writers wait until it does', async () => {
  const log = await openLog('everysec');
  log.disk.addFault({ code: '', verbs: ['sync'], delayMs: 5000 });
  log.turn();
  await log.advance(1000);
  log.turn();
  assert.equal(log.appender.isSlow, false);
  await log.advance(LIMITS.logSlowSyncMs + 1);
  assert.equal(log.appender.isSlow, true);
  assert.equal(log.appender.slowCount, 1);
  assert.equal(log.appender.safePosition, log.journal.position, 'what was written is answered');
  await log.advance(5000);
  assert.equal(log.appender.isSlow, false);
  assert.equal(log.appender.delayedSyncCount, 1);
});

test('so many bytes wait for a sync: writers wait as well', async () => {
  const log = await openLog('everysec');
  log.disk.addFault({ code: '', verbs: ['sync'], delayMs: 1000 });
  log.turn();
  await log.advance(1000);
  assert.equal(log.appender.isSyncing, true);
  const value = 'x'.repeat(1024 * 1024);
  for (let i = 0; i <= LIMITS.logUnsyncedBytesMax; i += value.length) {
    log.record(['SET', 'k', value]);
    log.appender.flush();
  }
  assert.equal(log.appender.isSlow, true);
});

test('for who cannot wait: written at once, synced when the policy says so', async () => {
  for (const policy of ['no', 'everysec', 'always'] as const) {
    const log = await openLog(policy);
    log.record();
    assert.equal(log.appender.secureNow(), '');
    assert.equal(log.appender.safePosition, log.journal.position);
    assert.equal(log.appender.isSynced(log.journal.position), policy === 'always');
    log.disk.addFault({ code: 'ENOSPC', verbs: ['write'] });
    log.record();
    assert.equal(log.appender.secureNow(), 'ENOSPC');
  }
});

test('WAITAOF may ask for a sync whatever the policy', async () => {
  const log = await openLog('no');
  const position = log.turn();
  log.appender.askSync();
  await settled();
  assert.equal(log.appender.isSynced(position), true);
  log.turn();
  await log.advance(5000);
  assert.equal(log.appender.syncCount, 1);
});

test('the end: all is written and synced, and the file tells so', async () => {
  const log = await openLog('no');
  const position = log.turn(3);
  log.record();
  let isTold = false;
  void log.appender.whenSafe(log.journal.position, true).then(() => {
    isTold = true;
  });
  assert.equal(await log.appender.close(), '');
  assert.ok(log.appender.isSynced(position) && isTold);
  const disk = log.disk.crash(7);
  assert.equal(valuesOf(disk).length, 4);
  const source = log.disk.openRead(PATH);
  assert.ok(source !== null);
  const reader = new LogReader(source);
  while (reader.next() !== UNIT.END);
  assert.ok(reader.line.syncedBytes > source.byteCount - 200);
});

test('what is given up answers everybody and writes nothing', async () => {
  const log = await openLog('always');
  log.disk.addFault({ code: '', verbs: ['sync'], delayMs: 10 });
  let isTold = false;
  void log.appender.whenSafe(log.turn(), true).then(() => {
    isTold = true;
  });
  log.appender.giveUp();
  await log.advance(100);
  assert.ok(isTold);
  assert.equal(log.appender.safePosition, Number.POSITIVE_INFINITY);
});

test('a sync that began before the last write of the old file is not the awaited one', async () => {
  const log = await openLog('always');
  log.disk.addFault({ code: '', verbs: ['sync'], delayMs: 10 });
  log.turn();
  log.record();
  const other = log.disk.openWrite('/data/b.aof', 'create');
  assert.ok(log.appender.switchTo(other));
  const old = log.journal.position;
  const position = log.turn();
  await log.advance(10);
  assert.ok(log.appender.safePosition < old, 'the second record is not synced');
  await log.advance(10);
  assert.equal(log.appender.safePosition, old);
  assert.deepEqual(valuesOf(log.disk.crashAfter(0)), ['1', '2']);
  await log.advance(10);
  assert.equal(log.appender.safePosition, position);
});

test('what a refused write left lies in the base alone: nothing is safe before it', async () => {
  const log = await openLog('always');
  const safe = log.turn();
  await settled();
  const heal = log.disk.addFault({ code: 'EROFS', verbs: ['write'] });
  const refused = log.turn();
  heal();
  assert.ok(log.appender.switchTo(log.disk.openWrite('/data/b.aof', 'create')));
  log.appender.askSync();
  await log.advance(60_000);
  assert.equal(log.appender.safePosition, safe);
  assert.equal(log.appender.isSynced(refused), false);
  log.appender.settle();
  await settled();
  assert.equal(log.appender.safePosition, refused);
});

test('what is given up within a turn is not written at its end', async () => {
  const log = await openLog('always');
  log.record();
  log.appender.giveUp();
  log.appender.flush();
  assert.deepEqual(valuesOf(log.disk), []);
});

test('a log that is turned on has nothing synced before its first base is there', async () => {
  const log = await openLog('always');
  const { appender, disk } = log;
  appender.giveUp();
  const later = new AofAppender({
    journal: log.journal,
    clock: log.world.clock,
    timers: log.world.timers,
    policy: 'always',
    onSafe: () => {},
    onTrouble: () => {},
  });
  later.openUnsettled(disk.openWrite('/data/b.aof', 'create'));
  const begun = later.position;
  assert.equal(later.isSynced(begun), false);
  log.record();
  later.flush();
  later.askSync();
  await log.advance(60_000);
  assert.equal(later.safePosition, later.position, 'nobody is held up meanwhile');
  assert.equal(later.isSynced(begun), false);
  later.settle();
  assert.equal(later.isSynced(begun), true);
  await settled();
  assert.equal(later.isSynced(later.position), true);
});

test('another file is not asked for while it could not be switched to', async () => {
  const log = await openLog('no');
  const { appender, disk } = log;
  disk.addFault({ code: '', verbs: ['sync'], delayMs: 10 });
  assert.ok(appender.canSwitch());
  assert.ok(appender.switchTo(disk.openWrite('/data/b.aof', 'create')));
  log.turn();
  assert.equal(appender.canSwitch(), false, 'the one before is not synced yet');
  await log.advance(10);
  assert.ok(appender.canSwitch());
  const heal = disk.addFault({ code: 'ENOSPC', verbs: ['write'] });
  log.record();
  assert.equal(appender.canSwitch(), false, 'what is pending is refused');
  assert.ok(appender.canSwitch(), 'in trouble the old file is given up');
  heal();
});

test('what is told to be synced ends with a whole record', async () => {
  const log = await openLog('no');
  const { appender, disk, journal } = log;
  log.turn();
  appender.askSync();
  await settled();
  const whole = disk.readFile(PATH)?.length;
  assert.equal(journal.syncedBytes, whole);
  const heal = disk.addFault({ code: 'ENOSPC', verbs: ['write'], bytesLeft: 24 });
  log.turn();
  appender.askSync();
  await settled();
  assert.equal(disk.crashAfter(0).readFile(PATH)?.length, Number(whole) + 24);
  assert.equal(journal.syncedBytes, whole);
  heal();
  await log.advance(LIMITS.logRetryMs);
  appender.askSync();
  await settled();
  assert.equal(journal.syncedBytes, disk.readFile(PATH)?.length);
});
