import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectReply, type Play, playCollections } from '../../testing/collection-play.ts';
import type { CommandKit } from '../../testing/command-kit.ts';
import { type Draw, seedOfRun } from '../../testing/seeded.ts';

const KEYS = ['s0', 's1', 's2', `s3${'-'.repeat(300)}`];

/** Which members are drawn: of how many integers and other words, and the shares of long ones. */
interface Shape {
  readonly integerCount: number;
  readonly integerStride: number;
  readonly wordCount: number;
  readonly longShare: number;
  readonly hugeShare: number;
}

class Run implements Play {
  readonly sets = new Map<string, Set<string>>();
  readonly kit: CommandKit;
  readonly draw: Draw;
  readonly shape: Shape;

  constructor(kit: CommandKit, draw: Draw, shape: Shape) {
    this.kit = kit;
    this.draw = draw;
    this.shape = shape;
  }

  key(): string {
    return KEYS[this.draw(KEYS.length)];
  }

  of(key: string): Set<string> {
    return this.sets.get(key) ?? new Set();
  }

  put(key: string, members: Set<string>): void {
    if (members.size === 0) this.sets.delete(key);
    else this.sets.set(key, members);
  }

  member(): string {
    const { integerCount, integerStride, wordCount, longShare, hugeShare } = this.shape;
    const pick = this.draw(integerCount + wordCount);
    if (pick < integerCount) {
      // Far apart, so that an intset needs its widest form, and a few beyond 2^53.
      if (integerStride > 1 && pick % 50 === 7) return `${2n ** 62n + BigInt(pick)}`;
      return `${(pick - (integerCount >> 1)) * integerStride}`;
    }
    if (this.draw(1000) < hugeShare) return `${pick}`.padEnd(1024 * 1024 + 100, 'H');
    if (this.draw(1000) < longShare) return `${pick}`.padEnd(60 + (pick % 7) * 900, 'L');
    return `member:${pick}`;
  }

  members(most: number): string[] {
    return Array.from({ length: 1 + this.draw(most) }, () => this.member());
  }

  check(command: readonly (string | number)[], wanted: unknown): void {
    expectReply(this.kit, command, wanted);
  }

  checkSorted(command: readonly (string | number)[], wanted: Iterable<string>): void {
    const reply = this.kit.ask(...command) as string[];
    assert.deepEqual([...reply].sort(), [...wanted].sort(), command.join(' ').slice(0, 200));
  }
}

const STEPS: readonly ((run: Run) => void)[] = [
  add,
  add,
  add,
  remove,
  askMembers,
  moveMember,
  pop,
  random,
  readAll,
  combine,
  store,
  transfer,
];

function add(run: Run): void {
  const key = run.key();
  const members = run.members(run.draw(20) === 0 ? 150 : 6);
  const set = new Set(run.of(key));
  const before = set.size;
  for (const member of members) set.add(member);
  run.put(key, set);
  run.check(['SADD', key, ...members], set.size - before);
}

function remove(run: Run): void {
  const key = run.key();
  const members = run.members(run.draw(10) === 0 ? 300 : 4);
  const set = run.of(key);
  const before = set.size;
  for (const member of members) set.delete(member);
  run.put(key, set);
  run.check(['SREM', key, ...members], before - set.size);
}

function askMembers(run: Run): void {
  const key = run.key();
  const members = run.members(5);
  const has = members.map((member) => (run.of(key).has(member) ? 1 : 0));
  run.check(['SMISMEMBER', key, ...members], has);
  run.check(['SISMEMBER', key, members[0]], has[0]);
  run.check(['SCARD', key], run.of(key).size);
}

function moveMember(run: Run): void {
  const from = run.key();
  const to = run.key();
  const members = [...run.of(from)];
  const member = members.length > 0 && run.draw(3) > 0 ? members[0] : run.member();
  const isThere = run.of(from).has(member);
  if (isThere) {
    const left = run.of(from);
    left.delete(member);
    run.put(from, left);
    run.put(to, new Set([...run.of(to), member]));
  }
  run.check(['SMOVE', from, to, member], isThere ? 1 : 0);
}

function pop(run: Run): void {
  const key = run.key();
  const set = run.of(key);
  const count = run.draw(6) === 0 ? run.draw(set.size + 10) : run.draw(4);
  const popped = run.kit.ask('SPOP', key, count) as string[];
  assert.equal(popped.length, Math.min(count, set.size));
  for (const member of popped) assert.ok(set.delete(member), 'what is popped was there');
  run.put(key, set);
}

