import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectReply, type Play, playCollections } from '../../testing/collection-play.ts';
import type { CommandKit } from '../../testing/command-kit.ts';
import { type FieldCondition, HashModel } from '../../testing/hash-model.ts';
import { type Draw, seedOfRun } from '../../testing/seeded.ts';

const KEYS = ['h0', 'h1', `h2${'-'.repeat(300)}`];
const CONDITIONS: readonly FieldCondition[] = ['', 'NX', 'XX', 'GT', 'LT'];

/** What a run is like: how many fields there are to draw from, and how long they and values are. */
interface Shape {
  readonly fieldCount: number;
  readonly longShare: number;
  readonly hugeShare: number;
}

class Run implements Play {
  readonly model = new HashModel();
  readonly kit: CommandKit;
  readonly draw: Draw;
  readonly shape: Shape;

  constructor(kit: CommandKit, draw: Draw, shape: Shape) {
    this.kit = kit;
    this.draw = draw;
    this.shape = shape;
  }

  onTime(nowMs: number): void {
    this.model.nowMs = nowMs;
  }

  key(): string {
    return KEYS[this.draw(KEYS.length)];
  }

  field(): string {
    const index = this.draw(this.shape.fieldCount);
    if (index % 97 === 5) return `${index}`.padEnd(400, 'f');
    if (index % 31 === 3) return `${index}`.padEnd(130, 'f');
    return index % 3 === 0 ? `${index}` : `field:${index}`;
  }

  fields(most: number): string[] {
    return Array.from({ length: 1 + this.draw(most) }, () => this.field());
  }

  value(): string {
    const { longShare, hugeShare } = this.shape;
    if (this.draw(1000) < hugeShare) return 'H'.repeat(1024 * 1024 + this.draw(5000));
    if (this.draw(1000) < longShare) return 'L'.repeat(60 + this.draw(6000));
    return this.draw(2) === 0 ? `${this.draw(1e6) - 5e5}` : `value ${this.draw(1000)}`;
  }

  pairs(most: number): [string, string][] {
    return this.fields(most).map((field) => [field, this.value()]);
  }

  /** Mostly ahead, so that fields come and go. */
  deadlineMs(): number {
    return this.model.nowMs + this.draw(20_000) - (this.draw(10) === 0 ? 20_000 : 0);
  }

  check(command: readonly (string | number)[], wanted: unknown): void {
    expectReply(this.kit, command, wanted);
  }
}

const STEPS: readonly ((run: Run) => void)[] = [
  setFields,
  setFields,
  setFields,
  setWithDeadline,
  removeFields,
  expireFields,
  expireFields,
  askDeadlines,
  persistFields,
  getAndDelete,
  getAndExpire,
  increment,
  readAll,
  readSome,
  transfer,
];

function setFields(run: Run): void {
  const key = run.key();
  const pairs = run.pairs(6);
  if (run.draw(4) === 0) {
    const [[field, value]] = pairs;
    const isNew = run.model.get(key, field) === null;
    if (isNew) run.model.set(key, [[field, value]], 0);
    return run.check(['HSETNX', key, field, value], isNew ? 1 : 0);
  }
  run.check(['HSET', key, ...pairs.flat()], run.model.set(key, pairs, 0));
}

function setWithDeadline(run: Run): void {
  const key = run.key();
  const pairs = run.pairs(4);
  const condition = ['', 'FNX', 'FXX'][run.draw(3)];
  const keeps = run.draw(3) === 0;
  const deadlineMs = run.deadlineMs();
  const time = keeps ? ['KEEPTTL'] : ['PXAT', deadlineMs];
  const words = condition === '' ? time : [condition, ...time];
  const command = ['HSETEX', key, ...words, 'FIELDS', pairs.length, ...pairs.flat()];
  const there = pairs.filter(([field]) => run.model.get(key, field) !== null).length;
  const isMet = condition === '' || there === (condition === 'FXX' ? pairs.length : 0);
  if (isMet) run.model.set(key, pairs, keeps ? 'keep' : deadlineMs);
  run.check(command, isMet ? 1 : 0);
}

function removeFields(run: Run): void {
  const key = run.key();
  const fields = run.fields(run.draw(10) === 0 ? 200 : 4);
  run.check(['HDEL', key, ...fields], run.model.remove(key, fields));
}

function expireFields(run: Run): void {
  const key = run.key();
  const fields = run.fields(6);
  const condition = CONDITIONS[run.draw(CONDITIONS.length)];
  const deadlineMs = run.deadlineMs();
  const words = condition === '' ? [] : [condition];
  const wanted = run.model.expire(key, fields, deadlineMs, condition);
  run.check(['HPEXPIREAT', key, deadlineMs, ...words, 'FIELDS', fields.length, ...fields], wanted);
}

function askDeadlines(run: Run): void {
  const key = run.key();
  const fields = run.fields(8);
  const deadlines = run.model.deadlines(key, fields);
  const rest = ['FIELDS', fields.length, ...fields];
  run.check(['HPEXPIRETIME', key, ...rest], deadlines);
  const { nowMs } = run.model;
  const left = deadlines.map((ms) => (ms < 0 ? ms : ms - nowMs));
  run.check(['HPTTL', key, ...rest], left);
  run.check(
    ['HTTL', key, ...rest],
    left.map((ms) => (ms < 0 ? ms : Math.ceil(ms / 1000))),
  );
}

function persistFields(run: Run): void {
  const key = run.key();
  const fields = run.fields(4);
  const wanted = run.model.persist(key, fields);
  run.check(['HPERSIST', key, 'FIELDS', fields.length, ...fields], wanted);
}

