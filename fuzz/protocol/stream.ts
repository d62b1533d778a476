import { encodeCommand } from '../../src/testing/reply-decoder.ts';
import type { Draw } from '../../src/testing/seeded.ts';

/**
 * Byte streams that a client should not send: valid pipelines with edge values, the same with bytes
 * flipped, cut, doubled and lengths forged, lines, HTTP, and noise.
 */
export function hostileStream(random: Draw): Buffer {
  switch (random(10)) {
    case 0:
      return pipeline(random, random(2000) + 1);
    case 1:
    case 2:
      return pipeline(random, random(20) + 1);
    case 3:
      return Buffer.concat([pipeline(random, random(4)), forgedHeader(random), noise(random, 40)]);
    case 4:
      return inlineLines(random);
    case 5:
      return Buffer.concat([pipeline(random, random(3)), latin1(pick(random, HTTP))]);
    case 6:
      return noise(random, 4000);
    default:
      return mutated(pipeline(random, random(12) + 1), random);
  }
}

/** Where to cut a stream of `byteCount` bytes: nowhere, here and there, or at every byte. */
export function randomCuts(byteCount: number, random: Draw): number[] {
  if (byteCount <= 200 && random(10) === 0) return Array.from({ length: byteCount }, (_, i) => i);
  const cuts = Array.from({ length: random(8) }, () => random(byteCount + 1));
  return cuts.sort((left, right) => left - right);
}

const COMMANDS: readonly string[] = [
  ...[
    'PING',
    'ECHO a',
    'SELECT 1',
    'SELECT 99',
    'HELLO 3',
    'HELLO 2',
    'HELLO 4',
    'HELLO 3 SETNAME x',
  ],
  ...[
    'QUIT',
    'RESET',
    'RESET',
    'RESET',
    'AUTH x',
    'AUTH a b',
    'CLIENT ID',
    'CLIENT INFO',
    'CLIENT LIST',
    'CLIENT HELP',
  ],
  ...[
    'CLIENT SETNAME a',
    'CLIENT GETNAME',
    'CLIENT NO-EVICT on',
    'CLIENT REPLY SKIP',
    'CLIENT REPLY OFF',
  ],
  ...['COMMAND COUNT', 'COMMAND INFO get', 'COMMAND DOCS set', 'COMMAND GETKEYS MSET a b c d'],
  ...[
    'CONFIG GET max*',
    'INFO',
    'INFO everything',
    'DBSIZE',
    'TIME',
    'LOLWUT',
    'OBJECT ENCODING k',
  ],
  ...[
    'MEMORY USAGE k',
    'MEMORY STATS',
    'SLOWLOG GET',
    'LATENCY LATEST',
    'LATENCY DOCTOR',
    'FLUSHDB',
  ],
  ...[
    'SET k v',
    'SET k v EX 10',
    'SET k v PXAT 1',
    'SET k v NX GET',
    'SET k v KEEPTTL',
    'SET k 12',
  ],
  ...[
    'GET k',
    'GETEX k EX 10',
    'GETDEL k',
    'GETSET k v',
    'SETNX k v',
    'SETEX k 10 v',
    'PSETEX k 10 v',
  ],
  ...[
    'MSET a 1 b 2',
    'MSETNX a 1 b 2',
    'MGET a b k',
    'APPEND k vvv',
    'STRLEN k',
    'SETRANGE k 3 xx',
  ],
  ...[
    'SETRANGE k 536870912 x',
    'GETRANGE k 0 -1',
    'SUBSTR k 0 1',
    'INCR k',
    'DECR k',
    'INCRBY k 7',
  ],
  ...[
    'INCRBY k 9223372036854775807',
    'DECRBY k 5',
    'INCRBYFLOAT k 1.5',
    'LCS a b IDX',
    'LCS a b LEN',
  ],
  ...[
    'SETBIT k 7 1',
    'GETBIT k 7',
    'BITCOUNT k',
    'BITCOUNT k 0 -1 BIT',
    'BITPOS k 1',
    'BITOP NOT d k',
  ],
  ...[
    'BITOP AND d a b',
    'BITFIELD k SET u8 0 255',
    'BITFIELD_RO k GET u8 0',
    'BITFIELD k INCRBY i5 100 1',
  ],
  ...[
    'DEL k',
    'UNLINK a b',
    'EXISTS k a',
    'TYPE k',
    'EXPIRE k 100',
    'PEXPIRE k 1 GT',
    'EXPIREAT k 1 NX',
  ],
  ...[
    'EXPIRETIME k',
    'TTL k',
    'PTTL k',
    'PERSIST k',
    'KEYS *',
    'KEYS [a-',
    'SCAN 0',
    'SCAN 0 MATCH * COUNT 5',
  ],
  ...[
    'SCAN 99999999999999999999',
    'RANDOMKEY',
    'RENAME a b',
    'RENAMENX a b',
    'TOUCH a',
    'COPY a b',
    'MOVE a 1',
  ],
  ...[
    'MULTI',
    'EXEC',
    'DISCARD',
    'WATCH k',
    'UNWATCH',
    'SUBSCRIBE c',
    'PSUBSCRIBE *',
    'SSUBSCRIBE s',
  ],
  ...[
    'UNSUBSCRIBE',
    'PUNSUBSCRIBE',
    'SUNSUBSCRIBE',
    'PUBLISH c m',
    'SPUBLISH s m',
    'PUBSUB CHANNELS',
  ],
  ...[
    'PUBSUB NUMSUB c',
    'OBJECT FREQ k',
    'OBJECT HELP',
    'SWAPDB 0 1',
    'NOSUCH a b',
    'GET',
    'SET k',
  ],
];

