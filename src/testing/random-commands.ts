/** Random commands of all types on a few keys, for tests of what must hold whatever is run. */
import type { Draw } from './seeded.ts';

type Argument = string | number;
type Command = Argument[];
type Family = (draw: Draw, keys: CommandKeys) => Command;

/** Keys of one database, some for each type, so that most commands meet the type they want. */
export class CommandKeys {
  private readonly draw: Draw;
  private readonly count: number;

  constructor(draw: Draw, count: number) {
    this.draw = draw;
    this.count = count;
  }

  of(type: string): string {
    return `${this.draw(60) === 0 ? this.anyType() : type}:${this.draw(this.count)}`;
  }

  any(): string {
    return this.of(this.anyType());
  }

  private anyType(): string {
    return TYPES[this.draw(TYPES.length)];
  }
}

const TYPES = ['string', 'list', 'set', 'zset', 'hash', 'stream'];

/** A command that makes a collection large, or a string long. */
export function drawFilling(draw: Draw, keys: CommandKeys): Command {
  const count = 20 + draw(draw(4) === 0 ? 1500 : 200);
  const long = draw(3) === 0;
  const many = (one: (i: number) => Argument[]) =>
    Array.from({ length: count }, (_, i) => one(i)).flat();
  switch (draw(6)) {
    case 0:
      return ['HSET', keys.of('hash'), ...many((i) => [fieldOf(draw, i, long), text(draw, long)])];
    case 1:
      return ['SADD', keys.of('set'), ...many((i) => [fieldOf(draw, i, long)])];
    case 2:
      return ['ZADD', keys.of('zset'), ...many((i) => [draw(500), fieldOf(draw, i, long)])];
    case 3:
      return [draw(2) ? 'RPUSH' : 'LPUSH', keys.of('list'), ...many(() => [text(draw, long)])];
    case 4:
      return ['SET', keys.of('string'), 'y'.repeat(draw(draw(8) === 0 ? 2_000_000 : 150_000))];
    default:
      return ['XADD', keys.of('stream'), '*', ...many((i) => [`f${i}`, text(draw, long)])];
  }
}

/** Any command that changes something. */
export function drawCommand(draw: Draw, keys: CommandKeys): Command {
  return FAMILIES[draw(FAMILIES.length)](draw, keys);
}

const FAMILIES: readonly Family[] = [
  drawString,
  drawList,
  drawSet,
  drawHash,
  drawHash,
  drawZset,
  drawStream,
  drawKeys,
];

function drawString(draw: Draw, keys: CommandKeys): Command {
  const key = keys.of('string');
  return pick<Command>(draw, [
    ['SET', key, text(draw, draw(5) === 0)],
    ['SET', key, draw(100_000)],
    ['SET', key, text(draw, false), 'PX', 1 + draw(5000)],
    ['SET', key, text(draw, false), 'KEEPTTL'],
    ['APPEND', key, text(draw, draw(5) === 0)],
    ['SETRANGE', key, draw(300), text(draw, false)],
    ['INCRBY', key, draw(100)],
    ['INCRBYFLOAT', key, '1.5'],
    ['SETBIT', key, draw(4000), draw(2)],
    ['BITFIELD', key, 'SET', 'u8', draw(2000), draw(255)],
    ['GETDEL', key],
    ['GETEX', key, 'PX', 1 + draw(9000)],
    ['PFADD', key, ...Array.from({ length: 1 + draw(40) }, () => draw(9999))],
    ['MSET', key, text(draw, false), keys.of('string'), draw(9)],
    ['SETNX', key, text(draw, false)],
  ]);
}

function drawList(draw: Draw, keys: CommandKeys): Command {
  const key = keys.of('list');
  return pick<Command>(draw, [
    ['RPUSH', key, text(draw, false), text(draw, draw(4) === 0)],
    ['LPUSH', key, text(draw, false)],
    ['LPOP', key, 1 + draw(30)],
    ['RPOP', key, 1 + draw(30)],
    ['LSET', key, draw(60) - 30, text(draw, draw(9) === 0)],
    ['LINSERT', key, draw(2) ? 'BEFORE' : 'AFTER', `v${draw(40)}`, text(draw, false)],
    ['LREM', key, draw(3) - 1, `v${draw(40)}`],
    ['LTRIM', key, draw(40), draw(200) - 50],
    ['LMOVE', key, keys.of('list'), side(draw), side(draw)],
    ['SORT', key, 'ALPHA', 'STORE', keys.of('list')],
  ]);
}

function drawSet(draw: Draw, keys: CommandKeys): Command {
  const key = keys.of('set');
  return pick<Command>(draw, [
    ['SADD', key, fieldOf(draw, draw(3000), false), fieldOf(draw, draw(3000), true)],
    ['SADD', key, draw(1000), draw(10)],
    ['SREM', key, fieldOf(draw, draw(3000), false), draw(1000)],
    ['SPOP', key, 1 + draw(20)],
    ['SMOVE', key, keys.of('set'), fieldOf(draw, draw(300), false)],
    ['SUNIONSTORE', key, keys.of('set'), keys.of('set')],
    ['SDIFFSTORE', key, keys.of('set'), keys.of('set')],
    ['SINTERSTORE', key, keys.of('set'), keys.of('set')],
  ]);
}

