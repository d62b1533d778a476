/**
 * What a connection does under load: writes of every type, drawn at random. Each step is whole or
 * not at all: one command, one transaction or one script.
 *
 * The reference that replays the steps is a real redis-server, later and slower: so a step may
 * depend on the state of its own keys only, and never on the time. Keys that soon expire (`brief:`)
 * are therefore only ever set and deleted.
 */
import type { Draw } from '../../src/testing/seeded.ts';
import type { Argument } from '../support/wire-client.ts';

export type Command = readonly Argument[];

export interface Step {
  /** Which of its lane's databases it acts on. */
  readonly databaseIndex: number;
  readonly commands: readonly Command[];
  /** What the reference is sent in their place, where it does not know them. */
  readonly mirrored?: readonly Command[];
  /** A deadline counted from now: the server's next reply, of PEXPIRETIME, tells which. */
  readonly relative?: { readonly key: string; readonly ttlMs: number };
  /** The replies depend on the time, and are not compared. */
  readonly isTimed?: boolean;
  /** What it does to the store that its lane lives in. */
  readonly store?: 'create' | 'drop';
}

export interface StepOptions {
  readonly draw: Draw;
  /** The lane's databases: one, or two that it moves keys between. */
  readonly databaseCount: number;
  /** The number by which the server knows a database of the lane. */
  readonly nowMs: number;
  /** The server knows deadlines of fields, which the reference does not. */
  readonly hasFieldDeadlines?: boolean;
  /** Names the lane's library of functions; '' when it shall make none. */
  readonly library: string;
}

const KEYS_PER_KIND = 12;
/** Longer than any run. */
const FAR_MS = 3_600_000;

export function drawStep(options: StepOptions): Step {
  const { draw, databaseCount } = options;
  const databaseIndex = draw(databaseCount);
  const of = (...commands: Command[]): Step => ({ databaseIndex, commands });
  const kind = draw(100);
  if (kind < 62) return of(drawCommand(options));
  if (kind < 72) return of(['MULTI'], ...drawSome(options, 2 + draw(5)), ['EXEC']);
  if (kind < 78) return of(drawScript(options));
  if (kind < 86) return { ...of(drawBrief(options)), isTimed: true };
  if (kind < 88 && options.hasFieldDeadlines === true) return drawFieldStep(options, databaseIndex);
  if (kind < 91) {
    const key = drawAnyKey(draw);
    const ttlMs = FAR_MS + draw(FAR_MS);
    const commands: Command[] = [
      ['PEXPIRE', key, `${ttlMs}`],
      ['PEXPIRETIME', key],
    ];
    return { databaseIndex, commands, relative: { key, ttlMs }, isTimed: true };
  }
  if (kind < 98) return of(drawGeneric(options));
  if (kind < 99 && options.library !== '') return of(drawLibrary(options));
  return draw(6) === 0 ? of(['FLUSHDB']) : of(drawCommand(options));
}

function drawSome(options: StepOptions, count: number): Command[] {
  return Array.from({ length: count }, () => drawCommand(options));
}

function drawCommand({ draw, nowMs }: StepOptions): Command {
  switch (draw(8)) {
    case 0:
    case 1:
      return drawString(draw, nowMs);
    case 2:
      return drawNumber(draw);
    case 3:
      return drawHash(draw);
    case 4:
      return drawList(draw);
    case 5:
      return drawSet(draw);
    case 6:
      return drawSortedSet(draw);
    default:
      return drawStream(draw, nowMs);
  }
}

function drawString(draw: Draw, nowMs: number): Command {
  const key = keyOf(draw, 'string');
  const farMs = `${nowMs + FAR_MS + draw(FAR_MS)}`;
  switch (draw(11)) {
    case 0:
      return ['SET', key, drawValue(draw), 'PXAT', farMs];
    case 1:
      return ['SET', key, drawValue(draw), 'KEEPTTL'];
    case 2:
      return ['SET', key, drawValue(draw), draw(2) === 0 ? 'NX' : 'XX'];
    case 3:
      return ['APPEND', key, drawValue(draw)];
    case 4:
      return ['SETRANGE', key, `${draw(200)}`, drawValue(draw)];
    case 5:
      return ['SETBIT', key, `${draw(2_000)}`, `${draw(2)}`];
    case 6:
      return ['GETEX', key, 'PXAT', farMs];
    case 7:
      return ['MSET', key, drawValue(draw), keyOf(draw, 'string'), drawValue(draw)];
    case 8:
      return ['GETDEL', key];
    default:
      return ['SET', key, drawValue(draw)];
  }
}

function drawNumber(draw: Draw): Command {
  const key = keyOf(draw, 'number');
  switch (draw(5)) {
    case 0:
      return ['INCRBYFLOAT', keyOf(draw, 'float'), `${draw(1000) / 8}`];
    case 1:
      return ['BITFIELD', keyOf(draw, 'bits'), 'INCRBY', 'u13', `#${draw(40)}`, `${draw(99)}`];
    case 2:
      return ['PFADD', keyOf(draw, 'log'), `${draw(9_999)}`, `${draw(9_999)}`];
    case 3:
      return ['DECR', key];
    default:
      return ['INCRBY', key, `${draw(100_000)}`];
  }
}

