import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { StoreJournal } from '../../src/journal/store-journal.ts';
import { encodeManifest } from '../../src/persistence/aof/aof-manifest.ts';
import { LogReader, type LogSource, UNIT } from '../../src/persistence/aof/log-reader.ts';
import { CommandReplay } from '../../src/replay/command-replay.ts';
import { type CommandKit, createCommandKit } from '../../src/testing/command-kit.ts';
import { CommandKeys, drawCommand, drawFilling } from '../../src/testing/random-commands.ts';
import { startRealRedis } from '../../src/testing/real-redis.ts';
import { type Draw, seededDraws } from '../../src/testing/seeded.ts';

const HOUR_MS = 3_600_000;

function sourceOf(bytes: Uint8Array): LogSource {
  return {
    byteCount: bytes.length,
    read(into, start, end, position) {
      const part = bytes.subarray(position, position + end - start);
      into.set(part, start);
      return part.length;
    },
  };
}

/** A node whose default store has a journal, as pieces of a file. */
async function createJournaled(seed: number) {
  const kit = await createCommandKit(seed, { records: false });
  kit.node.services.configuration.security.enableDebugCommand = 'yes';
  // Deadlines are to come for a real server too.
  kit.world.clock.setWallMs(Date.now() + HOUR_MS);
  kit.advance(0);
  const { services } = kit.node;
  const journal = new StoreJournal({ clock: services.clock, onFirst: () => {} });
  services.stores.default.sink.attach(journal);
  journal.beginFile(-1);
  const pieces: Uint8Array[] = [];
  /** The end of a loop turn. */
  const write = () => {
    journal.seal();
    pieces.push(journal.bytes.slice(journal.start, journal.sealedEnd));
    journal.take(journal.sealedEnd);
  };
  return { kit, journal, write, log: () => Buffer.concat(pieces) };
}

function drawLibrary(draw: Draw): string {
  const body = `return redis.call('SET', k[1], '${draw(99)}')`;
  const register = `redis.register_function('f${draw(3)}', function(k) ${body} end)`;
  return `#!lua name=lib${draw(3)}\n${register}`;
}

