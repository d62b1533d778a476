import { test } from 'node:test';
import { expectReply, type Play, playCollections } from '../../testing/collection-play.ts';
import type { CommandKit } from '../../testing/command-kit.ts';
import { type Draw, seedOfRun } from '../../testing/seeded.ts';

const KEYS = ['l0', 'l1', `l2${'-'.repeat(300)}`];

interface Shape {
  /** How many different short elements there are. */
  readonly elementCount: number;
  readonly pushedMost: number;
  readonly longShare: number;
  readonly hugeShare: number;
}

class Run implements Play {
  readonly lists = new Map<string, string[]>();
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

  of(key: string): string[] {
    return this.lists.get(key) ?? [];
  }

  put(key: string, list: string[]): void {
    if (list.length === 0) this.lists.delete(key);
    else this.lists.set(key, list);
  }

  element(): string {
    const { elementCount, longShare, hugeShare } = this.shape;
    const pick = this.draw(elementCount);
    if (this.draw(1000) < hugeShare) return `${pick}`.padEnd(1024 * 1024 + 100, 'H');
    if (this.draw(1000) < longShare) return `${pick}`.padEnd(60 + (pick % 7) * 900, 'L');
    return pick % 2 === 0 ? `${pick * 12_345 - 60_000}` : `element:${pick}`;
  }

  elements(most: number): string[] {
    return Array.from({ length: 1 + this.draw(most) }, () => this.element());
  }

  /** Within the list mostly, from either end. */
  index(key: string): number {
    const { length } = this.of(key);
    return this.draw(length * 2 + 4) - length - 2;
  }

  check(command: readonly (string | number)[], wanted: unknown): void {
    expectReply(this.kit, command, wanted);
  }
}

const STEPS: readonly ((run: Run) => void)[] = [
  push,
  push,
  push,
  pop,
  pop,
  moveOne,
  popMany,
  insert,
  setOne,
  removeSome,
  trim,
  positions,
  ranges,
  transfer,
];

function push(run: Run): void {
  const key = run.key();
  const elements = run.elements(run.shape.pushedMost);
  const atHead = run.draw(2) === 0;
  const needsKey = run.draw(5) === 0;
  const list = run.of(key);
  const name = `${atHead ? 'L' : 'R'}PUSH${needsKey ? 'X' : ''}`;
  if (needsKey && list.length === 0) return run.check([name, key, ...elements], 0);
  const pushed = atHead ? [...elements].reverse().concat(list) : list.concat(elements);
  run.put(key, pushed);
  run.check([name, key, ...elements], pushed.length);
}

function pop(run: Run): void {
  const key = run.key();
  const list = run.of(key);
  const atHead = run.draw(2) === 0;
  const name = atHead ? 'LPOP' : 'RPOP';
  const hasCount = run.draw(3) === 0;
  const count = hasCount ? run.draw(run.draw(5) === 0 ? list.length + 3 : 4) : 1;
  const taken = atHead ? list.slice(0, count) : list.slice(list.length - count).reverse();
  const wasThere = list.length > 0;
  if (count >= list.length) run.put(key, []);
  else run.put(key, atHead ? list.slice(count) : list.slice(0, list.length - count));
  const all = count >= list.length && !atHead ? [...list].reverse() : taken;
  if (!hasCount) return run.check([name, key], all[0] ?? null);
  run.check([name, key, count], wasThere ? all : null);
}

function moveOne(run: Run): void {
  const from = run.key();
  const to = run.key();
  const list = [...run.of(from)];
  const fromHead = run.draw(2) === 0;
  const toHead = run.draw(2) === 0;
  const element = (fromHead ? list.shift() : list.pop()) ?? null;
  if (element !== null) {
    run.put(from, list);
    const target = [...run.of(to)];
    if (toHead) target.unshift(element);
    else target.push(element);
    run.put(to, target);
  }
  const ends = [fromHead ? 'LEFT' : 'RIGHT', toHead ? 'LEFT' : 'RIGHT'];
  if (!fromHead && toHead && run.draw(2) === 0) return run.check(['RPOPLPUSH', from, to], element);
  run.check(['LMOVE', from, to, ...ends], element);
}

function popMany(run: Run): void {
  const keys = [run.key(), run.key()];
  const atHead = run.draw(2) === 0;
  const count = 1 + run.draw(5);
  const key = keys.find((each) => run.of(each).length > 0);
  const command = ['LMPOP', 2, ...keys, atHead ? 'LEFT' : 'RIGHT', 'COUNT', count];
  if (key === undefined) return run.check(command, null);
  const list = run.of(key);
  const taken = atHead ? list.slice(0, count) : [...list].reverse().slice(0, count);
  const rest = Math.max(0, list.length - count);
  run.put(key, atHead ? list.slice(list.length - rest) : list.slice(0, rest));
  run.check(command, [key, taken]);
}