function drawHash(draw: Draw): Command {
  const key = keyOf(draw, 'hash');
  switch (draw(6)) {
    case 0:
      return ['HDEL', key, drawMember(draw), drawMember(draw)];
    case 1:
      return ['HINCRBY', key, `count${draw(50)}`, `${draw(1000)}`];
    case 2:
      return ['HSETNX', key, drawMember(draw), drawValue(draw)];
    case 3: {
      const many = Array.from({ length: 60 }, () => [drawMember(draw), drawShort(draw)]);
      return ['HSET', key, ...many.flat()];
    }
    default:
      return ['HSET', key, drawMember(draw), drawValue(draw)];
  }
}

function drawList(draw: Draw): Command {
  const key = keyOf(draw, 'list');
  switch (draw(9)) {
    case 0:
      return ['LPOP', key, `${1 + draw(3)}`];
    case 1:
      return ['RPOP', key];
    case 2:
      return ['LSET', key, '0', drawValue(draw)];
    case 3:
      return ['LTRIM', key, `-${200 + draw(400)}`, '-1'];
    case 4:
      return ['LMOVE', key, keyOf(draw, 'list'), 'LEFT', 'RIGHT'];
    case 5:
      return ['LINSERT', key, draw(2) === 0 ? 'BEFORE' : 'AFTER', drawMember(draw), 'between'];
    case 6:
      return ['LREM', key, '0', drawMember(draw)];
    case 7:
      return ['LPUSH', key, drawValue(draw)];
    default:
      return ['RPUSH', key, ...Array.from({ length: 1 + draw(40) }, () => drawMember(draw))];
  }
}

function drawSet(draw: Draw): Command {
  const key = keyOf(draw, 'set');
  const kind = draw(7);
  if (kind === 0) return ['SREM', key, drawMember(draw), `${draw(900)}`];
  if (kind === 1) return ['SMOVE', key, keyOf(draw, 'set'), drawMember(draw)];
  if (kind === 2) return ['SUNIONSTORE', key, keyOf(draw, 'set'), keyOf(draw, 'set')];
  const count = 1 + draw(60);
  const integers = keyOf(draw, 'integers');
  if (kind === 3) return ['SADD', integers, ...numbers(draw, count)];
  return ['SADD', key, ...Array.from({ length: count }, () => drawMember(draw))];
}

function numbers(draw: Draw, count: number): string[] {
  return Array.from({ length: count }, () => `${draw(2 ** 31) * 2 ** draw(20) - 2 ** 30}`);
}

function drawSortedSet(draw: Draw): Command {
  const key = keyOf(draw, 'zset');
  switch (draw(8)) {
    case 0:
      return ['ZREM', key, drawMember(draw)];
    case 1:
      return ['ZINCRBY', key, `${draw(1000) / 16}`, drawMember(draw)];
    case 2:
      return ['ZREMRANGEBYRANK', key, '0', `${draw(5)}`];
    case 3:
      return ['ZUNIONSTORE', key, '2', keyOf(draw, 'zset'), keyOf(draw, 'zset')];
    case 4:
      return ['ZPOPMIN', key, '2'];
    case 5:
      return ['GEOADD', keyOf(draw, 'geo'), `${draw(360) - 180}`, `${draw(170) - 85}`, 'place'];
    default: {
      const many = Array.from({ length: 1 + draw(40) }, () => [drawScore(draw), drawMember(draw)]);
      return ['ZADD', key, ...many.flat()];
    }
  }
}

function drawScore(draw: Draw): string {
  const special = ['inf', '-inf', '0.1', '-3.0000000000000001', '1e300', '17'];
  return draw(4) === 0 ? special[draw(special.length)] : `${(draw(2 ** 31) - 2 ** 30) / 1024}`;
}

function drawStream(draw: Draw, nowMs: number): Command {
  const key = keyOf(draw, 'stream');
  const id = `${draw(40)}-${draw(400)}`;
  const group = `group${draw(2)}`;
  switch (draw(10)) {
    case 0:
      return ['XDEL', key, id];
    case 1:
      return ['XTRIM', key, 'MAXLEN', `${100 + draw(300)}`];
    case 2:
      return ['XGROUP', 'CREATE', key, group, id, 'MKSTREAM'];
    case 3:
      return ['XGROUP', 'CREATECONSUMER', key, group, 'idle'];
    case 4:
      // With the time of delivery told: it is data, and the reference is late.
      return ['XCLAIM', key, group, 'reader', '0', id, 'TIME', `${nowMs}`, 'FORCE', 'JUSTID'];
    case 5:
      return ['XACK', key, group, id];
    case 6:
      return ['XGROUP', 'SETID', key, group, id];
    default: {
      const fields = Array.from({ length: 1 + draw(4) }, (_, i) => [`f${i}`, drawValue(draw)]);
      return ['XADD', key, `${draw(40)}-*`, ...fields.flat()];
    }
  }
}