function drawMore(draw: Draw, keys: CommandKeys): (string | number)[] {
  const geo = `geo:${draw(3)}`;
  const place = [draw(170), draw(80), `p${draw(40)}`];
  const zset = keys.of('zset');
  const pick = <T>(rows: T[]) => rows[draw(rows.length)];
  return pick<(string | number)[]>([
    ['GEOADD', geo, ...place],
    ['GEOSEARCHSTORE', `geo:${draw(3)}`, geo, 'FROMLONLAT', 10, 10, 'BYRADIUS', 9000, 'km', 'ASC'],
    [
      'GEOSEARCHSTORE',
      `geo:${draw(3)}`,
      geo,
      'FROMLONLAT',
      10,
      10,
      'BYRADIUS',
      9000,
      'km',
      'STOREDIST',
    ],
    ['GEORADIUS', geo, 10, 10, 5000, 'km', 'STORE', `geo:${draw(3)}`],
    ['ZINTERSTORE', zset, 2, keys.of('zset'), keys.of('zset'), 'WEIGHTS', '1.1', '0.3'],
    ['ZDIFFSTORE', zset, 2, keys.of('zset'), keys.of('zset')],
    ['ZUNIONSTORE', zset, 2, keys.of('zset'), keys.of('set'), 'AGGREGATE', 'MAX'],
    ['ZADD', zset, 'GT', 'CH', draw(900), `v${draw(100)}`],
    ['ZADD', zset, 'NX', draw(900), `v${draw(100)}`],
    ['ZADD', zset, 'INCR', '0.1', `v${draw(100)}`],
    ['ZINCRBY', zset, '1e-3', `v${draw(30)}`],
    ['ZADD', zset, 'inf', 'top', '-inf', 'bottom'],
    ['ZREMRANGEBYLEX', zset, '[v1', '(v2'],
    ['ZMPOP', 2, zset, keys.of('zset'), 'MIN', 'COUNT', 3],
    ['LMPOP', 2, keys.of('list'), keys.of('list'), 'RIGHT', 'COUNT', 3],
    ['RPOPLPUSH', keys.of('list'), keys.of('list')],
    ['RPUSHX', keys.of('list'), 'x'],
    ['BITOP', pick(['AND', 'OR', 'XOR']), keys.of('string'), keys.of('string'), keys.of('string')],
    ['BITOP', 'NOT', keys.of('string'), keys.of('string')],
    ['BITFIELD', keys.of('string'), 'OVERFLOW', 'SAT', 'INCRBY', 'i5', draw(99), draw(30)],
    ['SET', keys.of('string'), 'v', 'EX', 1 + draw(90), 'NX', 'GET'],
    ['SET', keys.of('string'), `v${draw(9)}`, 'PXAT', '9007199254740999'],
    ['SET', keys.of('string'), '12345678901234567890', 'XX', 'KEEPTTL'],
    ['GETSET', keys.of('string'), 'g'],
    ['GETEX', keys.of('string'), 'PERSIST'],
    ['INCRBYFLOAT', keys.of('string'), '0.1'],
    ['DECR', keys.of('string')],
    ['PFMERGE', keys.of('string'), keys.of('string'), keys.of('string')],
    ['PFCOUNT', keys.of('string')],
    ['HINCRBYFLOAT', keys.of('hash'), `n${draw(20)}`, '0.1'],
    ['HSETNX', keys.of('hash'), `v${draw(900)}`, 'nx'],
    ['HGETEX', keys.of('hash'), 'PX', 1 + draw(5000), 'FIELDS', 2, `v${draw(20)}`, `v${draw(20)}`],
    ['HGETEX', keys.of('hash'), 'PERSIST', 'FIELDS', 1, `v${draw(20)}`],
    ['HSETEX', keys.of('hash'), 'FNX', 'KEEPTTL', 'FIELDS', 1, `v${draw(20)}`, 'x'],
    ['HSETEX', keys.of('hash'), 'KEEPTTL', 'FIELDS', 2, `v${draw(20)}`, 'x', `n${draw(9)}`, '1'],
    ['HEXPIRE', keys.of('hash'), 0, 'FIELDS', 1, `v${draw(20)}`],
    ['HEXPIREAT', keys.of('hash'), 99999999999, 'FIELDS', 3, `v${draw(20)}`, 'a', `n${draw(9)}`],
    ['SORT', keys.of('set'), 'ALPHA', 'DESC', 'LIMIT', 0, 9, 'STORE', keys.of('list')],
    ['SORT', keys.of('zset'), 'BY', 'nosort', 'GET', '#', 'STORE', keys.of('list')],
    ['EXPIRE', keys.any(), draw(3)],
    ['EXPIRE', keys.any(), 100, 'GT'],
    ['RENAMENX', keys.any(), keys.any()],
    ['XADD', keys.of('stream'), 'NOMKSTREAM', 'MINID', '=', '5-0', '*', 'f', 'v'],
    [
      'XCLAIM',
      keys.of('stream'),
      `g${draw(3)}`,
      `c${draw(4)}`,
      0,
      `${1 + draw(9)}-0`,
      'FORCE',
      'JUSTID',
    ],
    ['XACK', keys.of('stream'), `g${draw(3)}`, `${1 + draw(9)}-0`],
    ['XGROUP', 'CREATE', keys.of('stream'), `g${draw(3)}`, '$', 'ENTRIESREAD', draw(9)],
    ['XREADGROUP', 'GROUP', `g${draw(3)}`, 'c', 'NOACK', 'STREAMS', keys.of('stream'), '>'],
    ['XREADGROUP', 'GROUP', `g${draw(3)}`, 'c', 'COUNT', 3, 'STREAMS', keys.of('stream'), '0'],
    ['XSETID', keys.of('stream'), '99999999999999-5', 'ENTRIESADDED', 7000, 'MAXDELETEDID', '5-0'],
    [
      'EVAL',
      "redis.call('SET', KEYS[1], ARGV[1]) redis.call('RPUSH', KEYS[2], ARGV[1]) return 1",
      2,
      keys.of('string'),
      keys.of('list'),
      draw(99),
    ],
    [
      'EVAL',
      "redis.call('SELECT', 1) redis.call('INCR', KEYS[1]) return redis.call('SPOP', KEYS[2])",
      2,
      keys.of('string'),
      keys.of('set'),
    ],
    [
      'EVAL',
      "redis.call('SET', KEYS[1], 'x') return redis.call('LPUSH', KEYS[1], 1)",
      1,
      keys.of('string'),
    ],
    ['FUNCTION', 'LOAD', 'REPLACE', drawLibrary(draw)],
    ['FCALL', `f${draw(3)}`, 1, keys.of('string')],
    ['FUNCTION', 'DELETE', `lib${draw(3)}`],
    ['FLUSHDB'],
  ]);
}