function drawHash(draw: Draw, keys: CommandKeys): Command {
  const key = keys.of('hash');
  const field = fieldOf(draw, draw(1500), draw(3) === 0);
  return pick<Command>(draw, [
    ['HSET', key, field, text(draw, draw(5) === 0)],
    ['HSET', key, field, draw(9), fieldOf(draw, draw(50), false), text(draw, false)],
    ['HDEL', key, field, fieldOf(draw, draw(300), false)],
    ['HINCRBY', key, `n${draw(20)}`, draw(5)],
    ['HPEXPIRE', key, 1 + draw(6000), 'FIELDS', 2, field, fieldOf(draw, draw(40), false)],
    ['HPERSIST', key, 'FIELDS', 1, field],
    ['HSETEX', key, 'PX', 1 + draw(6000), 'FIELDS', 1, field, text(draw, false)],
    ['HGETDEL', key, 'FIELDS', 1, field],
  ]);
}

function drawZset(draw: Draw, keys: CommandKeys): Command {
  const key = keys.of('zset');
  const member = fieldOf(draw, draw(1500), draw(3) === 0);
  return pick<Command>(draw, [
    ['ZADD', key, draw(500), member, `${draw(500)}.25`, fieldOf(draw, draw(50), false)],
    ['ZINCRBY', key, draw(9), member],
    ['ZREM', key, member, fieldOf(draw, draw(300), false)],
    ['ZPOPMIN', key, 1 + draw(20)],
    ['ZPOPMAX', key, 1 + draw(20)],
    ['ZREMRANGEBYRANK', key, draw(40), draw(60)],
    ['ZREMRANGEBYSCORE', key, draw(400), draw(450)],
    ['ZUNIONSTORE', key, 2, keys.of('zset'), keys.of('set')],
    ['ZRANGESTORE', key, keys.of('zset'), 0, draw(400)],
  ]);
}

function drawStream(draw: Draw, keys: CommandKeys): Command {
  const key = keys.of('stream');
  const group = `g${draw(3)}`;
  const consumer = `c${draw(4)}`;
  return pick<Command>(draw, [
    ['XADD', key, '*', 'a', text(draw, false), 'b', draw(99)],
    ['XADD', key, '*', `f${draw(9)}`, text(draw, draw(4) === 0)],
    ['XADD', key, 'MAXLEN', '~', 50 + draw(200), '*', 'a', draw(9)],
    ['XTRIM', key, 'MAXLEN', draw(300)],
    ['XDEL', key, `${1 + draw(9)}-0`],
    ['XGROUP', 'CREATE', key, group, '0', 'MKSTREAM'],
    ['XGROUP', 'DESTROY', key, group],
    ['XGROUP', 'SETID', key, group, '0'],
    ['XGROUP', 'CREATECONSUMER', key, group, consumer],
    ['XGROUP', 'DELCONSUMER', key, group, consumer],
    ['XREADGROUP', 'GROUP', group, consumer, 'COUNT', 1 + draw(60), 'STREAMS', key, '>'],
    ['XREADGROUP', 'GROUP', group, consumer, 'COUNT', 1 + draw(60), 'STREAMS', key, '>'],
    ['XAUTOCLAIM', key, group, consumer, draw(100), '0', 'COUNT', 1 + draw(40)],
    ['XSETID', key, '99999999999999-0'],
  ]);
}

function drawKeys(draw: Draw, keys: CommandKeys): Command {
  const key = keys.any();
  return pick<Command>(draw, [
    ['DEL', key],
    ['UNLINK', key],
    ['PEXPIRE', key, 1 + draw(9000)],
    ['PERSIST', key],
    ['RENAME', key, keys.any()],
    ['COPY', key, keys.any(), 'REPLACE'],
    ['COPY', key, keys.any(), 'DB', draw(3), 'REPLACE'],
    ['MOVE', key, draw(3)],
    ['SELECT', draw(3)],
    ['SELECT', draw(3)],
    ['SWAPDB', draw(3), draw(3)],
    ['PEXPIREAT', key, '9007199254740995'],
  ]);
}

function fieldOf(draw: Draw, i: number, isLong: boolean): string {
  if (!isLong) return `v${i}`;
  return `w${i}:`.padEnd(100 + (i % 7) * 40 + (i % 31 === 0 ? draw(2) : 0), 'x');
}

function text(draw: Draw, isLong: boolean): string {
  const kind = draw(8);
  if (kind === 0) return `${draw(100_000)}`;
  if (kind === 1) return '';
  if (isLong && kind === 2 && draw(10) === 0) return 'z'.repeat(draw(20_000));
  return `v${draw(40)}`.padEnd(isLong ? draw(700) : draw(20), 'p');
}

function side(draw: Draw): string {
  return draw(2) === 0 ? 'LEFT' : 'RIGHT';
}

function pick<T>(draw: Draw, choices: readonly T[]): T {
  return choices[draw(choices.length)];
}