function getAndDelete(run: Run): void {
  const key = run.key();
  const fields = run.fields(3);
  const wanted = fields.map((field) => {
    const value = run.model.get(key, field);
    run.model.remove(key, [field]);
    return value;
  });
  run.check(['HGETDEL', key, 'FIELDS', fields.length, ...fields], wanted);
}

function getAndExpire(run: Run): void {
  const key = run.key();
  const fields = run.fields(3);
  const deadlineMs = run.deadlineMs();
  const choice = run.draw(3);
  const words = [[], ['PERSIST'], ['PXAT', deadlineMs]][choice];
  const wanted = fields.map((field) => {
    const value = run.model.get(key, field);
    if (choice === 1) run.model.persist(key, [field]);
    if (choice === 2) run.model.expire(key, [field], deadlineMs, '');
    return value;
  });
  run.check(['HGETEX', key, ...words, 'FIELDS', fields.length, ...fields], wanted);
}

function increment(run: Run): void {
  const key = run.key();
  const field = run.field();
  const old = run.model.get(key, field) ?? '0';
  const by = run.draw(2000) - 1000;
  if (!/^(0|-?[1-9][0-9]*)$/.test(old)) {
    return run.check(['HINCRBY', key, field, by], '-ERR hash value is not an integer');
  }
  const sum = Number(old) + by;
  run.model.set(key, [[field, `${sum}`]], 'keep');
  if (run.draw(2) === 0) run.check(['HINCRBY', key, field, by], sum);
  else run.check(['HINCRBYFLOAT', key, field, by], `${sum}`);
}

function readAll(run: Run): void {
  const key = run.key();
  const wanted = [...run.model.live(key)].map(([field, { value }]) => [field, value]);
  const sorted = wanted.map(([field, value]) => `${field} ${value}`).sort();
  assert.deepEqual(pairsOf(run.kit.ask('HGETALL', key) as string[]), sorted);
  run.check(['HLEN', key], wanted.length);
  const keys = wanted.map(([field]) => field).sort();
  assert.deepEqual((run.kit.ask('HKEYS', key) as string[]).sort(), keys);
  const seen: string[] = [];
  let cursor = '0';
  do {
    const reply = run.kit.ask('HSCAN', key, cursor, 'COUNT', 7) as [string, string[]];
    cursor = reply[0];
    seen.push(...pairsOf(reply[1]));
  } while (cursor !== '0');
  assert.deepEqual(seen.sort(), sorted, 'HSCAN shows each field once while nothing changes');
}

function readSome(run: Run): void {
  const key = run.key();
  const fields = run.fields(5);
  const values = fields.map((field) => run.model.get(key, field));
  run.check(['HMGET', key, ...fields], values);
  run.check(['HGET', key, fields[0]], values[0]);
  run.check(['HEXISTS', key, fields[0]], values[0] === null ? 0 : 1);
  run.check(['HSTRLEN', key, fields[0]], values[0]?.length ?? 0);
  const hash = run.model.live(key);
  const drawn = run.kit.ask('HRANDFIELD', key, 3) as string[];
  assert.equal(new Set(drawn).size, Math.min(3, hash.size));
  for (const field of drawn) assert.ok(hash.has(field), 'a drawn field is there');
}

function transfer(run: Run): void {
  const { model } = run;
  const from = run.key();
  const to = run.key();
  if (model.live(from).size === 0 || from === to) return;
  const choice = run.draw(6);
  if (choice === 0) {
    model.hashes.delete(from);
    run.check(['DEL', from], 1);
  } else if (choice === 1) {
    model.hashes.delete(from);
    run.check(['SET', from, 'text'], 'OK');
    run.check(['DEL', from], 1);
  } else if (choice === 2) {
    model.copy(from, to);
    model.hashes.delete(from);
    run.check(['RENAME', from, to], 'OK');
  } else if (choice === 3) {
    model.copy(from, to);
    run.check(['COPY', from, to, 'REPLACE'], 1);
  } else if (choice === 4) {
    run.check(['MOVE', from, 1], 1);
    run.check(['SWAPDB', 0, 1], 'OK');
    run.check(['SELECT', 1], 'OK');
    for (const key of model.hashes.keys()) if (key !== from) run.kit.ask('MOVE', key, 0);
    run.check(['SELECT', 0], 'OK');
  } else {
    run.check(['PEXPIRE', from, 1e7], 1);
    run.check(['PERSIST', from], 1);
  }
}

function pairsOf(flat: readonly string[]): string[] {
  const pairs: string[] = [];
  for (let i = 0; i < flat.length; i += 2) pairs.push(`${flat[i]} ${flat[i + 1]}`);
  return pairs.sort();
}

function play(stepCount: number, shape: Shape): Promise<void> {
  return playCollections({
    seed: seedOfRun(),
    stepCount,
    steps: STEPS,
    keys: KEYS,
    start: (kit, draw) => new Run(kit, draw, shape),
  });
}

test('small hashes answer as Maps do, and their effects make the same hashes', async () => {
  await play(2000, { fieldCount: 12, longShare: 20, hugeShare: 0 });
});

test('hashes that grow and shrink between listpack and tree do, too', async () => {
  await play(2500, { fieldCount: 60, longShare: 60, hugeShare: 0 });
});

test('large hashes do, too', async () => {
  await play(3000, { fieldCount: 3000, longShare: 30, hugeShare: 0 });
});

test('hashes with values beyond a mebibyte do, too', async () => {
  await play(300, { fieldCount: 20, longShare: 300, hugeShare: 30 });
});