/** Plays random commands; all of them stand in the journal then. */
function play(draw: Draw, kit: CommandKit, write: () => void, count: number): void {
  const keys = new CommandKeys(draw, 6);
  let queued = 0;
  kit.session.marksJson = true;
  for (let i = 0; i < count; i++) {
    const kind = draw(12);
    const [command, ...args] =
      kind === 0
        ? drawFilling(draw, keys)
        : kind < 8
          ? drawCommand(draw, keys)
          : drawMore(draw, keys);
    if (command === 'FLUSHDB' && draw(6) > 0) continue;
    if (queued === 0 && draw(20) === 0 && draw(2) === 0) {
      kit.run('MULTI');
      queued = 1 + draw(5);
    }
    kit.run(command, ...args);
    if (draw(30) === 0)
      kit.run('SET', keys.of('string'), '{"a":1}', draw(2) ? 'JSON' : 'KEEPTTL', 'JSON');
    if (queued > 0 && --queued === 0) kit.run('EXEC');
    if (draw(5) === 0) write();
    if (draw(9) === 0) kit.advance(draw(400));
  }
  if (queued > 0) kit.run('EXEC');
  // What is due goes now, or the other side would still hold it.
  for (let i = 0; i < 50; i++) kit.advance(20);
  // And what is due within the wheel's tick is not yet, as it is for the other side.
  kit.world.clock.setWallMs(kit.world.clock.wallMs() - 60_000);
  kit.advance(0);
  write();
}