function insert(run: Run): void {
  const key = run.key();
  const list = [...run.of(key)];
  const pivot = run.draw(3) > 0 && list.length > 0 ? list[run.draw(list.length)] : run.element();
  const element = run.element();
  const isBefore = run.draw(2) === 0;
  const at = list.indexOf(pivot);
  if (at >= 0) list.splice(isBefore ? at : at + 1, 0, element);
  const wasThere = run.of(key).length > 0;
  run.put(key, list);
  const wanted = wasThere ? (at < 0 ? -1 : list.length) : 0;
  run.check(['LINSERT', key, isBefore ? 'BEFORE' : 'AFTER', pivot, element], wanted);
}

function setOne(run: Run): void {
  const key = run.key();
  const list = [...run.of(key)];
  const index = run.index(key);
  const element = run.element();
  const place = index < 0 ? list.length + index : index;
  const isInside = place >= 0 && place < list.length;
  if (isInside) list[place] = element;
  const refusal = list.length === 0 ? '-ERR no such key' : '-ERR index out of range';
  run.put(key, list);
  run.check(['LSET', key, index, element], isInside ? 'OK' : refusal);
}

function removeSome(run: Run): void {
  const key = run.key();
  const list = run.of(key);
  const element = list.length > 0 && run.draw(3) > 0 ? list[run.draw(list.length)] : run.element();
  const count = run.draw(7) - 3;
  const left = count < 0 ? [...list].reverse() : [...list];
  let most = count === 0 ? list.length : Math.abs(count);
  const kept = left.filter((each) => each !== element || most-- <= 0);
  if (count < 0) kept.reverse();
  run.put(key, kept);
  run.check(['LREM', key, count, element], list.length - kept.length);
}

function trim(run: Run): void {
  if (run.draw(3) !== 0) return;
  const key = run.key();
  const list = run.of(key);
  const start = run.draw(4) === 0 ? run.index(key) : run.draw(4);
  const end = run.draw(4) === 0 ? run.index(key) : -1 - run.draw(4);
  run.put(key, rangeOf(list, start, end));
  run.check(['LTRIM', key, start, end], 'OK');
}

function rangeOf(list: readonly string[], start: number, end: number): string[] {
  const from = start < 0 ? Math.max(0, list.length + start) : start;
  const to = end < 0 ? list.length + end : Math.min(end, list.length - 1);
  return from > to ? [] : list.slice(from, to + 1);
}

function positions(run: Run): void {
  const key = run.key();
  const list = run.of(key);
  const element = list.length > 0 ? list[run.draw(list.length)] : run.element();
  const at = list.indexOf(element);
  run.check(['LPOS', key, element], at < 0 ? null : at);
  const all = list.flatMap((each, index) => (each === element ? [index] : []));
  run.check(['LPOS', key, element, 'COUNT', 0], all);
  const fromEnd = [...all].reverse().slice(0, 2);
  run.check(['LPOS', key, element, 'RANK', -1, 'COUNT', 2], fromEnd);
  run.check(
    ['LPOS', key, element, 'COUNT', 0, 'MAXLEN', 20],
    all.filter((index) => index < 20),
  );
}

function ranges(run: Run): void {
  const key = run.key();
  const list = run.of(key);
  run.check(['LLEN', key], list.length);
  const index = run.index(key);
  run.check(['LINDEX', key, index], list.at(index) ?? null);
  const start = run.index(key);
  const end = run.index(key);
  run.check(['LRANGE', key, start, end], rangeOf(list, start, end));
  run.check(['LRANGE', key, 0, -1], list);
}

function transfer(run: Run): void {
  const from = run.key();
  const to = run.key();
  const list = run.of(from);
  if (list.length === 0 || from === to) return;
  const choice = run.draw(8);
  if (choice === 0) {
    run.lists.delete(from);
    run.check([run.draw(2) === 0 ? 'DEL' : 'UNLINK', from], 1);
  } else if (choice === 1) {
    run.lists.delete(from);
    run.check(['SET', from, 'text'], 'OK');
    run.check(['DEL', from], 1);
  } else if (choice === 2) {
    run.lists.delete(from);
    run.put(to, list);
    run.check(['RENAME', from, to], 'OK');
  } else if (choice === 3) {
    run.put(to, [...list]);
    run.check(['COPY', from, to, 'REPLACE'], 1);
  } else {
    run.check(['PEXPIRE', from, 1e9], 1);
    run.check(['MOVE', from, 1], 1);
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

test('short lists answer as arrays do, and their effects make the same lists', async () => {
  await play(2000, { elementCount: 12, pushedMost: 3, longShare: 5, hugeShare: 0 });
});

test('lists that change between listpack and chunks do, too', async () => {
  await play(2000, { elementCount: 60, pushedMost: 30, longShare: 50, hugeShare: 0 });
});

test('long lists do, too', async () => {
  await play(700, { elementCount: 3000, pushedMost: 900, longShare: 20, hugeShare: 0 });
});

test('lists with elements beyond a mebibyte do, too', async () => {
  await play(300, { elementCount: 20, pushedMost: 4, longShare: 300, hugeShare: 30 });
});