const EDGES: readonly string[] = [
  ...['', '0', '-1', '1', '-0', '00', '+1', ' 1', '9223372036854775807', '-9223372036854775808'],
  ...[
    '9223372036854775808',
    '9007199254740993',
    '536870912',
    '4294967296',
    '2147483648',
    'nan',
    'inf',
  ],
  ...[
    '1e400',
    '0x10',
    '\0',
    '\r\n',
    '\xff\xfe',
    'a\0b',
    '%s%n',
    '__proto__',
    'constructor',
    '*',
    '[',
  ],
  ...[
    'x'.repeat(100),
    'x'.repeat(5000),
    'x'.repeat(70_000),
    "'",
    '"',
    '{',
    '}',
    '{a}',
    '\\',
    '(',
    '?',
  ],
];

const HEADERS: readonly string[] = [
  ...[
    '*2147483647\r\n',
    '*2147483648\r\n',
    '*-1\r\n',
    '*-2147483648\r\n',
    '*0\r\n',
    '*+1\r\n',
    '*01\r\n',
  ],
  ...['*1\r\n$1048576\r\n', '*1\r\n$1048577\r\n', '*1\r\n$2147483648\r\n', '*1\r\n$4294967297\r\n'],
  ...[
    '*1\r\n$9007199254740993\r\n',
    '*1\r\n$-1\r\n',
    '*1\r\n$-2\r\n',
    '*1\r\n$\r\n',
    '*\r\n',
    '*1\r\n*1\r\n',
  ],
  ...[
    '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$900000\r\n',
    '*1000000000\r\n$1\r\na\r\n',
    '*1\rx$4\r\nPING\r\n',
  ],
  ...[
    `*${'1'.repeat(70_000)}`,
    `*1\r\n$${'1'.repeat(70_000)}`,
    '*9223372036854775808\r\n',
    '*1\0\r\n',
  ],
];

const HTTP: readonly string[] = [
  'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\nFLUSHALL\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'host: x\r\nFLUSHALL\r\n',
  'OPTIONS * HTTP/1.0\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
];

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function pick<T>(random: Draw, list: readonly T[]): T {
  return list[random(list.length)];
}

function pipeline(random: Draw, commandCount: number): Buffer {
  const parts: Uint8Array[] = [];
  for (let i = 0; i < commandCount; i++) {
    const args: (string | Uint8Array)[] = pick(random, COMMANDS).split(' ');
    while (random(4) === 0) {
      const edge = latin1(pick(random, EDGES));
      if (random(2) === 0) args.push(edge);
      else args[random(args.length)] = edge;
    }
    parts.push(encodeCommand(args));
  }
  return Buffer.concat(parts);
}

function forgedHeader(random: Draw): Buffer {
  return latin1(pick(random, HEADERS));
}

function inlineLines(random: Draw): Buffer {
  const lines: string[] = [];
  for (let i = random(30) + 1; i > 0; i--) {
    let line = pick(random, COMMANDS);
    while (random(3) === 0)
      line += ` ${pick(random, ['"', "'", '\\', '\\x41', '\0', '"a b"', "'c'"])}`;
    if (random(50) === 0) line += pick(random, EDGES);
    lines.push(line + pick(random, ['\r\n', '\n', '\r\r\n', '\r\n\r\n', '']));
  }
  return latin1(lines.join(''));
}

function noise(random: Draw, byteCountMax: number): Buffer {
  const bytes = Buffer.alloc(random(byteCountMax) + 1);
  const telling = latin1('*$\r\n0123456789-+ "\'\\\0\xff');
  const isTelling = random(2) === 0;
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = isTelling ? telling[random(telling.length)] : random(256);
  }
  return bytes;
}

function mutated(stream: Buffer, random: Draw): Buffer {
  let bytes = stream;
  for (let i = random(6) + 1; i > 0 && bytes.length > 0; i--) {
    const at = random(bytes.length);
    const head = bytes.subarray(0, at);
    const tail = bytes.subarray(at);
    switch (random(6)) {
      case 0:
        bytes[at] = random(256);
        break;
      case 1:
        bytes = Buffer.concat([head, tail.subarray(1 + random(10))]);
        break;
      case 2:
        bytes = Buffer.concat([
          head,
          latin1(pick(random, ['\r', '\n', '*', '$', '-', '0', '9'])),
          tail,
        ]);
        break;
      case 3:
        bytes = Buffer.concat([head, tail.subarray(0, random(100)), tail]);
        break;
      case 4:
        bytes = Buffer.concat([head, forgedHeader(random), tail]);
        break;
      default:
        bytes = random(3) === 0 ? Buffer.from(head) : Buffer.concat([head, noise(random, 9), tail]);
    }
  }
  return bytes;
}