/** All that two of our nodes must have alike, and DEBUG DIGEST does not look at. */
function describe(kit: CommandKit): string[] {
  const lines: string[] = [];
  kit.run('CLIENT', 'NO-TOUCH', 'ON');
  for (let database = 0; database < 3; database++) {
    kit.run('SELECT', database);
    for (const key of (kit.ask('KEYS', '*') as string[]).sort()) {
      const type = kit.ask('TYPE', key);
      let more: unknown = '';
      if (type === 'hash') {
        const fields = (kit.ask('HKEYS', key) as string[]).sort();
        more =
          fields.length === 0
            ? ''
            : kit.ask('HPEXPIRETIME', key, 'FIELDS', fields.length, ...fields);
      } else if (type === 'stream') {
        more = kit.ask('XINFO', 'STREAM', key, 'FULL', 'COUNT', 1);
      } else if (type === 'string') {
        const store = kit.node.services.stores.default;
        more = store.databases[database] === undefined ? '' : kit.ask('DEBUG', 'OBJECT', key);
      }
      const told = JSON.stringify(more)
        .replace(/"(seen-time|active-time)",-?\d+/g, '$1')
        .replace(/Value at.*serializedlength/, '')
        .replace(/lru:\d+ lru_seconds_idle:\d+/, '')
        .replace(/radix-tree-(keys|nodes)",\d+/g, '');
      lines.push(`${database} ${key} ${type} ${kit.ask('PEXPIRETIME', key)} ${told}`);
    }
  }
  kit.run('SELECT', 0);
  lines.push(JSON.stringify(kit.ask('FUNCTION', 'LIST')));
  return lines;
}

async function replayInNode(log: Uint8Array, seed: number, wallMs: number): Promise<CommandKit> {
  const kit = await createCommandKit(seed, { records: false });
  kit.node.services.configuration.security.enableDebugCommand = 'yes';
  const { services } = kit.node;
  const store = services.stores.default;
  store.isLoading = true;
  const reader = new LogReader(sourceOf(log));
  const applier = new CommandReplay(services, store);
  for (;;) {
    const unit = reader.next();
    if (unit === UNIT.END) break;
    assert.notEqual(unit, UNIT.BAD, `${reader.reason} at ${reader.unitOffset}`);
    services.clock.nowMs = reader.atMs;
    assert.equal(applier.apply(reader.frame, unit === UNIT.OURS), '');
  }
  assert.equal(applier.firstFailure, '');
  assert.equal(applier.isInTransaction, false);
  store.isLoading = false;
  kit.world.clock.setWallMs(wallMs);
  kit.advance(0);
  return kit;
}

test('what is journaled makes the same data again, in ours and in redis-server', async (t) => {
  const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
  t.diagnostic(`TEST_SEED=${seed}`);
  const draw = seededDraws(seed);
  const { kit, write, log } = await createJournaled(seed);
  play(draw, kit, write, Number(process.env.TEST_COMMANDS ?? 1500));
  const bytes = log();
  const digest = kit.ask('DEBUG', 'DIGEST');

  const ours = await replayInNode(bytes, seed + 1, kit.world.clock.wallMs());
  const [left, right] = [describe(ours), describe(kit)];
  for (const [i, line] of right.entries()) {
    const other = left[i] ?? '';
    if (other === line) continue;
    let at = 0;
    while (other[at] === line[at]) at++;
    const from = Math.max(0, at - 200);
    const told = `${line.slice(0, 60)} ... TEST_SEED=${seed}`;
    assert.equal(other.slice(from, at + 200), line.slice(from, at + 200), told);
  }
  assert.equal(left.length, right.length);
  assert.equal(ours.ask('DEBUG', 'DIGEST'), digest, `TEST_SEED=${seed}`);

  const directory = mkdtempSync(join(tmpdir(), 'hypercache-log-'));
  try {
    mkdirSync(join(directory, 'appendonlydir'));
    const name = 'appendonly.aof.1.incr.aof';
    writeFileSync(join(directory, 'appendonlydir', name), bytes);
    const increments = [{ name, sequence: 1, type: 'i' } as const];
    const manifest = encodeManifest({ base: null, increments, history: [] });
    writeFileSync(join(directory, 'appendonlydir', 'appendonly.aof.manifest'), manifest);
    const flags = ['--dir', directory, '--appendonly', 'yes', '--logfile', 'redis.log'];
    const redis = await startRealRedis({ flags: [...flags, '--enable-debug-command', 'yes'] });
    const told = () => readFileSync(join(directory, 'redis.log'), 'latin1');
    if (process.env.TEST_KEEP) writeFileSync(process.env.TEST_KEEP, bytes);
    if (redis === null) return t.skip('there is no redis-server');
    try {
      await isLoaded((...words) => redis.call(...words));
      assert.doesNotMatch(told(), /CRITICAL|Unknown command|Bad file|# == /, `TEST_SEED=${seed}`);
      await compareKeys(kit, (...words) => redis.call(...words), seed);
      assert.equal(await redis.call('DEBUG', 'DIGEST'), digest, `TEST_SEED=${seed}`);
    } finally {
      await redis.stop();
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

/** What shows where two values differ, in an order that both servers keep. */
const QUESTIONS: Record<string, string[][]> = {
  string: [['GET']],
  list: [['LRANGE', '0', '-1']],
  zset: [['ZRANGE', '0', '-1', 'WITHSCORES']],
};

async function isLoaded(call: (...words: string[]) => Promise<unknown>): Promise<void> {
  const endMs = Date.now() + 60_000;
  while (!/PONG/.test(String(await call('PING')))) {
    assert.ok(Date.now() < endMs, 'redis-server loads the log within a minute');
  }
}

async function compareKeys(
  kit: CommandKit,
  call: (...words: string[]) => Promise<unknown>,
  seed: number,
): Promise<void> {
  for (let database = 0; database < 3; database++) {
    kit.run('SELECT', database);
    await call('SELECT', `${database}`);
    const keys = (kit.ask('KEYS', '*') as string[]).sort();
    assert.deepEqual(((await call('KEYS', '*')) as string[]).sort(), keys, `TEST_SEED=${seed}`);
    for (const key of keys) {
      const told = `key ${key} of ${database}, TEST_SEED=${seed}`;
      const questions = [
        ['TYPE', key],
        ['PEXPIRETIME', key],
        ...(QUESTIONS[String(kit.ask('TYPE', key))] ?? []).map(([name, ...rest]) => [
          name,
          key,
          ...rest,
        ]),
        ['DEBUG', 'DIGEST-VALUE', key],
      ];
      if (kit.ask('TYPE', key) === 'stream') questions.push(['XINFO', 'GROUPS', key]);
      for (const words of questions) {
        const [first, ...rest] = words;
        assert.deepEqual(await call(...words), kit.ask(first, ...rest), `${first} ${told}`);
      }
    }
  }
  kit.run('SELECT', 0);
  await call('SELECT', '0');
}
