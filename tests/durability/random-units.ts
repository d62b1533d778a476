/** Random changes of a few keys of every type. One unit is done whole or not at all. */
import type { Draw } from '../../src/testing/seeded.ts';
import type { Words } from './durable-node.ts';

/** Far beyond the end of any run. */
const FAR_MS = 4_000_000_000_000;
const KEY_COUNT = 3;

/** Asked after each unit: the digest of all values, and the deadlines, which are not in it. */
export const STATE_QUERY: readonly Words[] = [
  ['DEBUG', 'DIGEST'],
  ...['s:0', 's:1', 'h:0', 'l:0'].map((key) => ['PEXPIRETIME', key]),
  ['HPEXPIRETIME', 'h:0', 'FIELDS', '2', 'f0', 'f1'],
];

/** Commands that belong together: one, or a transaction. */
export function drawUnit(draw: Draw): Words[] {
  const which = draw(20);
  if (which > 2) return [drawChange(draw)];
  if (which === 2) return [drawScript(draw)];
  const changes = Array.from({ length: 1 + draw(5) }, () => drawChange(draw));
  return [['MULTI'], ...changes, [draw(10) === 0 ? 'DISCARD' : 'EXEC']];
}

export function drawChange(draw: Draw): Words {
  const rows = draw(12) === 0 ? RARE_CHANGES : CHANGES;
  return rows[draw(rows.length)](draw);
}

function drawScript(draw: Draw): Words {
  const value = text(draw);
  const script = "redis.call('SET', KEYS[1], ARGV[1]) redis.call('RPUSH', KEYS[2], ARGV[1])";
  const ending = ["return redis.call('INCR', 'i:0')", "return redis.error_reply('half way')"];
  return ['EVAL', `${script} ${ending[draw(2)]}`, '2', key(draw, 's'), key(draw, 'l'), value];
}

type Change = (draw: Draw) => Words;

const CHANGES: readonly Change[] = [
  (draw) => ['SET', key(draw, 's'), text(draw)],
  (draw) => ['SET', key(draw, 's'), text(draw), 'PXAT', FAR_MS + draw(1000)],
  (draw) => ['APPEND', key(draw, 's'), text(draw)],
  (draw) => ['SETRANGE', key(draw, 's'), draw(50), text(draw)],
  (draw) => ['GETDEL', key(draw, 's')],
  (draw) => ['INCRBY', key(draw, 'i'), draw(1000)],
  (draw) => ['INCRBYFLOAT', key(draw, 'i'), '0.5'],
  (draw) => ['HSET', key(draw, 'h'), field(draw), text(draw), field(draw), text(draw)],
  (draw) => ['HDEL', key(draw, 'h'), field(draw)],
  (draw) => ['HINCRBYFLOAT', key(draw, 'h'), 'n', '1.25'],
  (draw) => ['HPEXPIREAT', key(draw, 'h'), FAR_MS + draw(1000), 'FIELDS', '1', field(draw)],
  (draw) => [draw(2) === 0 ? 'LPUSH' : 'RPUSH', key(draw, 'l'), text(draw), text(draw)],
  (draw) => [draw(2) === 0 ? 'LPOP' : 'RPOP', key(draw, 'l'), 1 + draw(3)],
  (draw) => ['LMOVE', key(draw, 'l'), key(draw, 'l'), 'LEFT', 'RIGHT'],
  (draw) => ['LINSERT', key(draw, 'l'), 'BEFORE', 'x', text(draw)],
  (draw) => ['SADD', key(draw, 'm'), field(draw), text(draw)],
  (draw) => ['SPOP', key(draw, 'm')],
  (draw) => ['SREM', key(draw, 'm'), field(draw)],
  (draw) => ['ZADD', key(draw, 'z'), draw(100), field(draw), draw(9) / 7, text(draw)],
  (draw) => ['ZINCRBY', key(draw, 'z'), '0.1', field(draw)],
  (draw) => ['ZPOPMIN', key(draw, 'z')],
  (draw) => ['XADD', key(draw, 'x'), '*', field(draw), text(draw)],
  (draw) => ['XTRIM', key(draw, 'x'), 'MAXLEN', draw(6)],
  (draw) => ['PFADD', key(draw, 'p'), text(draw)],
  (draw) => ['SETBIT', key(draw, 'b'), draw(3000), draw(2)],
  (draw) => ['PEXPIREAT', anyKey(draw), FAR_MS + draw(1000)],
  (draw) => ['PERSIST', anyKey(draw)],
  (draw) => ['DEL', anyKey(draw)],
  (draw) => ['RENAME', anyKey(draw), anyKey(draw)],
  (draw) => ['COPY', anyKey(draw), anyKey(draw), 'REPLACE'],
];

const RARE_CHANGES: readonly Change[] = [
  () => ['FLUSHALL'],
  () => ['FLUSHDB', 'ASYNC'],
  (draw) => ['MOVE', anyKey(draw), 1 + draw(2)],
  (draw) => ['SWAPDB', draw(2), 1 + draw(2)],
  (draw) => ['SET', key(draw, 's'), 'y'.repeat(draw(6000))],
  (draw) => ['RPUSH', key(draw, 'l'), ...many(draw, () => text(draw))],
  (draw) => [
    'HSET',
    key(draw, 'h'),
    ...many(
      draw,
      (i) => `g${i}`,
      () => text(draw),
    ),
  ],
  (draw) => [
    'ZADD',
    key(draw, 'z'),
    ...many(
      draw,
      (i) => i * 1.5,
      (i) => `w${i}`,
    ),
  ],
  (draw) => ['XGROUP', 'CREATE', key(draw, 'x'), `g${draw(2)}`, '0', 'MKSTREAM'],
  (draw) => ['XREADGROUP', 'GROUP', `g${draw(2)}`, 'c', 'STREAMS', key(draw, 'x'), '>'],
  (draw) => ['SORT', key(draw, 'm'), 'ALPHA', 'STORE', key(draw, 'l')],
];

const TYPE_LETTERS = 'sihlmzxpb';

function anyKey(draw: Draw): string {
  return key(draw, TYPE_LETTERS[draw(TYPE_LETTERS.length)]);
}

function key(draw: Draw, letter: string): string {
  return `${letter}:${draw(KEY_COUNT)}`;
}

function field(draw: Draw): string {
  return `f${draw(8)}`;
}

/** With all that has a meaning in a log. */
function text(draw: Draw): string | Buffer {
  switch (draw(8)) {
    case 0:
      return '';
    case 1:
      return String(draw(100_000));
    case 2:
      return `#hc len=${draw(100)} crc=00000000\r\n*1\r\n$4\r\nEXEC\r\n`;
    case 3:
      return Buffer.from(Array.from({ length: draw(40) }, () => draw(256)));
    case 4:
      return 'abc'.repeat(draw(100));
    default:
      return `v${draw(1000)}`;
  }
}

function many(draw: Draw, ...columns: ((i: number) => string | number | Buffer)[]): Words {
  const count = 1 + draw(draw(4) === 0 ? 200 : 20);
  return Array.from({ length: count }, (_, i) => columns.map((column) => column(i))).flat();
}