function random(run: Run): void {
  const key = run.key();
  const set = run.of(key);
  const count = run.draw(8);
  const distinct = run.kit.ask('SRANDMEMBER', key, count) as string[];
  assert.equal(new Set(distinct).size, Math.min(count, set.size));
  assert.equal(distinct.length, Math.min(count, set.size));
  const any = run.kit.ask('SRANDMEMBER', key, -5) as string[];
  assert.equal(any.length, set.size === 0 ? 0 : 5);
  for (const member of [...distinct, ...any]) assert.ok(set.has(member));
}

function readAll(run: Run): void {
  const key = run.key();
  run.checkSorted(['SMEMBERS', key], run.of(key));
  const seen: string[] = [];
  let cursor = '0';
  do {
    const reply = run.kit.ask('SSCAN', key, cursor, 'COUNT', 5) as [string, string[]];
    cursor = reply[0];
    seen.push(...reply[1]);
  } while (cursor !== '0');
  assert.deepEqual(seen.sort(), [...run.of(key)].sort());
}

const ALGEBRA: Record<string, (sets: readonly Set<string>[]) => Set<string>> = {
  SINTER: ([first, ...rest]) => new Set([...first].filter((m) => rest.every((s) => s.has(m)))),
  SUNION: (sets) => new Set(sets.flatMap((set) => [...set])),
  SDIFF: ([first, ...rest]) => new Set([...first].filter((m) => !rest.some((s) => s.has(m)))),
};

function combined(run: Run): { name: string; keys: string[]; wanted: Set<string> } {
  const name = Object.keys(ALGEBRA)[run.draw(3)];
  const keys = Array.from({ length: 1 + run.draw(3) }, () => run.key());
  return { name, keys, wanted: ALGEBRA[name](keys.map((key) => run.of(key))) };
}

function combine(run: Run): void {
  const { name, keys, wanted } = combined(run);
  run.checkSorted([name, ...keys], wanted);
  if (name !== 'SINTER') return;
  run.check(['SINTERCARD', keys.length, ...keys], wanted.size);
  run.check(['SINTERCARD', keys.length, ...keys, 'LIMIT', 2], Math.min(2, wanted.size));
}

function store(run: Run): void {
  const { name, keys, wanted } = combined(run);
  const to = run.key();
  run.put(to, wanted);
  run.check([`${name}STORE`, to, ...keys], wanted.size);
}

function transfer(run: Run): void {
  const from = run.key();
  const to = run.key();
  const set = run.of(from);
  if (set.size === 0 || from === to) return;
  const choice = run.draw(5);
  if (choice === 0) {
    run.sets.delete(from);
    run.check([run.draw(2) === 0 ? 'DEL' : 'UNLINK', from], 1);
  } else if (choice === 1) {
    run.sets.delete(from);
    run.check(['SET', from, 'text'], 'OK');
    run.check(['DEL', from], 1);
  } else if (choice === 2) {
    run.sets.delete(from);
    run.put(to, set);
    run.check(['RENAME', from, to], 'OK');
  } else if (choice === 3) {
    run.put(to, new Set(set));
    run.check(['COPY', from, to, 'REPLACE'], 1);
  } else {
    run.check(['PEXPIRE', from, 1e9], 1);
    run.check(['MOVE', from, 1], 1);
    run.check(['COPY', from, from, 'DB', 1], 0);
    run.check(['SELECT', 1], 'OK');
    run.check(['PERSIST', from], 1);
    run.check(['MOVE', from, 0], 1);
    run.check(['SELECT', 0], 'OK');
  }
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

const PLAIN = { integerStride: 1, longShare: 20, hugeShare: 0 };

test('sets of integers answer as Sets do, and their effects make the same sets', async () => {
  await play(1500, { ...PLAIN, integerCount: 40, wordCount: 0 });
  await play(1500, { ...PLAIN, integerCount: 900, integerStride: 5_000_011, wordCount: 0 });
});

test('sets that change between intset, listpack and tree do, too', async () => {
  await play(2000, { ...PLAIN, integerCount: 30, integerStride: 40_000, wordCount: 30 });
});

test('large sets do, too', async () => {
  await play(2000, { ...PLAIN, integerCount: 500, integerStride: 7, wordCount: 4000 });
});

test('sets with members beyond a mebibyte do, too', async () => {
  await play(300, { ...PLAIN, integerCount: 5, wordCount: 20, longShare: 300, hugeShare: 60 });
});