function drawGeneric({ draw, nowMs }: StepOptions): Command {
  const kind = KINDS[draw(KINDS.length)];
  const [one, other] = [keyOf(draw, kind), keyOf(draw, kind)];
  switch (draw(7)) {
    case 0:
      return ['DEL', one, other];
    case 1:
      return ['UNLINK', one];
    case 2:
      return ['RENAMENX', one, other];
    case 3:
      return ['COPY', one, other, 'REPLACE'];
    case 4:
      return ['PEXPIREAT', one, `${nowMs + FAR_MS + draw(FAR_MS)}`];
    case 5:
      return ['PERSIST', one];
    default:
      return ['SET', keyOf(draw, 'string'), drawLarge(draw)];
  }
}

function drawBrief({ draw, nowMs }: StepOptions): Command {
  const key = keyOf(draw, 'brief');
  if (draw(5) === 0) return ['DEL', key];
  return ['SET', key, drawShort(draw), 'PXAT', `${nowMs + draw(3_000)}`];
}

/** Where the reference keeps the deadlines of a hash's fields. */
export const SHADOW_PREFIX = 'shadow:';
export const FIELDS_PREFIX = 'fields:';

const MIRRORED_EXPIRE = `if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2]) end`;

/** A field that is written anew has no deadline; one that is not there gets none. */
function drawFieldStep({ draw, nowMs }: StepOptions, databaseIndex: number): Step {
  const key = keyOf(draw, 'fields');
  const shadow = SHADOW_PREFIX + key;
  const field = `field${draw(40)}`;
  const step = (commands: Command[], mirrored: Command[]): Step => {
    return { databaseIndex, commands, mirrored, isTimed: true };
  };
  switch (draw(8)) {
    case 0:
      return step([['DEL', key]], [['DEL', key, shadow]]);
    case 1: {
      const words = [key, field];
      return step(
        [['HDEL', ...words]],
        [
          ['HDEL', ...words],
          ['HDEL', shadow, field],
        ],
      );
    }
    case 2:
      return step([['HPERSIST', key, 'FIELDS', '1', field]], [['HDEL', shadow, field]]);
    case 3:
    case 4: {
      const set: Command = ['HSET', key, field, drawShort(draw)];
      return step([set], [set, ['HDEL', shadow, field]]);
    }
    default: {
      const atMs = `${nowMs + FAR_MS + draw(FAR_MS)}`;
      const mirrored: Command = ['EVAL', MIRRORED_EXPIRE, '2', key, shadow, field, atMs];
      return step([['HPEXPIREAT', key, atMs, 'FIELDS', '1', field]], [mirrored]);
    }
  }
}

const SCRIPT = `redis.call('SET', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[1])
redis.call('RPUSH', KEYS[3], ARGV[2], ARGV[1])
return redis.call('INCR', KEYS[4])`;

function drawScript({ draw }: StepOptions): Command {
  const keys = ['string', 'hash', 'list', 'number'].map((kind) => keyOf(draw, kind));
  return ['EVAL', SCRIPT, '4', ...keys, drawShort(draw), drawMember(draw)];
}

function drawLibrary({ draw, library }: StepOptions): Command {
  const head = `#!lua name=${library}\n`;
  const body = `redis.register_function('${library}', function() return ${draw(1e6)} end)`;
  return ['FUNCTION', 'LOAD', 'REPLACE', head + body];
}

const KINDS = ['string', 'number', 'hash', 'list', 'set', 'integers', 'zset', 'stream'];

function drawAnyKey(draw: Draw): string {
  return keyOf(draw, KINDS[draw(KINDS.length)]);
}

function keyOf(draw: Draw, kind: string): string {
  return `${kind}:${draw(KEYS_PER_KIND)}`;
}

function drawMember(draw: Draw): string {
  return `member-${draw(900)}`;
}

/** What once broke logs: separators, line ends, markers, nothing at all. */
const AWKWARD = [
  '',
  '|',
  'a|b\nc',
  '\r\n',
  '*3\r\n$3\r\nSET\r\n',
  '#hc len=1 crc=0\r\n',
  '0042',
  '-0',
];

function drawShort(draw: Draw): string {
  return draw(3) === 0 ? AWKWARD[draw(AWKWARD.length)] : `v${draw(1e9)}`;
}

function drawValue(draw: Draw): Argument {
  const kind = draw(10);
  if (kind < 5) return drawShort(draw);
  if (kind < 7) return `${draw(2 ** 31) - 2 ** 30}`;
  if (kind < 8) return 'compressible '.repeat(draw(60));
  return drawBytes(draw, draw(300));
}

/** Over 64 KiB, which the predecessor's log lost. */
function drawLarge(draw: Draw): Argument {
  return drawBytes(draw, 60_000 + draw(80_000));
}

function drawBytes(draw: Draw, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i++) bytes[i] = draw(256);
  return bytes;
}
